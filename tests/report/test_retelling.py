# SPDX-License-Identifier: Apache-2.0
"""A record of evidence is the event that it was to be, word for word, and nothing else is."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge.evidence.mend import lost_line
from edge.evidence.shelf import beyond, read_record
from edge.model.message import Message
from edge.model.outcome import Outcome, Result
from edge.model.verdict import Action
from edge.pipeline import Decided
from edge.report.retelling import MOST_TEXT, retold
from tests.call.circuit_talk import IAM, isup_message
from tests.detect.box import message, octets
from tests.evidence.box import Box
from tests.report.test_telling import HASHING, Desk, decided
from tests.verdict.calls import NOW

OUTCOME = Outcome(
    NOW, Result.STOPPED, "c1", 2, "world", "r-1", "sip", "603 Decline", "603", 9_000_000, "c2",
)  # fmt: skip
FLOAT_NS = 256
"A time of today as JSON has it."


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def kept(box: Box, one: Decided | Outcome) -> tuple[dict[str, Any], str, int]:
    """Have a record kept; return it as it is read from the disk, its id, its leaf."""
    journal = box.journal()
    place = journal.settle(one, "text", ()) if isinstance(one, Outcome) else journal.keep(one)
    journal.close()
    (line,) = beyond(box.log, place.leaf - 1, 10)
    record = read_record(line)
    assert record
    return record, *place


def long_named() -> Decided:
    one = decided(Action.BLOCK)
    return Decided(replace(one.offer, call="x" * 10_000), one.verdict, one.took_ns)


@pytest.mark.parametrize(
    "one",
    [decided(Action.BLOCK), decided(Action.ALLOW, 2), long_named()],
    ids=["blocked", "let through", "a long Call-ID"],
)
@pytest.mark.parametrize(
    "heard", [message(octets()), isup_message(bytes(IAM))], ids=["INVITE", "IAM"]
)
@pytest.mark.parametrize("hashing", [HASHING, None], ids=["hashed", "no key"])
def test_a_verdict_is_told_as_it_was_to_be(
    box: Box, one: Decided, heard: Message, hashing: Any
) -> None:
    one = Decided(replace(one.offer, message=heard), one.verdict, one.took_ns)
    record, name, leaf = kept(box, one)
    desk = Desk(hashing)
    desk.teller.tell(one, name, leaf)
    assert desk.teller.again(record)
    at_once, again = desk.read()
    assert abs(again.at - at_once.at) < FLOAT_NS
    assert again.trace == () or hashing
    same = {"seq": 1, "at": 0, "trace": ()}
    assert again.model_copy(update=same) == at_once.model_copy(update=same)


@pytest.mark.parametrize(
    "one",
    [OUTCOME, replace(OUTCOME, heard="x" * 10_000, told="", again="y" * 1000, after_ns=0)],
    ids=["plain", "long"],
)
def test_an_outcome_is_told_as_it_was_to_be(box: Box, one: Outcome) -> None:
    record, _, leaf = kept(box, one)
    desk = Desk()
    desk.teller.outcome(one, leaf)
    assert desk.teller.again(record)
    at_once, again = desk.read()
    assert abs(again.at - at_once.at) < FLOAT_NS
    same = {"seq": 1, "at": 0}
    assert again.model_copy(update=same) == at_once.model_copy(update=same)


def test_a_record_that_says_no_peer_is_told_without(box: Box) -> None:
    record, _, _ = kept(box, decided(Action.BLOCK))
    assert record.pop("peer")
    event = retold(record)
    assert event
    assert (event.kind, event.fields["peer"]) == ("verdict", "")


@pytest.mark.parametrize(
    "change",
    [{"call": 7}, {"time": "now"}, {"leaf": None}, {"attempt": 1.5}, {"action": ["block"]}],
    ids=str,
)
def test_what_is_no_record_of_a_call_is_passed_over(box: Box, change: dict[str, Any]) -> None:
    record, _, _ = kept(box, decided(Action.BLOCK))
    desk = Desk()
    for wrong in ({**record, **change}, {**record, "of": "r-1"}, {}):
        assert not desk.teller.again(wrong)
    lost = read_record(lost_line(7))
    assert lost
    assert not desk.teller.again(lost)
    assert desk.told == []


def test_no_text_is_longer_than_the_line_takes(box: Box) -> None:
    record, _, _ = kept(box, long_named())
    event = retold(record)
    assert event
    assert len(str(event.fields["call"])) == MOST_TEXT
