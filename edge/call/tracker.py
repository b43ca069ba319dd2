# SPDX-License-Identifier: Apache-2.0
"""Hands each message to the calls of its signalling, and lets time pass for all of them."""

from collections.abc import Callable, Sequence
from typing import Any

from edge.call.isup import IsupCalls
from edge.call.q931 import Q931Calls
from edge.call.sip import NOTHING, SipCalls
from edge.decode.isup.message import IsupMessage
from edge.decode.q931.message import Q931Message
from edge.decode.sip.message import SipMessage
from edge.model.event import CallEvent
from edge.model.message import Message

MESSAGES: dict[type, type] = {IsupCalls: IsupMessage, Q931Calls: Q931Message}

LOOK_EVERY_NS = 1_000_000_000
"How often silent calls are looked for; the patience itself is minutes."


class Tracker:
    """All calls that are up, whatever carries them."""

    def __init__(self, sip: SipCalls, *circuits: IsupCalls | Q931Calls) -> None:
        """Take the calls of each signalling; what is of none of them moves nothing."""
        self.sip = sip
        self._circuits = tuple(each.calls for each in circuits)
        self._follow: dict[type, Callable[[Any], Sequence[CallEvent]]] = {SipMessage: sip.feed}
        for each in circuits:
            self._follow[MESSAGES[type(each)]] = each.feed
        self._looked_at = 0

    @property
    def up(self) -> int:
        """Call attempts that are not over."""
        return self.sip.up + sum(calls.up for calls in self._circuits)

    def counts(self) -> dict[str, int]:
        """Return what was heard beside the events: repeats, further legs, calls given up."""
        total = dict(self.sip.counts)
        for calls in self._circuits:
            for name, count in calls.counts.items():
                total[name] = total.get(name, 0) + count
        return total

    def feed(self, message: Message) -> Sequence[CallEvent]:
        """Follow one message; returns what happened, oldest first."""
        at = message.unit.at
        ended: Sequence[CallEvent] = NOTHING
        # Also when a clock was set back: its calls must not wait until it is late again. First of
        # all, too: to a call given up for its silence, an INVITE a day later is no repeat.
        if abs(at - self._looked_at) >= LOOK_EVERY_NS:
            ended = self.expire(at)
        follow = self._follow.get(type(message))
        events = follow(message) if follow else NOTHING
        return [*ended, *events] if ended else events

    def expire(self, now: int) -> Sequence[CallEvent]:
        """End the calls that have been silent too long at `now`; offer what waited for digits."""
        self._looked_at = now
        events = self.sip.expire(now)
        for calls in self._circuits:
            events += calls.expire(now)
        return events

    def finish(self, now: int) -> Sequence[CallEvent]:
        """Offer the calls that wait for digits, as nothing more will be heard."""
        return [event for calls in self._circuits for event in calls.finish(now)]
