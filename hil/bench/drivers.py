# SPDX-License-Identifier: Apache-2.0
"""The two kinds of box as labgrid knows them: what a place's YAML names becomes a `Box`.

This file and `strategy.py` are the only ones that import labgrid.
"""

from pathlib import Path
from typing import ClassVar

import attr
from labgrid import target_factory
from labgrid.driver import Driver

from hil.bench.box import Box, Ports
from hil.bench.measure import Place
from hil.bench.real import Parts, RealBox
from hil.bench.virtual import PORTS, TAPS, Taps, VirtualBox
from image.places import SOURCE

FOLDER = SOURCE / "build" / "hil-box"
"Where the disk of a virtual box is kept."
IMAGE = "box"
"The image's name in the place's YAML, if it names one."


class BoxDriver(Driver):
    """A box; `box` is it, while the driver is active."""

    box: Box
    place: Place
    arch = "x86_64"

    def image(self) -> Path:
        """Return the image that is flashed: the YAML's, or the newest that was built."""
        config = self.target.env.config
        if IMAGE in config.get_images():
            return Path(config.get_image_path(IMAGE))
        return newest(self.arch)


def newest(arch: str) -> Path:
    """Return the image of the profile `hil` that was built last.

    Raises:
        FileNotFoundError: None was.
    """
    made = (SOURCE / "build" / "image").glob(f"{arch}-hil-*/qalqan-edge-*.img")
    found = sorted(made, key=lambda path: path.stat().st_mtime)
    if not found:
        raise FileNotFoundError(f"no image: make image PROFILE=hil ARCH={arch}")
    return found[-1]


@target_factory.reg_driver
@attr.s(eq=False)
class VirtualBoxDriver(BoxDriver):
    """QEMU on this machine.

    Args:
        switches: Interface of this machine that is the far end of the box's cable to the switches.
        mirror: The same for the mirror port.
    """

    switches = attr.ib(default=TAPS.switches, validator=attr.validators.instance_of(str))
    mirror = attr.ib(default=TAPS.mirror, validator=attr.validators.instance_of(str))

    def on_activate(self) -> None:
        """Have a box that is off."""
        image = self.image()
        self.box = VirtualBox(FOLDER, image, Taps(self.switches, self.mirror))
        ports = f"management {PORTS.management}, switches {PORTS.switches}, mirror {PORTS.mirror}"
        self.place = Place("virtual", is_emulated=True, facts=(
            ("box", "virtual machine: QEMU in software (TCG), 2 processors, 1 GiB"),
            ("image", image.name),
            ("ports", ports),
            ("serial lines", "E1 probe, command port of an exchange (USB)"),
        ))  # fmt: skip

    def on_deactivate(self) -> None:
        """Pull its plug."""
        self.box.close()


@target_factory.reg_driver
@attr.s(eq=False)
class RealBoxDriver(BoxDriver):
    """A Raspberry Pi 4 on the bench: relay, serial line, SD multiplexer, USB Ethernet.

    Written as far as labgrid's own drivers carry it; it has not met a Pi yet.

    Args:
        management: Name of the box's port towards the hub.
        switches_port: Name of its port towards the switches.
        mirror_port: Name of its mirror port.
        probe_port: Its serial line to the E1 probe.
    """

    bindings: ClassVar = {
        "power": "DigitalOutputPowerDriver", "console": "SerialDriver", "card": "USBSDMuxDriver",
        "storage": "USBStorageDriver", "network": "RawNetworkInterfaceDriver",
        "mirror": "RawNetworkInterfaceDriver", "probe": "USBPowerDriver",
    }  # fmt: skip
    arch = "arm64"
    management = attr.ib(default="end0", validator=attr.validators.instance_of(str))
    switches_port = attr.ib(default="enxswitches", validator=attr.validators.instance_of(str))
    mirror_port = attr.ib(default="enxmirror", validator=attr.validators.instance_of(str))
    probe_port = attr.ib(default="/dev/ttyACM0", validator=attr.validators.instance_of(str))

    def on_activate(self) -> None:
        """Have a box that is off."""
        image = self.image()
        parts = Parts(self.power, self.console, self.card, self.storage, self.network,
                      self.mirror, self.probe)  # fmt: skip
        ports = Ports(self.management, self.switches_port, self.mirror_port, self.probe_port, None)
        self.box = RealBox(image, parts, ports)
        self.place = Place("real", is_emulated=False, facts=(
            ("box", "Raspberry Pi 4"), ("image", image.name),
        ))  # fmt: skip

    def on_deactivate(self) -> None:
        """Cut its power."""
        self.box.close()
