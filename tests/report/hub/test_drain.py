# SPDX-License-Identifier: Apache-2.0
"""What is sent when: the dearest first, within the window, again only when it is time."""

from edge.report.event import CLASSES, LIVE, Class
from edge.report.hub.drain import Drain, Pace
from tests.report.draining import PACE, ack, full, ready, said, taken
from tests.report.shelf import Shelf


def test_live_alarms_pass_a_window_that_the_backlog_has_filled() -> None:
    shelf = Shelf()
    shelf.put(Class.CALL, 200)
    drain = ready(shelf)
    assert len(drain.due(0.0)) == PACE.window - PACE.reserved
    shelf.put(Class.AUDIT, 1)
    drain.news()
    assert said(drain.due(0.1)) == [("audit", 1, 1)]
    shelf.put(Class.BLOCK, 100)
    drain.news()
    assert said(drain.due(0.2)) == [("block", 1, 10)]
    assert drain.due(0.3) == []


def test_few_live_events_go_together_while_two_batches_are_on_their_way() -> None:
    shelf = Shelf()
    drain = ready(shelf)

    def happens(events: int, now_s: float) -> list[tuple[str, int, int]]:
        shelf.put(Class.BLOCK, events)
        drain.news()
        parcels = drain.due(now_s)
        taken(drain, parcels)
        return said(parcels)

    assert happens(1, 0.0) == [("block", 1, 1)]
    assert happens(1, 0.1) == [("block", 2, 2)]
    assert happens(1, 0.2) == happens(1, 0.3) == []
    assert drain.wake_s(0.3) == 1.0, "the hub is not waited for longer"
    drain.acked(ack(shelf, Class.BLOCK, 1), 0.4)
    assert said(drain.due(0.4)) == [("block", 3, 4)]
    assert happens(1, 0.5) == []
    assert happens(PACE.live_few, 0.6)[0] == ("block", 5, 14), "many go at once"


def test_an_acknowledgement_makes_room_and_is_passed_on() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 100)
    drain = ready(shelf)
    taken(drain, drain.due(0.0))
    assert drain.acked(ack(shelf, Class.AUDIT, 25), 1.0) == {shelf.stream[Class.AUDIT]: 25}
    assert said(drain.due(1.0)) == [("audit", 81, 90), ("audit", 91, 100)]
    assert drain.acked(ack(shelf, Class.AUDIT, 25), 1.0) == {}


def test_nothing_is_sent_before_the_hub_has_answered_or_kept_us_waiting() -> None:
    shelf = full()
    drain = Drain("astana-1", [shelf], PACE)
    drain.connected(100.0)
    assert drain.due(100.0) == []
    assert drain.wake_s(100.0) is None, "a hub that says nothing of itself is waited for"
    drain.hub(True, (1,), 101.0)
    assert drain.due(101.0) == []
    drain.acked(ack(shelf, Class.BLOCK, 150), 102.0)
    assert {p.flow.cls for p in drain.due(102.0)} == {Class.BLOCK}
    drain.acked(ack(shelf, Class.BLOCK, 200), 103.0)
    assert drain.due(103.0) == []
    assert drain.due(109.9) == []
    assert {p.flow.cls for p in drain.due(110.0)} == {Class.AUDIT}


def test_it_wakes_when_patience_ends() -> None:
    shelf = full()
    drain = Drain("astana-1", [shelf], Pace(look_s=1000.0))
    drain.connected(0.0)
    drain.hub(True, (1,), 4.0)
    assert drain.due(4.0) == []
    assert drain.wake_s(4.0) == 10.0


def test_it_begins_where_the_hub_is() -> None:
    shelf = Shelf()
    shelf.put(Class.CALL, 50)
    drain = ready(shelf)
    drain.acked(ack(shelf, Class.CALL, 20, (31, 40)), 0.0)
    assert said(drain.due(0.0)) == [("call", 21, 30), ("call", 41, 50)]


