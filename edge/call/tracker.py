# SPDX-License-Identifier: Apache-2.0
"""Hands each message to the calls of its signalling, and lets time pass for all of them."""

from collections.abc import Sequence

from edge.call.sip import NOTHING, SipCalls
from edge.decode.sip.message import SipMessage
from edge.model.event import CallEvent
from edge.model.message import Message

LOOK_EVERY_NS = 1_000_000_000
"How often silent calls are looked for; the patience itself is minutes."


class Tracker:
    """All calls that are up, whatever carries them."""

    def __init__(self, sip: SipCalls) -> None:
        """Take the calls of each signalling."""
        self.sip = sip
        self._looked_at = 0

    @property
    def up(self) -> int:
        """Call attempts that are not over."""
        return self.sip.up

    def counts(self) -> dict[str, int]:
        """Return what was heard beside the events: repeats, further legs, calls given up."""
        return dict(self.sip.counts)

    def feed(self, message: Message) -> Sequence[CallEvent]:
        """Follow one message; returns what happened, oldest first."""
        at = message.unit.at
        ended: Sequence[CallEvent] = NOTHING
        # Also when a clock was set back: its calls must not wait until it is late again. First of
        # all, too: to a call given up for its silence, an INVITE a day later is no repeat.
        if abs(at - self._looked_at) >= LOOK_EVERY_NS:
            ended = self.expire(at)
        events = self.sip.feed(message) if type(message) is SipMessage else NOTHING
        return [*ended, *events] if ended else events

    def expire(self, now: int) -> Sequence[CallEvent]:
        """End the calls that have been silent too long at `now`."""
        self._looked_at = now
        return self.sip.expire(now)
