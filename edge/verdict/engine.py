# SPDX-License-Identifier: Apache-2.0
"""Decides one call: guardrail over policy over lists, then the mode of the trunk.

A plain function of the call, the lists and the time; it awaits nothing and asks nobody.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from edge.model.event import CallOffered
from edge.model.verdict import Action, Mode, Verdict
from edge.verdict.guardrail import Guardrail, allow
from edge.verdict.policy import Policy
from edge.verdict.rule import OVERLOAD

SECOND_NS = 1_000_000_000


class Engine:
    """Decides calls."""

    def __init__(
        self, policy: Policy, guardrail: Guardrail, modes: Mapping[str, Mode] | None = None
    ) -> None:
        """Decide by `policy`; a trunk that `modes` does not put in `enforce` is only observed."""
        self.policy = policy
        "A new list takes effect by one assignment."
        self._guardrail = guardrail
        self.set_modes(modes or {})

    def set_modes(self, modes: Mapping[str, Mode]) -> None:
        """Only observe the trunks that `modes` does not put in `enforce`, from the next call on."""
        self._enforced = {name for name, mode in modes.items() if mode is Mode.ENFORCE}

    def enforces(self, trunk: str) -> bool:
        """Whether verdicts on a trunk act now."""
        return trunk in self._enforced

    def decide(self, offer: CallOffered, now_ns: int, *, overloaded: bool = False) -> Verdict:
        """Return the verdict on a call; `overloaded` allows it unasked."""
        policy = self.policy
        self._guardrail.heard(offer.trunk, now_ns)
        if overloaded:
            verdict = allow(OVERLOAD, policy.ordinary)
        else:
            verdict = policy.judge(offer, now_ns // SECOND_NS)
        enforced = offer.trunk.name in self._enforced
        if verdict is policy.ordinary:
            return verdict if enforced else policy.ordinary_observed
        verdict = self._guardrail.guard(offer, verdict, now_ns)
        return verdict if enforced else _observed(verdict)


def _observed(verdict: Verdict) -> Verdict:
    """Return the verdict of a trunk that is only observed: what was wanted, and not done."""
    action = Action.OBSERVE if verdict.acts else verdict.action
    return replace(verdict, action=action, mode=Mode.OBSERVE)
