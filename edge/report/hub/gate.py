# SPDX-License-Identifier: Apache-2.0
"""Whether it makes sense to send anything now. Pure; time is an argument.

Nothing is sent while the hub is away or reads no version of ours. On a new connection, and when the
hub is back, we have asked what it has: its answer is waited for, but not for ever.
"""

from collections.abc import Sequence
from math import inf

from edge.report.message import VERSION

SPOKEN = (VERSION,)
"Versions of a batch that this program can write."


class Gate:
    """Open while the hub takes what is sent."""

    def __init__(self, answer_wait_s: float, hold_s: float, hold_most_s: float) -> None:
        """Wait so long for an answer; hold first so long, then twice as long, up to a most."""
        self.online: bool | None = None
        "What the hub says of itself; None while it has said nothing on this connection."
        self.readable = True
        "Whether the hub reads a version that we write."
        self._answer_wait_s = answer_wait_s
        self._answer_by_s = inf
        self._hold_first_s = hold_s
        self._hold_most_s = hold_most_s
        self._hold_s = hold_s
        self._held_until_s = -inf

    def connected(self, now_s: float) -> None:
        """Begin a connection: we know nothing, and ask."""
        self.online = None
        self._answer_by_s = now_s + self._answer_wait_s
        self.taken()

    def disconnected(self) -> None:
        """Send nothing any more."""
        self.online = None
        self._answer_by_s = inf

    def hub(self, online: bool, accepts: Sequence[int], now_s: float) -> bool:  # noqa: FBT001
        """Take what the hub says of itself; whether it has just come back, and is to be asked."""
        away = self.online is False or (self.online is None and not self.patient(now_s))
        back = online and away
        self.online = online
        self.readable = bool(set(accepts) & set(SPOKEN))
        if back:
            self._answer_by_s = now_s + self._answer_wait_s
        if online:
            self.taken()
        return back

    def answered(self) -> None:
        """Take a sign of life: who acknowledges, listens."""
        if self.online is None:
            self.online = True
        self.taken()

    def hold(self, now_s: float) -> None:
        """Send nothing for a while: the broker has no use for it. Longer each time."""
        if now_s >= self._held_until_s:
            self._held_until_s = now_s + self._hold_s
            self._hold_s = min(self._hold_most_s, 2 * self._hold_s)

    def taken(self) -> None:
        """Hold no longer, and begin anew with short holds."""
        self._hold_s = self._hold_first_s
        self._held_until_s = -inf

    def open(self, now_s: float) -> bool:
        """Whether anything may be sent."""
        return self.online is True and self.readable and now_s >= self._held_until_s

    def patient(self, now_s: float) -> bool:
        """Whether an answer of the hub is still worth waiting for."""
        return now_s < self._answer_by_s

    def wakes_s(self) -> tuple[float, float]:
        """Return when patience ends, and when a hold does."""
        if self.online is True and self.readable:
            return self._answer_by_s, self._held_until_s
        return inf, inf
