# SPDX-License-Identifier: Apache-2.0
"""What is wanted of a call: the allowlist, the lists, the rules, and what detection suspects.

Guardrails come after.

A stop ends the asking, and so does an allow. An observation never shields a call: it is noted,
and the asking goes on.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from edge.blocklist.entry import Blocklist, Hit, Listed
from edge.model.event import CallOffered, shown
from edge.model.number import Party
from edge.model.verdict import Action, Basis, Mode, Reason, Verdict
from edge.verdict.parties import Parties, sort_parties
from edge.verdict.rule import (
    CAMPAIGN,
    LIST_CALLED,
    LIST_CALLING,
    LIST_REDIRECTING,
    Rule,
    RulePolicy,
)
from edge.verdict.spoof import Roaming, broken_rules, not_known

DEFAULT = "default"
"The rule of a verdict where nothing spoke."

# Looking a member up on its Enum costs more than a dict look-up (Python 3.11): bound once.
_CALLING = Listed.CALLING
_CALLED = Listed.CALLED
_REDIRECTING = Listed.REDIRECTING

_ALLOW = Action.ALLOW
_OBSERVE = Action.OBSERVE

Facts: TypeAlias = tuple[tuple[str, str], ...]
Suspect: TypeAlias = Callable[[CallOffered], Facts]
"Returns the campaign that a call belongs to, and why that is one; nothing for most calls."


def nobody(_offer: CallOffered) -> Facts:
    """Suspect nobody."""
    return ()


_WEIGHT = {Action.BLOCK: 3, Action.DIVERT: 2, Action.ALLOW: 1, Action.OBSERVE: 0}
"What decides where several things spoke: a stop before an allow, an allow before an observation."


class Step(msgspec.Struct, frozen=True, gc=False):
    """One thing that spoke of a call."""

    action: Action
    reason: Reason
    hit: Hit | None = None
    basis: Basis = Basis.RULE


class Policy:
    """Lists and rules as they stand at one moment. Immutable: an update is another policy."""

    def __init__(
        self,
        blocklist: Blocklist,
        allowlist: Blocklist | None = None,
        rules: RulePolicy | None = None,
        roaming: Roaming = not_known,
        suspect: Suspect = nobody,
    ) -> None:
        """Ask `blocklist` (with urgent entries laid over it) unless `allowlist` speaks first."""
        self._blocklist = blocklist
        self._allowlist = allowlist or None  # an empty list is not worth asking
        self._actions = (rules or RulePolicy()).actions()
        self._roaming = roaming
        self._suspect = suspect
        self.ordinary = Verdict(
            action=Action.ALLOW,
            wanted=Action.ALLOW,
            basis=Basis.NONE,
            rule=DEFAULT,
            mode=Mode.ENFORCE,
            list_version=blocklist.version,
        )
        "The one verdict on every call of which nothing speaks ..."
        self.ordinary_observed = replace(self.ordinary, mode=Mode.OBSERVE)
        "... and the same on a trunk that is only observed."

    @property
    def entries(self) -> int:
        """Return how many entries of lists are asked."""
        return len(self._blocklist)

    def judge(self, offer: CallOffered, at_s: int) -> Verdict:
        """Return what is wanted of a call, as if its trunk were in `enforce`."""
        parties = sort_parties(offer)
        if self._allowlist is not None:
            steps = _asked(self._allowlist, offer, parties, at_s)
            if allows := [step for step in steps if step.action is _ALLOW]:
                return self._conclude(allows)
        steps = _asked(self._blocklist, offer, parties, at_s)
        if steps and _deciding(steps).action is not _OBSERVE:
            return self._conclude(steps)
        for broken in broken_rules(offer, parties, self._roaming):
            action = self._actions[broken.id]
            if action is not _ALLOW:
                steps.append(Step(action, _rule_reason(broken, offer, parties)))
        if facts := self._suspect(offer):
            why = Reason(CAMPAIGN.id, CAMPAIGN.title, facts)
            steps.append(Step(self._actions[CAMPAIGN.id], why, basis=Basis.ANALYTICS))
        return self._conclude(steps) if steps else self.ordinary

    def _conclude(self, steps: Sequence[Step]) -> Verdict:
        """Return the verdict of what spoke; all of it stands among the reasons."""
        by = _deciding(steps)
        entry = by.hit.entry if by.hit else None
        return Verdict(
            action=by.action,
            wanted=by.action,
            basis=by.basis,
            rule=by.reason.rule,
            mode=Mode.ENFORCE,
            reasons=tuple(step.reason for step in steps),
            list_version=by.hit.list_version if by.hit else self.ordinary.list_version,
            legal_basis=entry.basis if entry else "",
            category=entry.category if entry else "",
        )


def _deciding(steps: Sequence[Step]) -> Step:
    """Return the step that decides; of equal ones the first."""
    return max(steps, key=lambda step: _WEIGHT[step.action])


def _asked(asked: Blocklist, offer: CallOffered, parties: Parties, at_s: int) -> list[Step]:
    """Return what a list says of the parties of a call, mostly nothing."""
    trunk = offer.trunk
    steps = []
    for digits, party in parties.calling.items():
        hit = asked.find(digits, _CALLING, trunk, at_s)
        if hit and _counts(hit, party, offer.calling):
            steps.append(_list_step(hit, LIST_CALLING, party))
    for digits, party in parties.called.items():
        hit = asked.find(digits, _CALLED, trunk, at_s)
        if hit and _counts(hit, party, offer.called):
            steps.append(_list_step(hit, LIST_CALLED, party))
    for digits, party in parties.redirecting.items():
        if hit := asked.find(digits, _REDIRECTING, trunk, at_s):
            steps.append(_list_step(hit, LIST_REDIRECTING, party))
    return steps


def _counts(hit: Hit, party: Party, meant: Party) -> bool:
    """Return whether a hit counts: an allowed number in some other header must open no door."""
    return party is meant or hit.entry.action is not _ALLOW


def _list_step(hit: Hit, by: Rule, party: Party) -> Step:
    entry = hit.entry
    facts = (
        (party.role, shown(party.number)),
        ("list", hit.list_name),
        ("version", str(hit.list_version)),
        ("entry", entry.text()),
        ("action", entry.action.value),
        ("category", entry.category),
        ("legal_basis", entry.basis),
        ("valid_from", str(entry.valid_from or "")),
        ("valid_until", str(entry.valid_until or "")),
        ("scope", entry.scope),
        ("source", entry.source),
    )
    said = tuple(fact for fact in facts if fact[1])
    return Step(entry.action, Reason(by.id, by.title, said), hit, Basis.LIST)


def _rule_reason(broken: Rule, offer: CallOffered, parties: Parties) -> Reason:
    others = [party for party in parties.calling.values() if party is not offer.calling]
    heard = (offer.calling, *others, *parties.redirecting.values())
    return Reason(
        broken.id,
        broken.title,
        (
            ("trunk", offer.trunk.name),
            ("class", offer.trunk.kind.value),
            *((party.role, shown(party.number)) for party in heard),
        ),
    )
