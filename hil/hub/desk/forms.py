# SPDX-License-Identifier: Apache-2.0
"""What people may send to the hub's desk: each form with its bounds."""

from typing import Annotated, Literal

from pydantic import Field

from edge.blocklist.entry import Listed
from edge.console.forms import Form, Reason
from edge.model.verdict import Action

Pattern = Annotated[str, Field(pattern=r"^\+[0-9*.+]{1,40}$")]
Basis = Annotated[str, Field(min_length=3, max_length=300)]


class NewEntry(Form):
    """Numbers that are to stand in the draft."""

    pattern: Pattern
    action: Action
    party: Listed
    category: Annotated[str, Field(min_length=1, max_length=60)]
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


class Steer(Form):
    """Where a rollout is to go."""

    to: Literal["halt", "resume"]
    reason: Reason
