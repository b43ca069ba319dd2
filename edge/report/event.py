# SPDX-License-Identifier: Apache-2.0
"""What is reported: one event, and how dear it is. Plain data without pydantic: `core` makes it.

The shape of each kind, as it stands on the wire, is in `edge.report.message`; a test compares.
"""

from enum import Enum

import msgspec


class Class(Enum):
    """How dear an event is, the dearest first. When the disk is full the last goes first."""

    AUDIT = "audit"
    "Administrative acts, checkpoints, alarms: never dropped."
    BLOCK = "block"
    "Calls that were stopped, or would have been, and moments in which a tap was deaf."
    CALL = "call"
    "Calls that were let through."
    METRIC = "metric"
    DEBUG = "debug"


CLASSES = tuple(Class)
LIVE = frozenset({Class.AUDIT, Class.BLOCK})
"Classes that somebody waits for; the others are a backlog that may take its time."

MOST_OCTETS = 32_768
"Of one event. What is larger is cut by whoever makes it: a batch must hold any event."


class Clock(Enum):
    """What the time of an event is worth (evidence, section 11)."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    "Was synchronised since the machine started, and is not any more."
    UNSET = "unset"


class Moment(msgspec.Struct, frozen=True, gc=False):
    """When something happened, by every clock there is."""

    at: int
    "Nanoseconds since the epoch, as this machine believes."
    mono: int
    "Nanoseconds since this machine started: never steps."
    boot: str
    "Which start of the machine `mono` counts from."
    clock: Clock = Clock.UNSET


class Event(msgspec.Struct, frozen=True):
    """Something to report."""

    cls: Class
    kind: str
    "`verdict`, `call`, `alarm`, `act`, ...: a class of `edge.report.message` each."
    moment: Moment
    fields: dict[str, object]
    "What this kind adds; ready for JSON."


def encode(event: Event) -> bytes:
    """Return an event as JSON, without its number: that is given when it is kept."""
    moment = event.moment
    return msgspec.json.encode({
        "kind": event.kind, "at": moment.at, "mono": moment.mono, "boot": moment.boot,
        "clock": moment.clock.value, **event.fields,
    })  # fmt: skip


def numbered(seq: int, body: bytes) -> bytes:
    """Return what `encode` made with its number in its stream before it."""
    return b'{"seq":%d,%b' % (seq, body[1:])
