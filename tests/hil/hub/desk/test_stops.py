# SPDX-License-Identifier: Apache-2.0
"""Stops are found by number, in bounded looks, whatever the order in which they came."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from edge.model.outcome import Result
from hil.hub.desk import stops as module
from hil.hub.desk.stops import SHOWN, WINDOW, Stops
from hil.hub.madeup import batch, fresh_stream
from hil.hub.store import STREAMS, Store
from tests.hil.hub.desk.country_house import HOUR_NS, NOW, NOW_S, Country

DAY_NS = 24 * HOUR_NS


@pytest.fixture
def country(store: Store, tmp_path: Path) -> Country:
    return Country(store, tmp_path)


@pytest.fixture
def stops(store: Store) -> Stops:
    return Stops(store)


def look(stops: Stops, now_s: float = 0.0, wall_s: int = NOW_S) -> None:
    stops.look(now_s, wall_s)


def test_a_stop_is_shown_with_what_became_of_it(country: Country, stops: Stops) -> None:
    country.stopped("astana-1", "a-1", None)
    look(stops)
    (one,) = stops.latest()
    assert (one.node, one.record, one.calling, one.fate) == (
        "astana-1", "a-1", "+447700900123", "",
    )  # fmt: skip
    assert one.is_stopped
    country.stopped("astana-1", "a-2", at=NOW + 9)
    look(stops, 0.5)
    assert len(stops.latest()) == 1, "looked a moment ago"
    look(stops, 1.5)
    assert [(stop.record, stop.fate) for stop in stops.latest()] == [
        ("a-2", "stopped"), ("a-1", ""),
    ]  # fmt: skip


def test_the_latest_of_all_boxes_are_shown_and_no_more(country: Country, stops: Stops) -> None:
    for number in range(SHOWN):
        for node in ("astana-1", "aktau-1"):
            country.stopped(node, f"{number}", at=NOW + number)
    look(stops)
    assert len(stops.latest()) == SHOWN
    assert min(stop.at for stop in stops.latest()) == NOW + SHOWN - (SHOWN + 1) // 2


def test_only_todays_stops_are_counted(country: Country, stops: Stops) -> None:
    for days in (3, 2, 1):
        for number in range(40):
            country.stopped("astana-1", f"{days}-{number}", at=NOW - days * DAY_NS + number)
    for number, result in enumerate(Result):
        country.stopped("astana-1", f"t-{number}", result, at=NOW + number)
    country.stopped("aktau-1", "k-1", at=NOW - 23 * HOUR_NS)
    country.stopped("aktau-1", "k-2", at=NOW - HOUR_NS)
    look(stops)
    assert stops.today() == {"astana-1": 4, "aktau-1": 1}
    assert not stops.is_behind
    country.stopped("aktau-1", "k-3", at=NOW)
    look(stops, 2.0)
    assert stops.today() == {"astana-1": 4, "aktau-1": 2}
    look(stops, 4.0, NOW_S + 2 * 3600)
    assert stops.today() == {}, "it is another day in Almaty"


def test_what_comes_in_any_order_is_counted_once(
    country: Country, stops: Stops, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, bytes]] = []
    monkeypatch.setattr(country, "say", lambda node, what, payload, at=NOW: sent.append(
        (what, payload)
    ))  # fmt: skip
    for number in range(6):
        country.stopped("astana-1", f"{number}", at=NOW + number)
    monkeypatch.undo()
    for step, at in enumerate((0, 3, 5, 1, 2, 4, 4, 0)):
        country.say("astana-1", *sent[at], NOW + step)
        look(stops, 2.0 * step)
    assert stops.today() == {"astana-1": 6}
    assert len(stops.latest()) == 6
    assert all(stop.fate == "stopped" for stop in stops.latest())


def test_a_look_is_bounded_and_says_that_it_is_behind(
    country: Country, stops: Stops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    monkeypatch.setattr(module, "MOST_BEGUN", 1)
    for node in ("astana-1", "aktau-1"):
        for number in range(8):
            country.stopped(node, f"{number}", at=NOW + number)
    look(stops)
    assert stops.is_behind
    for step in range(1, 6):
        look(stops, 2.0 * step)
    assert stops.today() == {"astana-1": 8, "aktau-1": 8}
    assert not stops.is_behind


def test_what_cannot_be_read_is_no_stop(country: Country, stops: Stops) -> None:
    wrong = b'{"seq":%d,"at":%d,"mono":1,"boot":"b","clock":"synced","kind":"%s"}'
    events = [wrong % (1, NOW, b"verdict"), wrong % (2, NOW, b"outcome"), b'{"seq":3}']
    country.say("n1", "ev/block", batch("n1", fresh_stream(), events, "block"))
    look(stops)
    assert (stops.latest(), stops.today(), stops.is_behind) == ([], {}, False)


def test_no_question_goes_over_the_whole_table(
    country: Country, stops: Stops, store: Store
) -> None:
    for number in range(2 * WINDOW):
        country.stopped("astana-1", f"{number}", at=NOW - 2 * DAY_NS)
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_more) -> None:
        asked.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    look(stops)
    sa.event.remove(store.engine, "before_cursor_execute", note)
    of_events = [statement for statement in asked if "FROM events" in statement]
    assert of_events
    assert all("events.stream =" in one and "events.seq >" in one for one in of_events)
    assert len(of_events) < 20, "midnight is found by halving"
    with store.reading() as connection:
        (row,) = connection.execute(sa.select(STREAMS.c.through))
    assert stops._counted[next(iter(stops._counted))] == row.through
