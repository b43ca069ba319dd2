# SPDX-License-Identifier: Apache-2.0
"""The record that stands for events which will never come: nothing is dropped in silence.

It stands in the stream like any event, at the last number that it tells of. Where two meet at the
head of a stream they become one. Who gets it must look at `lo` and `hi` first: its number may once
have been that of an event, and what of the range did come was not lost.
"""

import msgspec

from edge.report.event import Class, Clock, Event, Moment, encode


class Gap(msgspec.Struct, frozen=True):
    """`n` events that were dropped."""

    lo: int
    hi: int
    n: int
    first: int
    "When the first of them happened, nanoseconds since the epoch by the clock of then."
    last: int
    reason: str
    "A word of `edge.report.message.GapEvent`."


class _When(msgspec.Struct, frozen=True):
    """What every event says of its time."""

    at: int
    mono: int
    boot: str
    clock: Clock


def body(cls: Class, gap: Gap, moment: Moment) -> bytes:
    """Return it as an event to be kept."""
    return encode(Event(cls, "gap", moment, msgspec.structs.asdict(gap)))


def read(octets: bytes) -> Gap | None:
    """Return the gap that a body tells of, None if it does not."""
    try:
        return msgspec.json.decode(octets, type=Gap)
    except msgspec.MsgspecError:
        return None


def moment(octets: bytes, at: int) -> Moment:
    """Return when an event happened by its body; only by `at` if that cannot be read."""
    try:
        when = msgspec.json.decode(octets, type=_When)
    except msgspec.MsgspecError:
        return unknown(at)
    return Moment(when.at, when.mono, when.boot, when.clock)


def unknown(at: int) -> Moment:
    """Return a moment of which nothing else is known."""
    return Moment(max(0, at), 0, "", Clock.UNSET)


def unreadable(cls: Class, seq: int, at: int) -> bytes:
    """Return what takes the place of an event whose octets are not those that were written."""
    when = unknown(at)
    return body(cls, Gap(seq, seq, 1, when.at, when.at, "unreadable"), when)
