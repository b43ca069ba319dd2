# SPDX-License-Identifier: Apache-2.0
"""States in any order come to the truth; streams that are gone or went back are named."""

from itertools import permutations
from pathlib import Path

import pytest
import sqlalchemy as sa

from edge.report.message import Live, State, StreamState
from hil.hub.fleet import OVERTAKEN_NS, Fleet, members
from hil.hub.madeup import batch, event, fresh_stream
from hil.hub.store import NOTES, QUARANTINE, Store
from tests.hil.hub.ledgers import NOW_NS, emptied, ledger

S1, S2 = fresh_stream(), fresh_stream()


def said(state: str, epoch: int, at: int = 0, **more) -> bytes:
    made = State(state=state, epoch=epoch, at=at, **more)
    return made.model_dump_json(by_alias=True).encode()


def streams(**last: int) -> tuple[StreamState, ...]:
    names = {"s1": S1, "s2": S2}
    return tuple(
        StreamState.model_validate({"stream": names[key], "class": "call", "last": number})
        for key, number in last.items()
    )


def notes(store: Store) -> list[tuple[str, str]]:
    with store.reading() as connection:
        return [(row.name, row.text) for row in connection.execute(sa.select(NOTES))]


def test_what_an_appliance_says_of_itself_is_shown(store: Store, tmp_path: Path) -> None:
    fleet = Fleet(store)
    birth = said(
        "ready", 7, 5, software="1.2", lists={"fraud": 12}, alarms=("list-stale",), boot="b"
    )
    assert list(fleet.take("n1", "state", birth, NOW_NS)) == []
    live = Live(epoch=7, at=9, queued={"call": 4, "audit": 1})
    fleet.take("n1", "live", live.model_dump_json().encode(), NOW_NS + 5)
    ledger(store, tmp_path).take("n1", "ev/call", batch("n1", S1, [event(1), event(4)]), NOW_NS + 9)
    (one,) = members(store)
    assert (one.node, one.state, one.software, one.boot) == ("n1", "ready", "1.2", "b")
    assert (one.lists, one.alarms) == ({"fraud": 12}, ["list-stale"])
    assert (one.queued, one.held, one.behind) == ({"call": 4, "audit": 1}, {"call": 1}, 3)
    assert (one.heard_ns, one.unread, one.notes) == (NOW_NS + 9, 0, [])


LIFE = [
    ("init", 1, 10), ("ready", 1, 20), ("lost", 1, 0), ("ready", 2, 40), ("alert", 2, 50),
]  # fmt: skip


def test_states_in_any_order_come_to_the_last(store: Store) -> None:
    fleet = Fleet(store)
    for order in permutations(LIFE):
        emptied(store)
        for state, epoch, at in order:
            fleet.take("n1", "state", said(state, epoch, at), NOW_NS)
        assert members(store)[0].state == "alert", order


@pytest.mark.parametrize("last", ["lost", "offline"])
def test_the_end_of_a_connection_is_the_last_of_its_epoch(store: Store, last: str) -> None:
    fleet = Fleet(store)
    for order in permutations([("init", 10), ("ready", 20), (last, 0)]):
        emptied(store)
        for state, at in order:
            fleet.take("n1", "state", said(state, 3, at), NOW_NS)
        assert members(store)[0].state == last, order


def test_a_late_will_of_an_earlier_life_is_old_news(store: Store) -> None:
    fleet = Fleet(store)
    fleet.take("n1", "state", said("ready", 2**64 - 1, 5, software="1.2"), NOW_NS)
    fleet.take("n1", "state", said("lost", 2**64 - 2), NOW_NS)
    assert members(store)[0].state == "ready"
    fleet.take("n1", "state", said("lost", 2**64 - 1), NOW_NS)
    (one,) = members(store)
    assert (one.state, one.software) == ("lost", "1.2")


def test_a_heartbeat_of_an_earlier_life_is_old_news(store: Store) -> None:
    fleet = Fleet(store)
    fleet.take("n1", "state", said("ready", 5, 5), NOW_NS)
    for epoch, queued in ((5, 1), (4, 99)):
        live = Live(epoch=epoch, at=1, queued={"call": queued})
        fleet.take("n1", "live", live.model_dump_json().encode(), NOW_NS)
    assert members(store)[0].queued == {"call": 1}


