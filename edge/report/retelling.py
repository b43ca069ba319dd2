# SPDX-License-Identifier: Apache-2.0
"""Records of evidence as the events that they were to be: told after a kill that came in between.

A record holds all that its event says, in its own words; its time is a fraction of a microsecond
off, as JSON has it. What is no record of a call (a place that a power cut emptied) is passed over.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

MOST_TEXT = 256
"Characters of a text that the wire may have written."


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
    fields: dict[str, object] = {
        "record": one.id,
        "leaf": one.leaf,
        "call": one.call[:MOST_TEXT],
        "attempt": one.attempt,
        "trunk": one.trunk,
        "proto": one.proto,
        "calling": one.calling[:MOST_TEXT],
        "called": one.called[:MOST_TEXT],
        "action": one.action,
        "wanted": one.wanted,
        "mode": one.mode,
        "basis": one.basis,
        "rule": one.rule,
        "list_version": one.list_version,
        "legal_basis": one.legal_basis,
        "category": one.category,
        "took_us": one.took_us,
        "peer": one.peer,
    }
    return Retold("verdict", _ns(one.time), fields, one.called)


def _outcome(one: _Outcome) -> Retold:
    fields: dict[str, object] = {
        "record": one.of,
        "leaf": one.leaf,
        "call": one.call[:MOST_TEXT],
        "attempt": one.attempt,
        "trunk": one.trunk,
        "result": one.outcome,
        "by": one.by,
        "told": one.told[:MOST_TEXT],
        "heard": one.heard[:MOST_TEXT],
        "after_ms": one.after_ms,
        "again": one.again[:MOST_TEXT],
    }
    return Retold("outcome", _ns(one.time), fields)


def _ns(seconds: float) -> int:
    return max(0, round(seconds * 1e9))
