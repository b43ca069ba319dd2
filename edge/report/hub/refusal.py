# SPDX-License-Identifier: Apache-2.0
"""What a broker may answer to a batch, and what follows (reason codes: MQTT 5 section 3.4.2.1).

The same table names the alarms of the conversation: each says what it would mean for the hub.
"""

from enum import Enum, auto
from typing import NamedTuple

from edge.report.event import Class


class What(Enum):
    """What is done with the batch, and the others."""

    TAKEN = auto()
    HOLD = auto()
    "It is of no use now: nothing is sent for a while, this one first when it goes on."
    STOP = auto()
    "Its class stops until the next connection; the rows stay where they are."
    HALVE = auto()
    "It is cut in two, and all that follow are smaller; what cannot be cut is set aside."
    ASIDE = auto()
    "It waits for a long while; the others go on."
    LATER = auto()
    "It is sent again as if nobody had answered."


NOT_AUTHORISED = "not-authorised"
REFUSED = "batch-refused"
TOO_LARGE = "batch-too-large"
QUOTA = "broker-quota"
VERSION = "hub-version"
BEHIND = "hub-misses"
AHEAD = "stream-set-back"

OF_A_CONNECTION = frozenset({NOT_AUTHORISED, REFUSED, TOO_LARGE, QUOTA, VERSION, BEHIND})
"Alarms that a new connection may find mended."


class Act(NamedTuple):
    """What follows from a reason code."""

    what: What
    alarm: str = ""
    "Empty for what mends itself."
    sentence: str = ""
    "`{cls}` stands for the class, `{reason}` for the code."

    def text(self, cls: Class, reason: int) -> str:
        """Return the sentence for people; empty if there is no alarm."""
        return self.sentence.format(cls=cls.value, reason=f"0x{reason:02x}")


_POISON = Act(What.ASIDE, REFUSED, "the broker calls a batch of {cls} events wrong ({reason})")

ACTS = {
    0x00: Act(What.TAKEN),
    0x10: Act(What.HOLD),  # nobody listens: the broker has thrown it away
    0x83: _POISON,
    0x87: Act(What.STOP, NOT_AUTHORISED, "this box may not report {cls} events at this broker"),
    0x95: Act(What.HALVE),
    0x97: Act(What.HOLD, QUOTA, "the broker takes no more of this box for now ({reason})"),
    0x99: _POISON,
}
_OTHER = Act(What.LATER, REFUSED, "the broker did not take a batch of {cls} events ({reason})")

UNREADABLE = "the hub reads no version that this program writes"


def act(reason: int) -> Act:
    """Return what follows from a reason code."""
    return ACTS.get(reason, _OTHER)