def test_what_an_earlier_process_knew_is_not_sent_again() -> None:
    shelf = Shelf()
    shelf.put(Class.CALL, 50)
    drain = Drain("astana-1", [shelf], PACE)
    drain.known({shelf.stream[Class.CALL]: 45, "gone": 7})
    drain.connected(0.0)
    drain.hub(True, (1,), 0.0)
    assert said(drain.due(10.0)) == [("call", 46, 50)]


def test_a_batch_is_sent_again_when_the_hub_says_nothing_later_each_time() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 3)
    drain = ready(shelf, Pace(look_s=1e9, answer_wait_s=0))
    (parcel,) = drain.due(0.0)
    assert drain.due(1e6) == [], "the broker has not answered: the line is slow, or gone"
    drain.published(parcel, 0, 0.0)
    now_s, waits = 0.0, []
    for _ in range(7):
        wake_s = drain.wake_s(now_s)
        assert wake_s is not None
        assert drain.due(wake_s - 0.1) == []
        assert drain.due(wake_s) == [parcel]
        drain.published(parcel, 0, wake_s)
        waits.append(wake_s - now_s)
        now_s = wake_s
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    assert (drain.sent, drain.resent) == (8, 7)


def test_it_is_sent_again_without_what_the_hub_has() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 10)
    drain = ready(shelf)
    taken(drain, drain.due(0.0))
    drain.acked(ack(shelf, Class.AUDIT, 2, (5, 9)), 1.0)
    (again,) = drain.due(30.0)
    assert [row.seq for row in again.rows] == [3, 4, 10]
    assert again.message.properties["id"] == f"{shelf.stream[Class.AUDIT]}:3-10"


def test_nothing_is_sent_while_the_hub_is_away() -> None:
    shelf = full()
    drain = ready(shelf)
    first = drain.due(0.0)
    taken(drain, first)
    drain.hub(False, (1,), 1.0)
    drain.acked(ack(shelf, Class.AUDIT, 80), 2.0)  # its last word still counts
    assert drain.due(5000.0) == []
    assert drain.wake_s(5000.0) is None
    assert drain.hub(True, (1,), 6000.0), "it is to be asked what it has"
    assert drain.due(6000.0) == []
    drain.acked(ack(shelf, Class.AUDIT, 80), 6001.0)
    assert said(drain.due(6001.0))[0] == ("audit", 81, 90)


def test_the_backlog_keeps_to_its_rate_and_alarms_do_not() -> None:
    shelf = Shelf()
    shelf.put(Class.CALL, 6000, octets=300)
    shelf.put(Class.BLOCK, 6000, octets=300)
    drain = ready(shelf, Pace(kbit=64, batch_rows=50))
    octets = dict.fromkeys(CLASSES, 0)
    for tick in range(601):
        now_s = tick / 10
        for parcel in drain.due(now_s):
            octets[parcel.flow.cls] += len(parcel.message.payload)
            if parcel.flow.live:
                drain.published(parcel, 0, now_s)
        for cls in (Class.CALL, Class.BLOCK):
            drain.acked(ack(shelf, cls, drain._flows[shelf.stream[cls]].cursor), now_s)
    assert drain._flows[shelf.stream[Class.BLOCK]].through == 6000
    largest = 50 * 400
    assert 8000 * 60 * 0.5 < octets[Class.CALL] <= 8000 * 61 + largest or (
        drain._flows[shelf.stream[Class.CALL]].through == 6000
    )


def test_a_new_connection_sends_what_is_not_acknowledged() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 50)
    drain = ready(shelf)
    taken(drain, drain.due(0.0))
    drain.acked(ack(shelf, Class.AUDIT, 20), 1.0)
    drain.disconnected()
    assert drain.due(2.0) == []
    assert drain.wake_s(2.0) is None
    drain.connected(3.0)
    drain.hub(True, (1,), 3.0)
    drain.acked(ack(shelf, Class.AUDIT, 30, (41, 50)), 3.0)
    assert said(drain.due(3.0)) == [("audit", 31, 40)]


