# SPDX-License-Identifier: Apache-2.0
"""Says that a tap, a gate or a switch has been away for a while, and that it is back.

A trunk that is not heard, or that cannot be stopped, is a trunk without the appliance. Pure.
"""

from collections.abc import Sequence

from edge.process.supervise import Presence
from edge.verdict.guardrail import Alarm

NS = 1_000_000_000
AFTER_NS = 5 * NS
"What is back sooner is in the log alone: a cable that is put into another socket."


class Absences:
    """All that may be away."""

    def __init__(self, those: Sequence[Presence]) -> None:
        """Watch those."""
        self._those = those
        self._since: dict[str, int] = {}
        self._said: set[str] = set()

    def look(self, now_ns: int) -> list[Alarm]:
        """Return what is to be said now. Call it about once a second."""
        found = []
        for one in self._those:
            since = self._since.setdefault(one.name, now_ns)
            if not one.away:
                del self._since[one.name]
                if one.name in self._said:
                    self._said.discard(one.name)
                    found.append(Alarm("back", "", now_ns, f"{one.name} is there again"))
            elif now_ns - since >= AFTER_NS and one.name not in self._said:
                self._said.add(one.name)
                text = f"{one.name} is away: {one.away}"
                found.append(Alarm("away", "", now_ns, text))
        return found
