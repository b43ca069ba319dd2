# SPDX-License-Identifier: Apache-2.0
"""Each event once, whatever comes how often, in which order, on how many workers.

Then, and only then, it is acknowledged.
"""

import random
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings, strategies as st

from edge.report import topic
from edge.report.event import Class
from edge.report.message import Hub, State, StreamState
from hil.hub.fleet import Fleet
from hil.hub.ledger import OVERTAKEN_NS
from hil.hub.madeup import batch, event, fresh_stream, gap
from hil.hub.store import EVENTS, GAPS, NOTES, QUARANTINE, STREAMS, Store, sqlite_url
from tests.hil.hub.ledgers import NOW_NS, acked, asked, emptied, ledger, table

S1, S2 = fresh_stream(), fresh_stream()


def rows(store: Store, what: sa.Table) -> list:
    with store.reading() as connection:
        return list(connection.execute(sa.select(what)))


def through(answers) -> dict[str, int]:
    return {one.stream: one.through for one in acked(answers).acks}


def test_a_batch_is_stored_as_it_came_and_acknowledged(store: Store, tmp_path: Path) -> None:
    said = [event(1), event(2, "verdict", calling="+447700900123", action="block")]
    answers = ledger(store, tmp_path).take("n1", "ev/block", batch("n1", S1, said, "block"), NOW_NS)
    assert [(one.topic, one.qos, one.retain) for one in answers] == [
        (topic.down("n1", topic.ACK), 1, True)
    ]
    assert through(answers) == {S1: 2}
    assert acked(answers).at == NOW_NS
    kept = rows(store, EVENTS)
    assert [(row.seq, row.kind, row.body.encode()) for row in kept] == [
        (1, "counters", said[0]), (2, "verdict", said[1])
    ]  # fmt: skip
    assert kept[0].at == 1_750_000_000_001_000_000


def test_the_first_of_two_copies_stays(store: Store, tmp_path: Path) -> None:
    one = ledger(store, tmp_path)
    one.take("n1", "ev/call", batch("n1", S1, [event(1, "call", a=1)]), NOW_NS)
    answers = one.take("n1", "ev/call", batch("n1", S1, [event(1, "call", a=2)]), NOW_NS + 1)
    assert through(answers) == {S1: 1}
    assert [row.body for row in rows(store, EVENTS)] == [event(1, "call", a=1).decode()]


def test_an_acknowledgement_names_all_streams_of_an_appliance(store, tmp_path: Path) -> None:
    """It is retained: the last one must hold for whoever comes back."""
    one = ledger(store, tmp_path)
    one.take("n1", "ev/call", batch("n1", S1, [event(1), event(3)]), NOW_NS)
    one.take("n2", "ev/call", batch("n2", fresh_stream(), [event(1)]), NOW_NS)
    answers = one.take("n1", "ev/audit", batch("n1", S2, [event(1)], "audit"), NOW_NS)
    assert {ack.stream: (ack.through, ack.sack) for ack in acked(answers).acks} == {
        S1: (1, ((3, 3),)), S2: (1, ())
    }  # fmt: skip


def test_what_a_gap_tells_is_kept_and_passed_over(store: Store, tmp_path: Path) -> None:
    one = ledger(store, tmp_path)
    assert through(one.take("n1", "ev/call", batch("n1", S1, [gap(1, 9, 7)]), NOW_NS)) == {S1: 9}
    assert [(row.lo, row.hi, row.n, row.reason) for row in rows(store, GAPS)] == [
        (1, 9, 7, "quota")
    ]
    assert [row.kind for row in rows(store, EVENTS)] == ["gap"]


