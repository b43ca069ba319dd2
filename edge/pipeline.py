# SPDX-License-Identifier: Apache-2.0
"""READ FIRST. The life of a call in one page: unit -> message -> event -> verdict.

One synchronous pass: nothing here awaits, queues or looks at a clock of its own. What becomes of
the findings (orders, evidence, reports, a table on the screen) is the caller's business.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from edge.call.tracker import Tracker
from edge.model.event import CallEvent, CallOffered, TapBlind
from edge.model.message import Malformed, Message
from edge.model.unit import Unit
from edge.model.verdict import Verdict


class Decided(msgspec.Struct, frozen=True):
    """A call attempt and what is to be done with it."""

    offer: CallOffered
    verdict: Verdict
    took_ns: int
    "From the unit's arrival in the pipeline to its verdict."


Finding = CallEvent | Decided | Malformed | TapBlind

FOREVER = 1 << 64
"Later than any time in nanoseconds."


class Decoder(Protocol):
    """Octets -> messages."""

    def feed(self, unit: Unit) -> list[Message | Malformed]:
        """Return what a unit completed."""

    def expire(self, now: int) -> list[Message | Malformed]:
        """Return what can still be made of what waited too long at `now`."""

    def others(self) -> dict[str, int]:
        """Return the units that carried no signalling that we open, by kind."""

    def losses(self) -> dict[str, int]:
        """Return what may have hidden a message, by cause."""

    @property
    def became(self) -> dict[str, int]:
        """Units by what became of them; the sum is what was heard."""


class Decide(Protocol):
    """CallOffered -> Verdict."""

    def decide(self, offer: CallOffered, now_ns: int) -> Verdict:
        """Return the verdict on an offer."""


class Pipeline:
    """One house for all taps."""

    def __init__(
        self, decoder: Decoder, tracker: Tracker, engine: Decide, ticks_ns: Callable[[], int]
    ) -> None:
        """Take the stages; `ticks_ns` measures how long a verdict took."""
        self.decoder = decoder
        self.tracker = tracker
        self.engine = engine
        self._ticks_ns = ticks_ns
        self._lost: Counter[str] = Counter()
        "What was lost within units, as of the last look."

    def hear(self, unit: Unit, now_ns: int) -> list[Finding]:
        """Follow one unit to everything that comes of it, in order.

        `now_ns` is the time on the unit's own clock: a verdict that comes late must be known so.
        """
        began = self._ticks_ns()
        return self._follow(self.decoder.feed(unit), now_ns, began)

    def pass_time(self, now_ns: int) -> list[Finding]:
        """Follow what comes of nothing being heard: pieces given up, silent calls ended."""
        began = self._ticks_ns()
        found = self._follow(self.decoder.expire(now_ns), now_ns, began)
        return [*found, *self._decided(self.tracker.expire(now_ns), now_ns, began)]

    def finish(self, now_ns: int) -> list[Finding]:
        """Follow what can still be made of what waits, as nothing more will be heard."""
        began = self._ticks_ns()
        found = self._follow(self.decoder.expire(FOREVER), now_ns, began)
        return [*found, *self._decided(self.tracker.finish(now_ns), now_ns, began)]

    def newly_lost(self) -> Counter[str]:
        """Return what was lost within units, as fragments are, since this was last asked.

        All taps share one decoder: asked in the same breath, it is of what was just followed.
        """
        before, self._lost = self._lost, Counter(self.decoder.losses())
        return self._lost - before

    def _follow(
        self, messages: list[Message | Malformed], now_ns: int, began: int
    ) -> list[Finding]:
        found: list[Finding] = []
        for message in messages:
            if isinstance(message, Malformed):
                found.append(message)
                continue
            if events := self.tracker.feed(message):
                found += self._decided(events, now_ns, began)
        return found

    def _decided(self, events: Sequence[CallEvent], now_ns: int, began: int) -> list[Finding]:
        """Return the events, each offer with its verdict."""
        found: list[Finding] = []
        for event in events:
            found.append(event)
            if isinstance(event, CallOffered):
                verdict = self.engine.decide(event, now_ns + self._ticks_ns() - began)
                found.append(Decided(event, verdict, self._ticks_ns() - began))
        return found
