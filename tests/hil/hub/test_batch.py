# SPDX-License-Identifier: Apache-2.0
"""Batches are read as the models of the wire read them, and nothing that is sent makes it raise."""

import json
import zlib

import pytest
from hypothesis import example, given, strategies as st
from pydantic import ValidationError

from edge.report import message
from hil.hub.batch import MOST_OCTETS, UNREADABLE, Batch, Refused, read
from hil.hub.madeup import batch, event, gap

STREAM = "8a0e3c52-5b0c-4a8e-9a55-5b8f9d1f0c11"

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 2**64), st.text(max_size=9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["1", "audit", "call", "synced", "gap", "n1", STREAM, STREAM.upper(), "a\n"]),
    st.lists(st.integers(1, 3), max_size=2), st.just({}),
)  # fmt: skip
EVENT = {"seq": 1, "at": 2, "mono": 3, "boot": "b", "clock": "synced", "kind": "call"}
BATCH = {"v": 1, "node": "n1", "stream": STREAM, "class": "call", "events": [EVENT]}


def changed(whole: dict, data: st.DataObject) -> dict:
    """Return an object with some of its fields changed, gone, or with one more."""
    made = dict(whole)
    for name in data.draw(st.lists(st.sampled_from([*whole, "more"]), max_size=2)):
        if data.draw(st.booleans()):
            made[name] = data.draw(VALUES)
        else:
            made.pop(name, None)
    return made


def accepted(made: dict) -> bool:
    """Whether the models accept it, without bending a type."""
    try:
        message.Batch.model_validate_json(json.dumps(made), strict=True)
    except ValidationError:
        return False
    return True


@given(st.data())
def test_a_batch_is_accepted_as_the_models_accept_it(data: st.DataObject) -> None:
    made = changed({**BATCH, "events": [EVENT]}, data)
    got = read("n1", f"ev/{made.get('class')}", json.dumps(made).encode())
    whole = isinstance(got, Batch) and all(row.kind != UNREADABLE for row in got.rows)
    others = made.get("node") != "n1" or made.get("v", 1) != 1
    assert (whole and not got.unnumbered) == (accepted(made) and not others)


@given(st.data())
def test_an_envelope_is_accepted_as_the_models_accept_it(data: st.DataObject) -> None:
    made = changed(EVENT, data)
    got = read("n1", "ev/call", json.dumps({**BATCH, "events": [made]}).encode())
    assert isinstance(got, Batch)
    readable = bool(got.rows) and got.rows[0].kind != UNREADABLE
    can_be_stored = "\0" not in str(made.get("kind"))
    assert readable == (accepted({**BATCH, "events": [made]}) and can_be_stored)


@pytest.mark.parametrize("pack", [bytes, zlib.compress], ids=["plain", "packed"])
def test_a_batch_is_rows_with_the_octets_that_came(pack) -> None:
    said = event(7, "of-next-year", colour="көк")
    got = read("n1", "ev/call", pack(batch("n1", STREAM, [said])))
    assert isinstance(got, Batch)
    assert (got.stream, got.cls) == (STREAM, "call")
    assert [(row.seq, row.kind, row.body) for row in got.rows] == [
        (7, "of-next-year", said.decode())
    ]


def test_gaps_and_checkpoints_are_told_apart() -> None:
    note = {"origin": "o", "size": 4, "note": "text"}
    said = [gap(3, 9, 5), event(10, "checkpoint", **note)]
    got = read("n1", "ev/audit", batch("n1", STREAM, said, "audit"))
    assert isinstance(got, Batch)
    assert [(one.lo, one.hi, one.n) for one in got.gaps] == [(3, 9, 5)]
    assert [(one.origin, one.size, one.note, one.seq) for one in got.checkpoints] == [
        ("o", 4, "text", 10)
    ]


@pytest.mark.parametrize(
    "told",
    [
        {"lo": 5, "hi": 9, "n": 3},  # not its own number
        {"lo": 9, "hi": 7, "n": 3},
        {"lo": 0, "hi": 7, "n": 3},
        {"lo": 1, "hi": 7, "n": 0},
        {"lo": 1, "hi": 7},
    ],
)
def test_a_gap_that_makes_no_sense_holds_its_own_number_alone(told: dict) -> None:
    said = event(7, "gap", reason="quota", **told)
    got = read("n1", "ev/call", batch("n1", STREAM, [said]))
    assert isinstance(got, Batch)
    assert not got.gaps
    assert [row.seq for row in got.rows] == [7]


