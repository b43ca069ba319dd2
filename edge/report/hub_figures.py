# SPDX-License-Identifier: Apache-2.0
"""Takes over into the numbers of `uplink` what the connection and the lists count by themselves."""

from edge import counters
from edge.counting import Numbers
from edge.report.drain import Drain
from edge.report.follow import Follow
from edge.report.link import Link
from edge.report.reach import Session


class HubFigures:
    """The connection and what goes over it."""

    def __init__(self, numbers: Numbers, session: Session, link: Link, drain: Drain) -> None:
        """Look at what these count."""
        self._session = session
        self._link = link
        self._drain = drain
        self._connected = numbers[counters.HUB_CONNECTED].of()
        self._online = numbers[counters.HUB_ONLINE].of()
        self._connects = numbers[counters.HUB_CONNECTS].of()
        self._pubacks = numbers[counters.HUB_PUBACKS]
        self._flying = numbers[counters.HUB_IN_FLIGHT].of()
        drain.took = numbers[counters.HUB_ACK_SECONDS].of().observe

    def look(self) -> None:
        """Take over how it stands."""
        self._connected.value = int(bool(self._session.broker))
        hub = self._link.hub
        self._online.value = int(bool(self._session.broker and hub and hub.online))
        self._connects.value = self._session.connects
        for reason, count in self._session.pubacks.items():
            self._pubacks[f"{reason:#04x}",].value = count
        self._flying.value = len(self._drain.window.flying)


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