def test_rows_may_go_while_they_are_on_their_way() -> None:
    shelf = Shelf()
    shelf.put(Class.CALL, 40)
    drain = ready(shelf)
    taken(drain, drain.due(0.0))
    shelf.drop(Class.CALL, 25)
    drain.acked(ack(shelf, Class.CALL, 0, (11, 40)), 1.0)
    assert [r.seq for p in drain.due(30.0) for r in p.rows] == list(range(1, 11)), "from memory"
    drain.disconnected()
    drain.connected(40.0)
    drain.hub(True, (1,), 40.0)
    drain.acked(ack(shelf, Class.CALL, 0, (11, 40)), 40.0)
    (told,) = drain.due(40.0)
    assert [row.seq for row in told.rows] == [25]
    assert b'"kind":"gap","at"' in told.rows[0].body


def test_what_the_hub_has_lost_is_read_again() -> None:
    shelf = Shelf()
    shelf.put(Class.CALL, 40)
    drain = ready(shelf)
    taken(drain, drain.due(0.0))
    drain.acked(ack(shelf, Class.CALL, 10, (15, 40)), 1.0)
    assert drain.due(1.0) == []
    drain.window.clear()  # as if what was on its way had been taken for delivered
    assert drain.due(2.0) == []
    assert drain.due(31.9) == []
    (again,) = drain.due(32.0)
    assert [row.seq for row in again.rows] == [11, 12, 13, 14]
    assert "hub-misses" not in drain.alarms


def test_what_the_hub_misses_and_nobody_has_is_an_alarm() -> None:
    shelf = Shelf()
    shelf.put(Class.CALL, 40)
    shelf.let_go(Class.CALL, 20)
    drain = ready(shelf)
    for now_s in range(100):
        parcels = drain.due(now_s)
        taken(drain, parcels, 0, now_s)
        if parcels:
            drain.acked(ack(shelf, Class.CALL, 5, (21, 40)), now_s)
    assert "6" in drain.alarms["hub-misses"]


def test_numbers_that_were_never_given_are_an_alarm_and_not_believed() -> None:
    shelf = Shelf()
    shelf.put(Class.CALL, 10)
    drain = ready(shelf)
    assert drain.acked(ack(shelf, Class.CALL, 1000), 0.0) == {}
    assert "stream-set-back" in drain.alarms
    assert said(drain.due(0.0)) == [("call", 1, 10)]


def test_a_stream_that_appears_is_sent_and_one_that_is_gone_is_forgotten() -> None:
    shelf, other = Shelf([Class.CALL]), Shelf([Class.AUDIT], seed=1)
    shelf.put(Class.CALL, 5)
    sources = [shelf]
    drain = ready(shelf)
    drain._sources = sources
    taken(drain, drain.due(0.0))
    sources.append(other)
    other.put(Class.AUDIT, 2)
    assert drain.due(0.5) == [], "it is looked for once a second"
    assert drain.due(1.0) == []
    assert said(drain.due(10.0)) == [("audit", 1, 2)]
    sources.remove(shelf)
    drain.due(11.0)
    assert len(drain._flows) == 2, "it is still on its way"
    drain.acked(ack(shelf, Class.CALL, 5), 11.0)
    drain.due(12.0)
    assert len(drain._flows) == 1
    assert drain.acked(ack(shelf, Class.CALL, 5), 12.0) == {}


def test_it_can_be_told_how_long_the_hub_takes() -> None:
    shelf = Shelf()
    shelf.put(Class.AUDIT, 10)
    drain = ready(shelf)
    took: list[float] = []
    drain.took = took.append
    taken(drain, drain.due(5.0), now_s=5.0)
    drain.acked(ack(shelf, Class.AUDIT, 10), 5.25)
    assert took == [0.25]


def test_live_classes_are_those_somebody_waits_for() -> None:
    assert {Class.AUDIT, Class.BLOCK} == LIVE
