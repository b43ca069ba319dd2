# SPDX-License-Identifier: Apache-2.0
"""What follows when the broker does not take a batch, or the hub could not read one."""

import pytest

from edge.report.event import Class
from edge.report.hub.drain import Drain, Pace
from tests.report.draining import PACE, ack, answered, full, ready, said, taken
from tests.report.shelf import Shelf

NOBODY, DENIED, LARGE, QUOTA, POISON, ODD = 0x10, 0x87, 0x95, 0x97, 0x99, 0x80


@pytest.mark.parametrize("accepts", [(), (2,), (2, 3)])
def test_a_hub_that_reads_no_version_of_ours_is_an_alarm(accepts: tuple[int, ...]) -> None:
    drain = ready(full())
    drain.hub(True, accepts, 0.0)
    assert drain.due(1e6) == []
    assert "hub-version" in drain.alarms
    drain.hub(True, (1, 2), 1e6)
    assert "hub-version" not in drain.alarms
    assert drain.due(1e6 + 10)


def test_where_nobody_listens_it_stops_until_the_hub_speaks() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 100)
    drain = ready(shelf)
    first = drain.due(0.0)
    taken(drain, first, NOBODY)
    assert drain.due(29.9) == []
    drain.hub(True, (1,), 29.9)
    assert drain.due(29.9) == first, "what the broker has thrown away, and at once"


def test_where_nobody_listens_it_tries_again_by_itself_but_seldom() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 3)
    drain = ready(shelf)
    now_s, tries = 0.0, []
    while now_s < 5000:
        if parcels := drain.due(now_s):
            tries.append(now_s)
            taken(drain, parcels, NOBODY, now_s)
        now_s += 1
    assert tries == [0, 30, 90, 210, 450, 930, 1830, 2730, 3630, 4530]


def test_a_class_that_may_not_be_reported_stops_alone() -> None:
    shelf = Shelf()
    shelf.put(Class.BLOCK, 30)
    shelf.put(Class.CALL, 10)
    drain = ready(shelf)
    parcels = drain.due(0.0)
    for parcel in parcels:
        drain.published(parcel, DENIED if parcel.flow.cls is Class.BLOCK else 0, 0.0)
    assert "block" in drain.alarms["not-authorised"]
    shelf.put(Class.CALL, 5)
    drain.news()
    assert said(drain.due(1.0)) == [("call", 11, 15)]
    assert said(drain.due(1e5)) == [("call", 1, 10)]
    drain.disconnected()
    drain.connected(2e5)
    drain.hub(True, (1,), 2e5)
    drain.acked(answered(shelf), 2e5)
    assert "not-authorised" not in drain.alarms
    assert said(drain.due(2e5))[0] == ("block", 1, 10), "the rows have stayed"


def test_a_batch_that_is_too_large_is_cut_and_all_that_follow_are() -> None:
    shelf = Shelf()
    shelf.put(Class.CALL, 16, octets=100)
    drain = ready(shelf, Pace(batch_rows=8))
    sizes = []
    for _ in range(9):
        for parcel in drain.due(0.0):
            sizes.append(len(parcel.rows))
            drain.published(parcel, LARGE if len(parcel.rows) > 2 else 0, 0.0)
    assert sizes[:2] == [8, 8]
    assert sizes[-1] <= 2
    assert "batch-too-large" not in drain.alarms
    sent = [row.seq for parcel in drain.window.flying for row in parcel.rows]
    assert sent == list(range(1, len(sent) + 1))
    assert len(sent) >= 10


def test_where_nothing_comes_through_less_is_sent_on_the_next_connection() -> None:
    shelf = Shelf()
    shelf.put(Class.CALL, 400, octets=200)
    drain = Drain("astana-1", [shelf], Pace(batch_octets=40_000))
    sizes: list[int] = []
    for takes in (*[10_000] * 6, *[10**9] * 5):
        drain.connected(0.0)
        drain.hub(True, (1,), 0.0)
        drain.acked(answered(shelf), 0.0)
        parcels = drain.due(0.0)
        sizes.append(sum(len(row.body) for row in parcels[0].rows))
        if sizes[-1] <= takes:  # else the broker breaks off
            taken(drain, parcels)
        drain.disconnected()
    limits = [40_000, 20_000, 10_000, 20_000, 10_000, 20_000, 10_000, 20_000, 40_000, 40_000]
    assert all(limit * 0.9 < size <= limit for size, limit in zip(sizes, limits, strict=False))


def test_an_event_that_is_too_large_by_itself_is_set_aside() -> None:
    shelf = Shelf()
    shelf.put(Class.CALL, 1)
    drain = ready(shelf)
    taken(drain, drain.due(0.0), LARGE)
    assert "batch-too-large" in drain.alarms
    shelf.put(Class.CALL, 1)
    drain.news()
    assert said(drain.due(1.0)) == [("call", 2, 2)]
    assert said(drain.due(900.0)) == [("call", 1, 1)]


def test_a_poisonous_batch_is_set_aside_and_the_others_go_on() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 100)
    drain = ready(shelf)
    parcels = drain.due(0.0)
    drain.published(parcels[2], POISON, 0.0)
    taken(drain, [p for p in parcels if p is not parcels[2]])
    assert "0x99" in drain.alarms["batch-refused"]
    assert said(drain.due(0.0)) == [("audit", 81, 90)]
    drain.acked(ack(shelf, Class.AUDIT, 20, (31, 90)), 1.0)
    taken(drain, drain.due(1.0), now_s=1.0)
    drain.acked(ack(shelf, Class.AUDIT, 20, (31, 100)), 2.0)
    assert drain.due(899.0) == []
    assert drain.due(900.0) == [parcels[2]]


def test_a_class_of_poison_alone_stops() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 500)
    drain = ready(shelf)
    for _ in range(20):
        taken(drain, drain.due(0.0), POISON)
    assert drain.due(1e5) == []
    assert len(drain.window.aside) <= PACE.window


def test_a_quota_holds_everything_for_a_while() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 10)
    drain = ready(shelf)
    first = drain.due(0.0)
    taken(drain, first, QUOTA)
    assert "broker-quota" in drain.alarms
    assert drain.due(29.0) == []
    assert drain.due(30.0) == first
    taken(drain, first, 0, 30.0)
    assert "broker-quota" not in drain.alarms


def test_any_other_refusal_is_an_alarm_and_is_tried_again() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 10)
    drain = ready(shelf)
    first = drain.due(0.0)
    taken(drain, first, ODD)
    assert "0x80" in drain.alarms["batch-refused"]
    assert drain.due(29.9) == []
    assert drain.due(30.0) == first


def test_a_word_on_what_is_not_on_its_way_is_passed_over() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 10)
    drain = ready(shelf)
    (parcel,) = drain.due(0.0)
    drain.acked(ack(shelf, Class.AUDIT, 10), 0.0)
    drain.published(parcel, DENIED, 0.0)
    assert drain.alarms == {}
