# SPDX-License-Identifier: Apache-2.0
"""A box that the hub does not know yet: what is put on its card, and how it is taken in."""

import secrets
from collections.abc import Mapping

from edge.trust.enrol import write_code
from hil.bench.box import Ports
from hil.rig.hub import RigHub

SETTLE_S, DEADLINE_S = 15, 120
"""Of probation after an update. A box in service has more; what is proven is that it ends."""
FOLLOWS = frozenset({"ready", "alert"})
"States of a box at the hub in which it works."
EDGE = """\
[node]
name = "{node}"

[box]
mirrors = ["{ports.mirror}"]
switches = ["10.0.0.0/24"]

[box.port.{ports.management}]
addresses = ["10.0.2.15/24"]
gateway = "10.0.2.2"

[box.port.{ports.switches}]
addresses = ["10.0.0.1/24"]

[health]
settle_s = {settle_s}
deadline_s = {deadline_s}
"""


class Newcomer:
    """One box. A box that is flashed anew has lost its keys: it is another one, with a new name."""

    def __init__(self, hub: RigHub, ports: Ports, tables: str) -> None:
        """Take what differs between places, and what the region has a box be told."""
        self._hub, self._ports, self._tables = hub, ports, tables
        self._number = 0
        self._code = ""
        self._admitted = False

    @property
    def node(self) -> str:
        """Its name at the hub."""
        return f"rig-{self._number}"

    def files(self) -> Mapping[str, bytes]:
        """Be a new box; return what is put on its card."""
        self._number += 1
        self._admitted = False
        self._code = write_code(secrets.token_bytes(10))
        head = EDGE.format(
            node=self.node, ports=self._ports, settle_s=SETTLE_S, deadline_s=DEADLINE_S
        )
        toml = head + self._hub.settings() + self._tables
        return {"qalqan/edge.toml": toml.encode(), "qalqan/enrol.code": self._code.encode()}

    def follows(self) -> bool:
        """Take it in once it asks; return whether it works and follows a list by now.

        Raises:
            EnrolRefused: It asks with another code.
        """
        self._admitted = self._admitted or self._hub.admit(self.node, self._code)
        found = self._hub.member(self.node) if self._admitted else None
        return found is not None and found.state in FOLLOWS and bool(found.lists)