@pytest.mark.parametrize(
    "said",
    [
        b'{"seq":5}',
        b'{"seq":5,"at":"yesterday","mono":1,"boot":"b","clock":"synced","kind":"call"}',
        b'{"seq":5,"at":1,"mono":1,"boot":"b","clock":"broken","kind":"call"}',
        b'{"seq":5,"at":1,"mono":1,"boot":"b","clock":"synced","kind":"a\\u0000"}',
        b'{"seq":5,"at":1,"mono":1,"boot":"b","clock":"synced","kind":"call","x":"\xff"}',
    ],
)
def test_an_event_of_which_only_the_number_is_readable_is_kept(said: bytes) -> None:
    got = read("n1", "ev/call", batch("n1", STREAM, [said, event(6)]))
    assert isinstance(got, Batch)
    assert [(row.seq, row.kind) for row in got.rows] == [(5, UNREADABLE), (6, "counters")]
    assert json.loads(got.rows[0].body).encode("latin-1") == said


def test_an_event_without_a_number_does_not_cost_the_others() -> None:
    got = read("n1", "ev/call", batch("n1", STREAM, [b"{}", b"7", event(6)]))
    assert isinstance(got, Batch)
    assert got.unnumbered == [b"{}", b"7"]
    assert [row.seq for row in got.rows] == [6]


@pytest.mark.parametrize(
    ("node", "rest", "payload", "why"),
    [
        ("n2", "ev/call", batch("n1", STREAM, [event(1)]), "one appliance speaks for another"),
        ("n1", "ev/audit", batch("n1", STREAM, [event(1)]), "the class is not that of the topic"),
        ("n1", "ev/call", batch("n1", STREAM, [event(1)], v=2), "version 2 is not read here"),
        ("n1", "ev/call", b'{"v":3,"all":"new"}', "version 3 is not read here"),
        ("n1", "ev/call", b"", "neither JSON nor zlib"),
        ("n1", "ev/call", b"{" * 9_000, "not a batch"),
        ("n1", "ev/call", b"{" + b" " * MOST_OCTETS, "too large"),
        ("n1", "ev/call", zlib.compress(b" " * (MOST_OCTETS + 1)), "too large when unpacked"),
        ("n1", "ev/call", zlib.compress(b"{}")[:-1], "torn"),
        ("n1", "ev/call", zlib.compress(b"{}") + b"x", "something behind it"),
        ("n1", "ev/call", b"x\x9cnonsense", "not zlib"),
        ("n1", "ev/call", zlib.compress(b'{"a":' * 50_000), "not a batch"),
    ],
)
def test_what_cannot_be_a_batch_is_named(node: str, rest: str, payload: bytes, why: str) -> None:
    got = read(node, rest, payload)
    assert isinstance(got, Refused)
    assert why in got.why
    assert got.version == (int(why.split()[1]) if "version" in why else 0)


@given(st.binary(max_size=200), st.binary(max_size=200))
@example(b"", b"\xed\xa0\x80")
def test_nothing_that_is_sent_makes_it_raise(before: bytes, within: bytes) -> None:
    good = batch("n1", STREAM, [event(1), gap(2, 3)])
    middle = good.replace(b'"counters"', b'"counters","x":"' + within + b'"')
    spots = (before, b"{" + before, b"x" + before, good[: len(before)] + before, middle)
    for payload in (*spots, *map(zlib.compress, spots)):
        assert isinstance(read("n1", "ev/call", payload), Batch | Refused)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_octet_makes_no_number_up(at: int, octet: int) -> None:
    packed = bytearray(zlib.compress(batch("n1", STREAM, [event(1), gap(2, 9), event(10)])))
    packed[at % len(packed)] = octet
    got = read("n1", "ev/call", bytes(packed))
    assert isinstance(got, Refused) or {row.seq for row in got.rows} == {1, 9, 10}
