# SPDX-License-Identifier: Apache-2.0
"""The drawing says what the table says, and nothing else."""

from enum import StrEnum

from edge.call.machine import mermaid


class Lamp(StrEnum):
    OFF = "off"
    ON = "on"


class Hand(StrEnum):
    PRESS = "press"


def test_mermaid() -> None:
    table = {(Lamp.OFF, Hand.PRESS): Lamp.ON, (Lamp.ON, Hand.PRESS): Lamp.OFF}
    assert mermaid(table) == "stateDiagram-v2\n    off --> on: press\n    on --> off: press"
