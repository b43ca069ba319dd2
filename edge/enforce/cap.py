# SPDX-License-Identifier: Apache-2.0
"""At most so many orders a minute for each trunk. Beyond it calls go through: never the trunk."""

from collections import deque

NS = 1_000_000_000
MINUTE_NS = 60 * NS


class Cap:
    """The orders of one trunk within the last minute. Time is an argument."""

    def __init__(self, most: int) -> None:
        """Let `most` orders pass in any minute."""
        self.most = most
        self.held = 0
        "Orders that were not let pass."
        self._passed: deque[int] = deque()

    def take(self, now_ns: int) -> bool:
        """Let an order pass, or not."""
        passed = self._passed
        while passed and not 0 <= now_ns - passed[0] < MINUTE_NS:
            passed.popleft()
        if len(passed) >= self.most:
            self.held += 1
            return False
        passed.append(now_ns)
        return True
