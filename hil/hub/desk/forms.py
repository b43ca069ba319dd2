# SPDX-License-Identifier: Apache-2.0
"""What people may send to the hub's desk: each form with its bounds."""

from typing import Annotated, Literal

from pydantic import Field

from edge.blocklist.entry import Listed
from edge.console.forms import Form, Reason
from edge.model.verdict import Action

Pattern = Annotated[str, Field(pattern=r"^\+[0-9*.+]{1,40}$")]
MOST_PATTERNS = 20
"In one urgent record: each side reads all of them."
MOST_HOURS = 720
_EACH = r"\+[0-9*.+]{1,40}"
Patterns = Annotated[
    str, Field(pattern=rf"^\s*{_EACH}(\s+{_EACH}){{0,{MOST_PATTERNS - 1}}}\s*$", max_length=1000)
]
Category = Annotated[str, Field(min_length=1, max_length=60)]
Hours = Annotated[int, Field(ge=1, le=MOST_HOURS)]
Basis = Annotated[str, Field(min_length=3, max_length=300)]


class NewEntry(Form):
    """Numbers that are to stand in the draft."""

    pattern: Pattern
    action: Action
    party: Listed
    category: Category
    basis: Basis
    until: Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] = ""
    reason: Reason


class OldEntry(Form):
    """Numbers that are to stand there no longer."""

    pattern: Pattern
    reason: Reason


class Prepare(Form):
    """The next version."""

    days: Annotated[int, Field(ge=1, le=90)]
    "For so long it may be taken."


class Signature(Form):
    """What a side has signed on its own machine."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    "Of the manifest that was shown when it was handed in."
    signature: Annotated[str, Field(min_length=1, max_length=40_000)]


class UrgentEntries(Form):
    """Numbers that are to be listed within seconds."""

    patterns: Patterns
    action: Action
    party: Listed
    category: Category
    basis: Basis
    hours: Hours
    reason: Reason

    @property
    def each(self) -> list[str]:
        """The patterns, each for itself."""
        return self.patterns.split()


class UrgentLift(Form):
    """Numbers that are to be let go within seconds."""

    pattern: Pattern
    hours: Hours
    reason: Reason


class RecordSignature(Form):
    """What a side has signed on its own machine: the record is in it."""

    signature: Annotated[str, Field(min_length=1, max_length=50_000)]


class Reasoned(Form):
    """A button, and why."""

    reason: Reason


class Steer(Form):
    """Where a rollout is to go."""

    to: Literal["halt", "resume"]
    reason: Reason
