# SPDX-License-Identifier: Apache-2.0
"""What can be done to a box, whatever it is made of."""

import re
from typing import NamedTuple, Protocol

FREEZE = "sync; echo 1 >/sys/fs/cgroup/init.scope/cgroup.freeze"
"""Stops `systemd` where it stands. A signal would not do: it has the machine restarted where it
crashes (`CrashAction=reboot`), and what is to be shown is that the watchdog bites."""


class NotSeen(Exception):
    """Something that was waited for did not come; the text says what, and what came instead."""


class Refused(Exception):
    """A command on the shell of the box failed; the text is what it said."""


class NotHere(Exception):
    """This place cannot do that; the text says what it would need."""


class Ports(NamedTuple):
    """Where a box has its cables, by the names it knows itself."""

    management: str
    "Towards the hub."
    switches: str
    "Towards switches and probes."
    mirror: str
    "Where the trunk is mirrored to."
    probe: str
    "Serial line of the E1 probe."
    exchange: str | None
    "Serial line that is the command port of an exchange, if there is one."


class Box(Protocol):
    """A box with the profile `hil` of the image: the one that is sold, with a shell on its console.

    A pattern is waited for behind what was waited for before; times are seconds.
    """

    @property
    def ports(self) -> Ports:
        """Where its cables are."""

    def flash(self) -> None:
        """Write the image to its disk, while it is off; all that was on it is gone."""

    def put(self, name: str, octets: bytes) -> None:
        """Write a file to the ESP, while it is off: `qalqan/edge.toml`."""

    def set_clock(self, unix_s: int) -> None:
        """Have its clock stand there at the next start, and run on."""

    def start(self) -> None:
        """Switch it on."""

    def off(self) -> None:
        """Have it shut down, and switch it off; nothing if it is off."""

    def power_cut(self) -> None:
        """Pull the plug: what it did not bring to the disk yet is lost. It is off then."""

    def is_on(self) -> bool:
        """Return whether it is switched on."""

    def close(self) -> None:
        """Pull the plug, and give back what it was held by."""

    def seconds(self) -> float:
        """Return the time since it was switched on."""

    def log(self) -> str:
        """Return all that its console said, over all starts."""

    def until(self, pattern: str, s: float) -> re.Match[str]:
        """Wait until the console shows a pattern. Raises `NotSeen`."""

    def ask(self, line: str, s: float = 60) -> str:
        """Return what a command says on its shell. Raises `Refused` and `NotSeen`."""

    def cut_network(self, cut: bool) -> None:  # noqa: FBT001 - `cut_network(True)` is the word
        """Pull the cable of its management port, or plug it in."""

    def pull_mirror(self, pulled: bool) -> None:  # noqa: FBT001 - as above
        """Pull the cable of its mirror port, or plug it in."""

    def unplug_probe(self, unplugged: bool) -> None:  # noqa: FBT001 - as above
        """Pull the plug of the E1 probe, or put it in."""

    def hang(self) -> None:
        """Have its first program stop, and with it whatever feeds the watchdog of the machine."""
