# SPDX-License-Identifier: Apache-2.0
"""The record of a gap is an event like any other, and reads back."""

import msgspec
import pytest

from edge.report.event import Class, Clock, Moment, numbered
from edge.report.kinds import GapEvent
from edge.report.message import Batch
from edge.report.outbox import gap
from edge.report.outbox.gap import Gap
from tests.report.kept import row

WHEN = Moment(5, 4, "b" * 12, Clock.HOLDOVER)


def test_it_is_what_the_wire_says():
    body = gap.body(Class.CALL, Gap(1, 9, 9, 2, 5, "quota"), WHEN)
    told = GapEvent.model_validate_json(numbered(9, body))
    assert (told.seq, told.lo, told.hi, told.n, told.reason) == (9, 1, 9, 9, "quota")
    assert (told.at, told.mono, told.boot, told.clock) == (5, 4, "b" * 12, "holdover")
    stream = "00000000-0000-4000-8000-000000000000"
    batch = {"node": "a", "stream": stream, "class": "call", "events": [told.model_dump()]}
    assert Batch.model_validate(batch).events[0].kind == "gap"


def test_it_reads_back():
    told = Gap(1, 9, 9, 2, 5, "quota")
    assert gap.read(gap.body(Class.CALL, told, WHEN)) == told


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b"\xff", b'{"kind":"gap","lo":"x"}'])
def test_what_is_no_gap_tells_of_none(octets):
    assert gap.read(octets) is None
    assert gap.moment(octets, 7) == Moment(7, 0, "", Clock.UNSET)


def test_when_an_event_happened():
    _, at, body = row(Class.CALL, 3)
    assert gap.moment(body, 0) == Moment(at, 3, "b" * 12, Clock.SYNCED)


def test_what_cannot_be_read_is_told_under_its_number():
    told = GapEvent.model_validate_json(numbered(4, gap.unreadable(Class.CALL, 4, -1)))
    assert (told.seq, told.lo, told.hi, told.n, told.at) == (4, 4, 4, 1, 0)
    assert told.reason == "unreadable"
    assert msgspec.json.decode(gap.unreadable(Class.CALL, 4, -1))["clock"] == "unset"
