# SPDX-License-Identifier: Apache-2.0
"""Words for a decision: what is to be done with a call, on which basis, and why."""

from enum import Enum

import msgspec


class Action(Enum):
    """What is done with a call, mildest first."""

    ALLOW = "allow"
    OBSERVE = "observe"
    DIVERT = "divert"
    BLOCK = "block"


# Looking a member up on its Enum, or in a set, costs more than `is` (Python 3.11): bound once.
_BLOCK, _DIVERT = Action.BLOCK, Action.DIVERT


class Basis(Enum):
    """What a decision rests on; it chooses the answer on the wire (DESIGN section 8)."""

    NONE = "none"
    GUARDRAIL = "guardrail"
    LIST = "list"
    RULE = "rule"
    ANALYTICS = "analytics"


class Mode(Enum):
    """Whether a trunk's verdicts act, or only report what they would have done."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One link of the chain of reasons."""

    rule: str
    "Name of the rule: `guardrail.emergency-called`, `list.calling`, `spoof.fixed-cli-abroad`."
    text: str
    "One English sentence."
    facts: tuple[tuple[str, str], ...] = ()
    "Names and values the sentence rests on: entry, list version, legal basis."


class Verdict(msgspec.Struct, frozen=True):
    """The decision on one call attempt."""

    action: Action
    "What is done, the trunk's mode taken into account."
    wanted: Action
    "What would be done were the trunk in `enforce`."
    basis: Basis
    rule: str
    "The deciding rule; `default` where nothing spoke."
    mode: Mode
    reasons: tuple[Reason, ...] = ()
    list_version: int = 0
    legal_basis: str = ""
    category: str = ""

    @property
    def acts(self) -> bool:
        """Whether the switch is to be told."""
        return self.action is _BLOCK or self.action is _DIVERT
