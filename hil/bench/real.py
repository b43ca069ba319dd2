# SPDX-License-Identifier: Apache-2.0
"""A box that is hardware on the bench, in the hands of labgrid's drivers (`hil/places/real.yaml`).

    relay ──► 5 V          SD multiplexer ──► its disk        USB serial ◄──► console
    USB hub with switched ports ──► E1 probe      Ethernet of this machine ◄──► its three ports

Not proven: no such place stands where this was written. What it does is what the scenarios need of
a place, in the words of labgrid 26.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import NamedTuple, Protocol

from edge import clock
from hil.bench.box import FREEZE, NotHere, NotSeen, Ports, Refused
from hil.bench.console import Console, OnConsole

ESP = 1
"Number of its partition."
OFF_S = 60.0
READ_S = 0.2


class Power(Protocol):
    """Of the box, or of a socket for one of its plugs."""

    def on(self) -> None:
        """Switch it on."""

    def off(self) -> None:
        """Switch it off."""


class Line(Protocol):
    """A serial line."""

    def read(self, size: int = 1, timeout: float = 0.0) -> bytes:
        """Return what came; raises if nothing did."""

    def write(self, data: bytes) -> object:
        """Send something."""


class Card(Protocol):
    """A multiplexer: the card is ours, or the box's."""

    def set_mode(self, mode: str) -> None:
        """Hand it over: `host` or `dut`."""


class Storage(Protocol):
    """The card, while it is ours."""

    def write_image(self, filename: str) -> None:
        """Write all of it."""

    def write_files(
        self, sources: Sequence[str], target: PurePath, partition: int, *, target_is_directory: bool
    ) -> None:
        """Write files to a partition."""


class Cable(Protocol):
    """An interface of this machine."""

    def set_interface_up(self) -> None:
        """Plug it in."""

    def set_interface_down(self) -> None:
        """Pull it."""


class Parts(NamedTuple):
    """What the place is made of."""

    power: Power
    console: Line
    card: Card
    storage: Storage
    network: Cable
    mirror: Cable
    probe: Power


class RealBox(OnConsole):
    """One that is off until it is started; `close` it at the end."""

    def __init__(self, image: Path, parts: Parts, ports: Ports) -> None:
        """Take what labgrid has found; it listens to the console from now on."""
        self.image = image
        self.ports = ports
        self.console = Console()
        self._parts = parts
        self._is_on = False
        self._begun_s = 0.0
        parts.power.off()
        self.console.plug(self._read, parts.console.write)

    def _read(self) -> bytes | None:
        try:
            return self._parts.console.read(4096, READ_S)
        except OSError:
            return None
        except Exception as silence:
            # labgrid says so with an exception of pexpect, which is in its own environment alone.
            if type(silence).__name__ != "TIMEOUT":
                raise
            return b""

    def flash(self) -> None:
        """Write the image to the card."""
        self._parts.card.set_mode("host")
        self._parts.storage.write_image(str(self.image))
        self._parts.card.set_mode("dut")

    def put(self, name: str, octets: bytes) -> None:
        """Write a file to the ESP of the card."""
        self._parts.card.set_mode("host")
        with TemporaryDirectory() as folder:
            source = Path(folder) / PurePath(name).name
            source.write_bytes(octets)
            self._parts.storage.write_files(
                [str(source)], PurePath(name), ESP, target_is_directory=False
            )
        self._parts.card.set_mode("dut")

    def set_clock(self, unix_s: int) -> None:
        """Refuse it: a Pi has no clock that could stand elsewhere."""
        raise NotHere(f"{unix_s}: a clock chip on the bench's I2C bus would be needed")

    def start(self) -> None:
        """Switch it on."""
        if self._is_on:
            raise Refused("it is on already")
        self._begun_s = clock.monotonic_s()
        self._parts.power.on()
        self._is_on = True

    def off(self) -> None:
        """Have it shut down; the plug is pulled if it does not say so."""
        if self._is_on:
            with suppress(NotSeen, OSError):
                self.console.tell("systemctl poweroff")
                self.console.until("reboot: Power down", OFF_S)
        self.power_cut()

    def power_cut(self) -> None:
        """Pull the plug."""
        self._parts.power.off()
        self._is_on = False

    def is_on(self) -> bool:
        """Return whether it has power."""
        return self._is_on

    def seconds(self) -> float:
        """Return the time since it was switched on."""
        return clock.monotonic_s() - self._begun_s

    def close(self) -> None:
        """Pull the plug, and leave the console."""
        self.power_cut()
        self.console.unplug()

    def cut_network(self, cut: bool) -> None:  # noqa: FBT001 - `cut_network(True)` is the word
        """Have the far end of its management cable go down, or up."""
        _pull(self._parts.network, pulled=cut)

    def pull_mirror(self, pulled: bool) -> None:  # noqa: FBT001 - as above
        """Have the far end of its mirror cable go down, or up."""
        _pull(self._parts.mirror, pulled=pulled)

    def unplug_probe(self, unplugged: bool) -> None:  # noqa: FBT001 - as above
        """Have the E1 probe lose its power, or get it back."""
        if unplugged:
            self._parts.probe.off()
        else:
            self._parts.probe.on()

    def hang(self) -> None:
        """Have its first program stand still: it feeds the watchdog no more."""
        self.ask(FREEZE)


def _pull(cable: Cable, *, pulled: bool) -> None:
    if pulled:
        cable.set_interface_down()
    else:
        cable.set_interface_up()