def test_a_question_is_answered_by_what_the_database_says(store: Store, tmp_path: Path) -> None:
    one = ledger(store, tmp_path)
    one.take("n1", "ev/call", batch("n1", S1, [event(1), event(2), event(5)]), NOW_NS)
    state, ack = one.take("n1", "ask", asked(S2, S1), NOW_NS)
    hub = Hub.model_validate_json(state.payload)
    assert (state.topic, state.retain) == (topic.down("n1", topic.HUB), False)
    assert (hub.online, hub.accepts, hub.at) == (True, (1,), NOW_NS)
    assert {one.stream: (one.through, one.sack) for one in acked([ack]).acks} == {
        S1: (2, ((5, 5),)), S2: (0, ())
    }  # fmt: skip
    assert not [row for row in rows(store, STREAMS) if row.stream == S2]


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b'{"v":1}', b'{"v":2,"all":"new"}'])
def test_a_question_that_cannot_be_read_is_still_told_that_we_are_here(
    tmp_path: Path, payload: bytes
) -> None:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    answers = ledger(store, tmp_path).take("n1", "ask", payload, NOW_NS)
    assert [Hub.model_validate_json(one.payload).accepts for one in answers] == [(1,)]
    assert len(rows(store, QUARANTINE)) == 1
    store.close()


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"\x00", "neither JSON nor zlib"),
        (batch("n2", S1, [event(1)]), "one appliance speaks for another"),
        (batch("n1", S1, [event(1)], "audit"), "the class is not that of the topic"),
    ],
)
def test_what_cannot_be_read_is_set_aside_and_not_acknowledged(
    store: Store, tmp_path: Path, payload: bytes, why: str
) -> None:
    one = ledger(store, tmp_path)
    for _ in range(3):
        assert list(one.take("n1", "ev/call", payload, NOW_NS)) == []
    kept = rows(store, QUARANTINE)
    assert [(row.node, row.why, row.raw, row.times) for row in kept] == [("n1", why, payload, 3)]
    assert not rows(store, EVENTS)
    assert not rows(store, STREAMS)


def test_a_newer_version_is_set_aside_and_named(store: Store, tmp_path: Path) -> None:
    payload = batch("n1", S1, [event(1)], v=2)
    assert not ledger(store, tmp_path).take("n1", "ev/call", payload, NOW_NS)
    assert [(row.node, row.name) for row in rows(store, NOTES)] == [("n1", "version")]
    assert "version 2" in rows(store, NOTES)[0].text


def test_a_damaged_event_is_kept_as_such_and_acknowledged(store: Store, tmp_path: Path) -> None:
    said = [event(1), b'{"seq":2}', b"{}", event(3)]
    answers = ledger(store, tmp_path).take("n1", "ev/call", batch("n1", S1, said), NOW_NS)
    assert through(answers) == {S1: 3}
    assert [row.kind for row in rows(store, EVENTS)] == ["counters", "unreadable", "counters"]
    assert [row.raw for row in rows(store, QUARANTINE)] == [b"{}"]


def test_a_stream_is_its_appliances_and_of_its_class(store: Store, tmp_path: Path) -> None:
    one = ledger(store, tmp_path)
    one.take("n1", "ev/call", batch("n1", S1, [event(1)]), NOW_NS)
    theirs = one.take("n2", "ev/call", batch("n2", S1, [gap(1, 99)]), NOW_NS)
    assert through(theirs) == {S1: 99}
    assert not one.take("n1", "ev/audit", batch("n1", S1, [event(2)], "audit"), NOW_NS)
    assert through(one.take("n1", "ask", asked(S1), NOW_NS)) == {S1: 1}


def birth(stream: str, last: int) -> bytes:
    state = StreamState.model_validate({"stream": stream, "class": "call", "last": last})
    said = State(state="ready", epoch=1, at=1, streams=(state,))
    return said.model_dump_json(by_alias=True).encode()


def test_a_new_stream_beside_an_unfinished_one_is_noted(store: Store, tmp_path: Path) -> None:
    one = ledger(store, tmp_path)
    Fleet(store).take("n1", "state", birth(S1, 9), NOW_NS)
    one.take("n1", "ev/call", batch("n1", S1, [event(1), event(9)]), NOW_NS)
    one.take("n1", "ev/audit", batch("n1", fresh_stream(), [event(1)], "audit"), NOW_NS)
    one.take("n2", "ev/call", batch("n2", fresh_stream(), [event(1)]), NOW_NS)
    assert not rows(store, NOTES)
    later = NOW_NS + OVERTAKEN_NS + 1
    one.take("n1", "ev/call", batch("n1", S2, [event(1)]), later)
    one.take("n1", "ev/call", batch("n1", S2, [event(2)]), later)
    assert [(row.node, row.name, row.text) for row in rows(store, NOTES)] == [
        ("n1", "new-stream", f"call {S2} began while 8 of {S1} had not come")
    ]


