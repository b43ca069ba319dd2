# SPDX-License-Identifier: Apache-2.0
"""Records of evidence as the events that they were to be: told after a kill that came in between.

A record holds all that its event says, in its own words; its time is a fraction of a microsecond
off, as JSON has it. What is no record of a call (a place that a power cut emptied) is passed over.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from msgspec.structs import asdict

MOST_TEXT = 256
"Characters of a text that the wire may have written."

OF_THE_WIRE = frozenset({"call", "calling", "called", "told", "heard", "again"})
"Such texts, by the names that records and events have for them."


class Retold(NamedTuple):
    """An event that a record was to be."""

    kind: str
    at: int
    fields: dict[str, object]
    called: str | None = None
    "Whole, for the labels that are made of it; None where none are."


class _Verdict(msgspec.Struct):
    """What a record says of a verdict (`edge.evidence.journal`)."""

    id: str
    leaf: int
    time: float
    call: str
    attempt: int
    trunk: str
    proto: str
    calling: str
    called: str
    action: str
    wanted: str
    mode: str
    basis: str
    rule: str
    list_version: int
    legal_basis: str
    category: str
    took_us: float
    peer: str = ""
    "Empty in records that were made before it was noted."


class _Outcome(msgspec.Struct):
    """What a record says of the end of a call."""

    of: str
    leaf: int
    time: float
    call: str
    attempt: int
    trunk: str
    outcome: str
    by: str
    told: str
    heard: str
    after_ms: float
    again: str


def retold(record: Mapping[str, object]) -> Retold | None:
    """Return the event that a record was to be; None if it is of no call."""
    try:
        if "of" in record:
            return _outcome(msgspec.convert(record, _Outcome))
        return _verdict(msgspec.convert(record, _Verdict))
    except msgspec.ValidationError:
        return None


def _verdict(one: _Verdict) -> Retold:
    said = asdict(one)
    at, record = said.pop("time"), said.pop("id")
    return Retold("verdict", _ns(at), {"record": record, **_cut(said)}, one.called)


def _outcome(one: _Outcome) -> Retold:
    said = asdict(one)
    at, record, result = said.pop("time"), said.pop("of"), said.pop("outcome")
    return Retold("outcome", _ns(at), {"record": record, "result": result, **_cut(said)})


def _cut(said: Mapping[str, object]) -> dict[str, object]:
    """Return what a record says as the line has room for it."""
    return {
        name: str(value)[:MOST_TEXT] if name in OF_THE_WIRE else value
        for name, value in said.items()
    }


def _ns(seconds: float) -> int:
    return max(0, round(seconds * 1e9))
