# SPDX-License-Identifier: Apache-2.0
"""How a box comes to a state, and what is done to it there: labgrid's strategy of both places.

    off ──► flashed ──► booted ──► healthy
     ▲                                │
     └─────────── power_cut ──────────┘

A state is found by looking at the box, not remembered: a scenario may have done anything to it. So
a way that failed may be tried again (labgrid's `never_retry` is not used), and `anew` leads on.
"""

import enum
import time
from collections.abc import Callable, Mapping
from typing import ClassVar

import attr
from labgrid import target_factory
from labgrid.step import step
from labgrid.strategy import Strategy, StrategyError

from hil.bench.box import Box, NotSeen, Refused
from hil.bench.console import STARTS
from hil.bench.measure import Place

GRUB_S, HEARS_S, FOLLOWS_S = 120.0, 300.0, 600.0
"Patience, for a machine that does something else too."
ASK_S = 60.0
APART_S = 1.0
"Between two looks."
LOOK = (
    "systemctl --no-pager list-units 'qalqan*'; ip -br addr; ip route; "
    "journalctl --no-pager -o cat -b -n 30 -u qalqan-uplink -u qalqan-enrol -u systemd-networkd"
)
"What somebody would look at who finds a box that the hub does not see."


class Status(enum.Enum):
    """States of a box."""

    unknown = 0
    off = 1
    flashed = 2
    booted = 3
    "Its shell answers."
    healthy = 4
    "It hears, and the hub knows it."


@target_factory.reg_driver
@attr.s(eq=False)
class BoxStrategy(Strategy):
    """Brings the place's box to a state: `strategy.transition("healthy")`."""

    bindings: ClassVar = {"driver": {"VirtualBoxDriver", "RealBoxDriver"}}

    status = attr.ib(default=Status.unknown)

    def __attrs_post_init__(self) -> None:
        """Know nothing of a hub yet."""
        super().__attrs_post_init__()
        self.files: Callable[[], Mapping[str, bytes]] = dict
        "Returns what is put on the ESP of a box that was flashed; asked once each time."
        self.follows: Callable[[], object] = bool
        "Whether the hub knows the box, and it follows its lists; looked at again and again."
        self.heard_after_s = 0.0
        "Of the last start that was waited for: from power to hearing, seconds."
        self._flashed = False

    @property
    def box(self) -> Box:
        """The box."""
        self.target.activate(self.driver)
        box: Box = self.driver.box
        return box

    @property
    def place(self) -> Place:
        """What the box is."""
        self.target.activate(self.driver)
        place: Place = self.driver.place
        return place

    @step(args=["status"])
    def transition(self, status: Status | str) -> None:
        """Bring the box to a state, by way of those before it.

        Raises:
            StrategyError: There is no way.
            NotSeen: The box did not come to it in time.
        """
        wanted = status if isinstance(status, Status) else Status[status]
        steps = {
            Status.off: self._off, Status.flashed: self._flash, Status.booted: self._boot,
            Status.healthy: self._heal,
        }  # fmt: skip
        if wanted not in steps:
            raise StrategyError(f"no way to {wanted}")
        steps[wanted]()
        self.status = wanted

    def _off(self) -> None:
        self.box.off()

    def _flash(self) -> None:
        self.box.power_cut()
        self.box.flash()
        for name, octets in self.files().items():
            self.box.put(name, octets)
        self._flashed = True

    def _boot(self) -> None:
        if not self._flashed:
            self._flash()
        if not self.box.is_on():
            self.box.start()
            self.box.until(STARTS, GRUB_S)
        self.box.ask("true", ASK_S)

    def _heal(self) -> None:
        if not self._flashed:
            self._flash()
        if not self.box.is_on():
            self.box.start()
            self.box.until(STARTS, GRUB_S)
            self.box.until("Started .*qalqan-core", HEARS_S)
            self.heard_after_s = self.box.seconds()
        self._wait(lambda: self.follows() and self.hears())

    def hears(self) -> bool:
        """Return whether the process that hears says that it is ready."""
        try:
            return "active" in self.box.ask("systemctl is-active qalqan-core", ASK_S).split()
        except (NotSeen, Refused):
            return False

    def _wait(self, there: Callable[[], object]) -> None:
        end_s = self.box.seconds() + FOLLOWS_S
        while not there():
            if self.box.seconds() > end_s:
                raise NotSeen(
                    f"it hears: {self.hears()}, the hub knows it: {self.follows()}\n{self._says()}"
                )
            time.sleep(APART_S)  # noqa: TID251 - the box works meanwhile

    def _says(self) -> str:
        try:
            return self.box.ask(LOOK, ASK_S)
        except (NotSeen, Refused) as error:
            return str(error)

    # Verbs --------------------------------------------------------------------

    @step()
    def anew(self) -> None:
        """Flash it anew and bring it to health: whatever a scenario left of it is gone."""
        self._flash()
        self.transition(Status.healthy)

    @step()
    def power_cut(self) -> None:
        """Pull the plug."""
        self.box.power_cut()
        self.status = Status.off

    @step(args=["cut"])
    def cut_network(self, cut: bool) -> None:  # noqa: FBT001 - `cut_network(True)` is the word
        """Pull the cable of its management port, or plug it in."""
        self.box.cut_network(cut)

    @step(args=["unplugged"])
    def unplug_probe(self, unplugged: bool) -> None:  # noqa: FBT001 - as above
        """Pull the plug of the E1 probe, or put it in."""
        self.box.unplug_probe(unplugged)

    @step()
    def hang(self) -> None:
        """Have its first program stop, so that the machine's watchdog must bite."""
        self.box.hang()
        self.status = Status.unknown
