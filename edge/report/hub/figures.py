# SPDX-License-Identifier: Apache-2.0
"""Takes over into the numbers of `uplink` what the connection counts by itself."""

from edge import counters
from edge.counting import Numbers
from edge.report.hub.drain import Drain
from edge.report.hub.link import Link
from edge.report.hub.reach import Session


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
