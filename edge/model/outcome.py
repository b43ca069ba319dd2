# SPDX-License-Identifier: Apache-2.0
"""What became of a call that was to be stopped: what the tap heard, never what a switch said."""

from enum import Enum

import msgspec


class Result(Enum):
    """How it ended, or did not."""

    STOPPED = "stopped"
    "Heard to end before the called phone rang."
    STOPPED_RINGING = "stopped-after-ring"
    STOPPED_TALKING = "stopped-after-answer"
    DIVERTED = "diverted"
    "Heard to go to the operator desk."
    REROUTED = "rerouted"
    "Heard to end, and to come again on another trunk."
    LEAKED = "leaked"
    "The switch agreed, and the call went on all the same."
    FAILED = "failed"
    "The switch did not agree, did not ask, or could not be told, and the call went on."
    ENDED = "ended"
    "One of its own ends ended it first."
    UNPROVEN = "unproven"
    "No tap heard what became of it."


STOPS = frozenset({Result.STOPPED, Result.STOPPED_RINGING, Result.STOPPED_TALKING, Result.DIVERTED})
ALARMING = frozenset({Result.REROUTED, Result.LEAKED, Result.FAILED})


class Outcome(msgspec.Struct, frozen=True):
    """What became of one call attempt on which a verdict acted."""

    at: int
    "When it was settled, nanoseconds since the epoch."
    result: Result
    call: str
    attempt: int
    trunk: str
    record: str
    "Id of the record of the verdict."
    by: str
    "The gate that was asked or the enforcer that was told; empty if neither was."
    told: str
    "What the switch said to it."
    heard: str
    "The message that ended it, as heard: `603`, `CANCEL`, `REL`; empty if there was none."
    after_ns: int = 0
    "From the offer on the wire to its end on the wire; 0 if none was heard."
    again: str = ""
    "Call and trunk of the attempt that came after it, where it was rerouted."

    @property
    def is_stop(self) -> bool:
        """Whether the call did not reach whom it was meant for, as far as was heard."""
        return self.result in STOPS
