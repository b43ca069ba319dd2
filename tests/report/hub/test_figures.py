# SPDX-License-Identifier: Apache-2.0
"""The connection is shown as it stands."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

from edge.counting import Numbers
from edge.report.hub.drain import Drain
from edge.report.hub.figures import HubFigures
from edge.report.message import Hub


def test_a_connection_is_shown() -> None:
    numbers, drain = Numbers(), Drain("a", ())
    session: Any = SimpleNamespace(broker="", connects=0, pubacks=Counter())
    link: Any = SimpleNamespace(hub=None)
    figures = HubFigures(numbers, session, link, drain)
    figures.look()
    found = numbers.flat()
    assert (found["qalqan_hub_connected"], found["qalqan_hub_online"]) == (0, 0)

    session.broker, session.connects = "hub:8883", 2
    session.pubacks[0x87] += 3
    link.hub = Hub(online=True, epoch=1, at=1)
    drain.took(0.25)
    figures.look()
    found = numbers.flat()
    assert (found["qalqan_hub_connected"], found["qalqan_hub_online"]) == (1, 1)
    assert (found["qalqan_hub_connects_total"], found["qalqan_hub_batches_in_flight"]) == (2, 0)
    assert found['qalqan_hub_pubacks_total{reason="0x87"}'] == 3
    assert (found["qalqan_hub_ack_seconds_count"], found["qalqan_hub_ack_seconds_sum"]) == (1, 0.25)

    link.hub = Hub(online=False, epoch=1, at=1)
    figures.look()
    assert numbers.flat()["qalqan_hub_online"] == 0
