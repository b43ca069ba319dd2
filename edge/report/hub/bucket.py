# SPDX-License-Identifier: Apache-2.0
"""A token bucket: how much of the line a backlog may take. Pure; time is an argument."""


class Bucket:
    """Fills with the rate, holds a second's worth, and is paid for after the fact.

    What is sent is only known when it is made: it may run into debt by one batch, and nothing more
    is let through until the debt is paid. Over any time it lets through rate, burst and one batch.
    """

    def __init__(self, kbit: int) -> None:
        """Let through so many kilobits a second; 0 is all there is."""
        self._rate = kbit * 125.0
        self._octets = self._rate
        self._at_s = 0.0

    def has(self, now_s: float) -> bool:
        """Whether something may be sent now."""
        self._fill(now_s)
        return not self._rate or self._octets > 0

    def pay(self, octets: int, now_s: float) -> None:
        """Pay for what is sent now."""
        self._fill(now_s)
        self._octets -= octets

    def ready_s(self, now_s: float) -> float:
        """Return when something may be sent again: `now_s`, if it may now."""
        if self.has(now_s):
            return now_s
        # A hair later than the debt is paid, so that rounding cannot make it a hair earlier.
        return now_s + (1 - self._octets) / self._rate

    def _fill(self, now_s: float) -> None:
        passed = max(0.0, now_s - self._at_s)
        self._at_s = max(self._at_s, now_s)
        self._octets = min(self._rate, self._octets + passed * self._rate)
