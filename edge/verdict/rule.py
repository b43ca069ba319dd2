# SPDX-License-Identifier: Apache-2.0
"""Every rule that can speak of a call, declared once: its id, its default action, its sentence.

The engine, the explanation, the configuration and the documents all read this table.
"""

from collections.abc import Mapping
from difflib import get_close_matches

import msgspec

from edge.errors import ConfigError
from edge.model.verdict import Action


class Rule(msgspec.Struct, frozen=True, gc=False):
    """Something that can be said of a call."""

    id: str
    action: Action | None
    "What it does unless configured otherwise; None where the entry of the list says it."
    title: str
    "One English sentence."


EMERGENCY_CALLED = Rule(
    "guardrail.emergency-called", Action.ALLOW, "The call goes to an emergency service."
)
EMERGENCY_CALLING = Rule(
    "guardrail.emergency-calling", Action.ALLOW, "An emergency service calls back."
)
CANARY = Rule("guardrail.canary", Action.ALLOW, "A number that may never be stopped takes part.")
LATE = Rule("guardrail.late", Action.ALLOW, "The verdict came too late to act upon.")
BREAKER = Rule(
    "guardrail.breaker", Action.ALLOW, "Too many calls of this trunk were to be stopped."
)
OVERLOAD = Rule("guardrail.overload", Action.ALLOW, "There was no time to ask lists and rules.")

LIST_CALLING = Rule("list.calling", None, "A calling number is listed.")
LIST_CALLED = Rule("list.called", None, "The called number is listed.")
LIST_REDIRECTING = Rule("list.redirecting", None, "A redirecting number is listed.")

UNALLOCATED = Rule(
    "cli.unallocated",
    Action.BLOCK,
    "The calling number lies in a Kazakh code that is assigned to nobody, yet comes from abroad.",
)
FIXED_ABROAD = Rule(
    "spoof.fixed-cli-abroad",
    Action.BLOCK,
    "A Kazakh fixed number calls from abroad, and nobody redirected the call.",
)
FIXED_BEHIND_FOREIGN = Rule(
    "spoof.fixed-cli-behind-foreign",
    Action.BLOCK,
    "The caller claims a Kazakh fixed number, but the network vouches for a foreign one.",
)
NOT_ROAMING = Rule(
    "spoof.mobile-cli-not-roaming",
    Action.BLOCK,
    "A Kazakh mobile number calls from abroad, but its owner is at home.",
)
FIXED_FORWARDED = Rule(
    "spoof.fixed-cli-forwarded",
    Action.OBSERVE,
    "A Kazakh fixed number calls from abroad; the call says that it was redirected.",
)
MOBILE_FORWARDED = Rule(
    "spoof.mobile-cli-forwarded",
    Action.OBSERVE,
    "A Kazakh mobile number that is at home calls from abroad; the call says it was redirected.",
)
ROAMING_UNKNOWN = Rule(
    "spoof.roaming-unknown",
    Action.OBSERVE,
    "A Kazakh mobile number calls from abroad; whether it is roaming is not known.",
)
OTHER_NATIONAL = Rule(
    "spoof.national-cli-abroad",
    Action.OBSERVE,
    "A Kazakh number that is neither fixed nor mobile calls from abroad.",
)
SHORT_CODE = Rule(
    "cli.short-code", Action.OBSERVE, "The calling number from abroad is a national short code."
)
MALFORMED = Rule(
    "cli.malformed", Action.OBSERVE, "The calling number from abroad cannot be a telephone number."
)
REFUSED = Rule(
    "cli.refused",
    Action.OBSERVE,
    "The calling number from abroad is incomplete or lies where no number can exist.",
)
RESTRICTED = Rule(
    "cli.restricted", Action.OBSERVE, "The caller from abroad withholds the calling number."
)
ABSENT = Rule("cli.absent", Action.OBSERVE, "The call from abroad carries no calling number.")
NATIONAL_NATURE = Rule(
    "cli.national-nature",
    Action.OBSERVE,
    "The calling number from abroad is not written as an international one.",
)
DISAGREE = Rule(
    "identity.disagree",
    Action.OBSERVE,
    "One calling identity of the message is Kazakh, another is foreign.",
)

CAMPAIGN = Rule(
    "analytics.campaign", Action.OBSERVE, "By how it is made the call belongs to a campaign."
)

GUARDRAILS = (EMERGENCY_CALLED, EMERGENCY_CALLING, CANARY, OVERLOAD, LATE, BREAKER)
LISTS = (LIST_CALLING, LIST_CALLED, LIST_REDIRECTING)
RULES = (
    UNALLOCATED, FIXED_ABROAD, FIXED_FORWARDED, NOT_ROAMING, MOBILE_FORWARDED, ROAMING_UNKNOWN,
    OTHER_NATIONAL, SHORT_CODE, MALFORMED, REFUSED, RESTRICTED, ABSENT, NATIONAL_NATURE,
    FIXED_BEHIND_FOREIGN, DISAGREE,
)  # fmt: skip
ANALYTICS = (CAMPAIGN,)
"What these do is set where they are, in the table `detect`, and not among the rules."
BY_ID = {rule.id: rule for rule in GUARDRAILS + LISTS + RULES + ANALYTICS}


class RulePolicy(msgspec.Struct, frozen=True):
    """What each rule does; `allow` silences it. Guardrails and lists have no switch."""

    changed: Mapping[str, Action] = {}
    "By rule id; a rule that is not named keeps its default."

    def __post_init__(self) -> None:
        """Raise `ConfigError` for an id that is no configurable rule."""
        known = [rule.id for rule in RULES + ANALYTICS]
        for name in self.changed:
            if name in known:
                continue
            if name in BY_ID:
                raise ConfigError(f"rule '{name}' has no switch")
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
            raise ConfigError(f"no rule is called '{name}'; {hint}")

    def actions(self) -> dict[str, Action]:
        """Return what each configurable rule does, by its id."""
        actions = {rule.id: rule.action for rule in RULES + ANALYTICS if rule.action}
        return actions | dict(self.changed)


def markdown_table() -> str:
    """Return all rules as a table for the documents."""
    rows = [(rule, "allow, always") for rule in GUARDRAILS]
    rows += [
        (rule, rule.action.value if rule.action else "as listed")
        for rule in LISTS + RULES + ANALYTICS
    ]
    lines = ["| rule | does | says |", "|---|---|---|"]
    lines += [f"| `{rule.id}` | {does} | {rule.title} |" for rule, does in rows]
    return "\n".join(lines) + "\n"