def test_streams_of_two_processes_before_their_birth_are_no_news(
    store: Store, tmp_path: Path
) -> None:
    one = ledger(store, tmp_path)
    one.take("n1", "ev/audit", batch("n1", S1, [event(1), event(9)], "audit"), NOW_NS)
    one.take("n1", "ev/audit", batch("n1", S2, [event(1)], "audit"), NOW_NS)
    Fleet(store).take("n2", "state", birth(S1, 9), NOW_NS)
    one.take("n2", "ev/call", batch("n2", S1, [event(1)]), NOW_NS)
    one.take("n2", "ev/call", batch("n2", S2, [event(1)]), NOW_NS + 1)
    assert not rows(store, NOTES)


def test_a_worker_that_fails_before_its_commit_has_acknowledged_nothing(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    one = ledger(store, tmp_path)
    with store.writing() as connection:
        connection.execute(sa.text("DROP TABLE held"))
    with pytest.raises(sa.exc.OperationalError):
        one.take("n1", "ev/call", batch("n1", S1, [event(1)]), NOW_NS)
    assert not rows(store, EVENTS)
    store.close()


# Many workers --------------------------------------------------------------------------


def reported(appliances: int, events: int, per_batch: int) -> list[tuple[str, str, bytes]]:
    """Return all batches of some appliances, gaps, damage and nonsense among them."""
    said = []
    for number in range(appliances):
        node, at = f"n{number}", random.Random(number)
        for cls in ("audit", "call"):
            stream = f"00000000-0000-4000-8000-{number:06d}{len(cls):06d}"
            all_events = [event(n, x="y" * at.randrange(60)) for n in range(1, events + 1)]
            all_events[7] = gap(4, 8, 3)
            all_events[20] = b'{"seq":21,"at":"never"}'
            for first in range(0, events, per_batch):
                part = all_events[first : first + per_batch]
                payload = zlib.compress(batch(node, stream, part, cls))
                said.append((node, f"ev/{cls}", payload))
        said.append((node, "ev/call", b"\x00nonsense"))
    return said


def delivered(store: Store, folder: Path, messages: list, workers: int) -> None:
    """Give messages to several ledgers at once, each with connections of its own."""
    stores = [Store(store.engine.url.render_as_string(hide_password=False)) for _ in range(workers)]
    ledgers = [ledger(one, folder) for one in stores]
    shares = [messages[number::workers] for number in range(workers)]

    def work(number: int) -> None:
        for node, rest, payload in shares[number]:
            ledgers[number].take(node, rest, payload, NOW_NS)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))
    for one in stores:
        one.close()


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_any_number_of_workers_leave_the_same_table(
    store: Store, tmp_path: Path, workers: int
) -> None:
    messages = reported(3, 60, 9)
    delivered(store, tmp_path, messages, 1)
    once = table(store)
    assert sum(len(row) == 7 for row in once) == 3 * 2 * 60
    shuffled = [*messages, *messages]
    random.Random(workers).shuffle(shuffled)
    delivered(emptied(store), tmp_path, shuffled, workers)
    assert table(store) == once
    with store.reading() as connection:
        assert set(connection.execute(sa.select(STREAMS.c.through)).scalars()) == {60}


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.integers(1, 4))
def test_any_order_and_any_copies_leave_the_same_table(
    store: Store, tmp_path, data, workers
) -> None:
    messages = reported(1, 30, 7)
    order = data.draw(st.permutations(messages))
    copies = data.draw(st.lists(st.sampled_from(messages), max_size=5))
    delivered(emptied(store), tmp_path, messages, 1)
    once = table(store)
    delivered(emptied(store), tmp_path, [*order, *copies], workers)
    assert table(store) == once


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([*(f"ev/{cls.value}" for cls in Class), "ask", "ev", "ev/", "ev/call/more"]),
    st.one_of(
        st.binary(max_size=80),
        st.text(max_size=40).map(lambda text: batch("n1", S1, [event(1, text or "k")])),
        st.text(max_size=40).map(lambda text: batch("n1", S1, [event(1, "gap", reason=text)])),
        st.text(max_size=40).map(lambda text: batch("n1", S1, [event(2, "checkpoint", note=text)])),
    ),
)
def test_nothing_that_is_sent_makes_it_raise(store: Store, tmp_path, rest, payload) -> None:
    ledger(store, tmp_path).take("n1", rest, payload, NOW_NS)
