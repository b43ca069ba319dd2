# SPDX-License-Identifier: Apache-2.0
"""One call that was to be stopped, and what was heard of it since. Time is an argument."""

import msgspec

from edge.model.answer import REJECTED, Answer
from edge.model.event import CallAnswered, CallOffered, CallProgressed, CallReleased
from edge.model.outcome import Outcome, Result
from edge.model.unit import Unit
from edge.model.verdict import Action

NS = 1_000_000_000
SOON_NS = 2 * NS
"A switch that agrees ends the call within this; who hangs up later does so by himself."
CANCELLED, MOVED = 487, 302
DIVERTED = "diverted"
"Stage of a `CallProgressed` that goes to the operator desk."

Pair = tuple[str, str]
"Calling and called, in normal form where they have one."


def pair_of(offer: CallOffered) -> Pair:
    """Return who calls whom: what an attempt on another trunk is known by."""
    calling, called = offer.calling.number, offer.called.number
    return calling.e164 or calling.raw, called.e164 or called.raw


class Watch(msgspec.Struct):
    """What is known of one call."""

    offer: CallOffered
    answer: Answer
    record: str
    due: int
    "When nothing more is waited for, nanoseconds since the epoch."
    by: str = ""
    "Who was asked or told."
    asked_at: int = 0
    accepted: bool | None = None
    "What the switch said; None while it has said nothing."
    told: str = ""
    heard_at: int = 0
    "When the tap heard the call offered; 0 while none has."
    rang_at: int = 0
    answered_at: int = 0
    diverted_at: int = 0
    released: CallReleased | None = None
    again: str = ""
    "The attempt on another trunk that came after it."
    units: tuple[Unit, ...] = ()
    "What proves the end."
    keys: list[tuple[str, int]] = []
    "Call and attempt of each event that is of this call, as a tap heard it."

    def hear(self, event: CallProgressed | CallAnswered | CallReleased, unit: Unit) -> None:
        """Take what the tap heard of it."""
        if isinstance(event, CallReleased):
            if self.released is None and event.by != "us":
                self.released, self.units = event, (*self.units, *(event.units or (unit,)))
        elif isinstance(event, CallAnswered):
            self.answered_at = self.answered_at or event.at
        elif event.stage == DIVERTED:
            # Whoever dials the desk himself is not diverted; a leg that is repeated is one.
            if self.answer.action is Action.DIVERT and not self.diverted_at:
                self.diverted_at, self.units = event.at, (*self.units, unit)
        elif event.stage == "alerting" and not self.diverted_at:
            self.rang_at = self.rang_at or event.at

    @property
    def is_stopped(self) -> bool:
        """Whether what was heard is the stop that was ordered."""
        released = self.released
        if self.accepted is False or not self.asked_at:
            return False  # a switch that refused, or that nobody asked or told, stopped nothing
        if released is None or self.diverted_at:
            return bool(self.diverted_at)
        if released.sip_status == self.answer.status or released.q850_cause == REJECTED:
            return True
        # A stop between the ends, as a switch makes it: CANCEL and 487, BYE. The same as a caller
        # who gives up; it counts only after the switch has agreed, and never for a diversion: the
        # desk hangs up in the same way.
        is_plain = released.cause == "BYE" or released.sip_status == CANCELLED
        is_ours = self.accepted is True and 0 <= released.at - self.asked_at <= SOON_NS
        return is_plain and is_ours and self.answer.action is Action.BLOCK

    def outcome(self, now_ns: int, *, cut_off: bool = False) -> Outcome:
        """Return how it ended, as far as was heard until now; `cut_off` before its time was up."""
        is_open = cut_off and self.released is None and not self.diverted_at
        ended = self.diverted_at or (self.released.at if self.released else 0)
        return Outcome(
            at=now_ns,
            result=Result.UNPROVEN if is_open else self._result(),
            call=self.offer.call,
            attempt=self.offer.attempt,
            trunk=self.offer.trunk.name,
            record=self.record,
            by=self.by,
            told=self.told,
            heard=self._heard(),
            after_ns=max(ended - self.heard_at, 0) if ended and self.heard_at else 0,
            again=self.again,
        )

    def _result(self) -> Result:
        if self.is_stopped:
            return Result.REROUTED if self.again else self._stop()
        if not self.heard_at:
            return Result.UNPROVEN
        if self.answer.action is Action.DIVERT and self.accepted:
            return Result.UNPROVEN  # a switch that makes two calls of one: this end says nothing
        if self.released is not None and not self.answered_at:
            return Result.ENDED
        if self.accepted:
            return Result.LEAKED
        return Result.FAILED

    def _stop(self) -> Result:
        """Return how far the call had come."""
        if self.released and max(self.rang_at, self.answered_at) > self.released.at:
            return Result.LEAKED  # refused, and the phone was called all the same
        if self.diverted_at or (self.released and self.released.sip_status == MOVED):
            return Result.DIVERTED  # seen to go there, or sent there by the caller's own side
        if self.answered_at:
            return Result.STOPPED_TALKING
        return Result.STOPPED_RINGING if self.rang_at else Result.STOPPED

    def _heard(self) -> str:
        if self.diverted_at:
            return DIVERTED
        return self.released.cause if self.released else ""
