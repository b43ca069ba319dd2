# SPDX-License-Identifier: Apache-2.0
"""What the layers below a call say for themselves: link status, management, users we do not open.

Of no weight for a verdict. People see in it why a trunk is silent.
"""

from collections.abc import Mapping

import msgspec

from edge.model.message import NO_FLOW, Flow
from edge.model.unit import Unit


class LayerMessage(msgspec.Struct, gc=False):
    """A whole message of a layer that carries calls: `lapd SABME`, `mtp2 SIOS`, `m3ua ASPUP`."""

    unit: Unit
    proto: str
    type: str
    details: Mapping[str, object] = {}
    flow: Flow = NO_FLOW
    earlier: tuple[Unit, ...] = ()
    call: str = ""
    calling: str = ""
    called: str = ""

    def fields(self) -> dict[str, object]:
        """What the layer said, ready for JSON."""
        return dict(self.details)

    def facts(self) -> dict[str, object]:
        """Nothing: no call is offered here."""
        return {}


def place(unit: Unit, channel: str = "") -> str:
    """Return where a unit was heard: tap and, on E1, channel."""
    return "/".join(filter(None, (unit.tap, unit.channel, channel)))


def tally(*layers: tuple[str, Mapping[str, int]]) -> dict[str, int]:
    """Sum counts under `layer.cause`."""
    found: dict[str, int] = {}
    for layer, counts in layers:
        for cause, count in counts.items():
            key = f"{layer}.{cause}"
            found[key] = found.get(key, 0) + count
    return found