def test_streams_that_a_birth_names_are_known(store: Store) -> None:
    Fleet(store).take("n1", "state", said("ready", 1, streams=streams(s1=40)), NOW_NS)
    (one,) = members(store)
    assert (one.held, one.behind) == ({"call": 0}, 40)
    assert not notes(store)


def test_a_stream_that_is_gone_unfinished_is_named(store: Store, tmp_path: Path) -> None:
    fleet = Fleet(store)
    book = ledger(store, tmp_path)
    fleet.take("n1", "state", said("ready", 1, 1, streams=streams(s1=3)), NOW_NS)
    book.take("n1", "ev/call", batch("n1", S1, [event(1)]), NOW_NS)
    fleet.take("n1", "state", said("ready", 2, 2, streams=streams(s2=0)), NOW_NS)
    book.take("n1", "ev/call", batch("n1", S2, [event(1)]), NOW_NS)
    assert notes(store) == [("new-stream", f"call {S1} is gone; 2 of it had not come")]
    assert members(store)[0].behind == 0


def test_a_stream_that_is_gone_and_done_is_no_news(store: Store, tmp_path: Path) -> None:
    fleet = Fleet(store)
    ledger(store, tmp_path).take("n1", "ev/call", batch("n1", S1, [event(1)]), NOW_NS)
    fleet.take("n1", "state", said("ready", 2, 2, streams=streams(s2=0)), NOW_NS)
    assert not notes(store)


def test_streams_side_by_side_are_no_news(store: Store, tmp_path: Path) -> None:
    """Two processes of a box have a stream of each class."""
    fleet = Fleet(store)
    fleet.take("n1", "state", said("ready", 1, 1, streams=streams(s1=9, s2=9)), NOW_NS)
    book = ledger(store, tmp_path)
    for stream in (S1, S2):
        book.take("n1", "ev/call", batch("n1", stream, [event(1)]), NOW_NS)
    assert not notes(store)


def test_a_birth_that_is_heard_anew_is_no_step_back(store: Store, tmp_path: Path) -> None:
    """It is retained: a hub that was away for a while hears it again, and has events behind it."""
    fleet = Fleet(store)
    birth, later = said("ready", 1, 1, streams=streams(s1=1)), NOW_NS + OVERTAKEN_NS + 1
    fleet.take("n1", "state", birth, NOW_NS)
    ledger(store, tmp_path).take("n1", "ev/call", batch("n1", S1, [event(1), event(2)]), NOW_NS)
    fleet.take("n1", "state", birth, later)
    assert not notes(store)


def test_a_stream_that_went_back_is_named(store: Store, tmp_path: Path) -> None:
    fleet = Fleet(store)
    ledger(store, tmp_path).take("n1", "ev/call", batch("n1", S1, [event(1), event(2)]), NOW_NS)
    at_once, later = NOW_NS + 1, NOW_NS + OVERTAKEN_NS + 1
    fleet.take("n1", "state", said("ready", 1, 1, streams=streams(s1=1)), at_once)
    assert not notes(store)  # events that were sent behind the birth may be here before it
    fleet.take("n1", "state", said("ready", 2, 2, streams=streams(s1=1)), later)
    assert notes(store) == [("went-back", f"call {S1} went back from 2 to 1")]


@pytest.mark.parametrize("rest", ["state", "live"])
@pytest.mark.parametrize("payload", [b"\xff", b"{}", b"[]", b'{"v":2,"all":"new"}', b"[" * 9999])
def test_what_cannot_be_read_is_set_aside(store: Store, rest: str, payload: bytes) -> None:
    Fleet(store).take("n1", rest, payload, NOW_NS)
    with store.reading() as connection:
        assert [row.raw for row in connection.execute(sa.select(QUARANTINE))] == [payload]
    assert [name for name, _ in notes(store)] == (["version"] if b'"v":2' in payload else [])
    assert [(one.node, one.state, one.unread) for one in members(store)] == [("n1", "unknown", 1)]


def test_a_retained_state_that_is_taken_away_says_nothing(store: Store) -> None:
    Fleet(store).take("n1", "state", b"", NOW_NS)
    assert not members(store)
