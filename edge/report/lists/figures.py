# SPDX-License-Identifier: Apache-2.0
"""Takes over into the numbers of `uplink` how the lists stand."""

from edge import counters
from edge.counting import Numbers
from edge.report.lists.follow import Follow


class ListFigures:
    """The lists that are followed."""

    def __init__(self, numbers: Numbers, follow: Follow) -> None:
        """Look at what `follow` knows."""
        self._follow = follow
        self._version = numbers[counters.LIST_VERSION]

    def look(self) -> None:
        """Take over how they stand."""
        for name, version in self._follow.versions().items():
            self._version[name,].value = version
