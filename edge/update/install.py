# SPDX-License-Identifier: Apache-2.0
"""What an update needs of the machine: who writes slots, and who starts it anew. Two ports.

`edge.update.rauc` and `edge.update.power` are their drivers; tests have twins behind both.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from edge.update.manifest import Release
from edge.update.state import Failed, Why

FORMATS = frozenset({"verity", "crypt"})
"Of a bundle whose blocks are checked as they are read; `plain` is checked once, and read later."


class Slot(NamedTuple):
    """A slot that can be booted, as the installer sees it."""

    name: str
    bootname: str
    booted: bool
    good: bool


class Status(NamedTuple):
    """What the installer says of the machine."""

    compatible: str
    slots: tuple[Slot, ...]

    @property
    def booted(self) -> str:
        """Return the boot name of the slot that runs; empty if it is none of them."""
        return next((slot.bootname for slot in self.slots if slot.booted), "")

    @property
    def other(self) -> str:
        """Return the boot name of the slot that is written; empty if there is none."""
        return next((slot.bootname for slot in self.slots if not slot.booted), "")


class Bundle(NamedTuple):
    """What a bundle says of itself; its signature was right."""

    compatible: str
    version: str
    format: str
    hash: str
    "Of its manifest: what is installed must be what was looked at."


class Installer(Protocol):
    """Writes bundles into slots."""

    async def status(self) -> Status:
        """Return how the slots stand. Raises `DriverLost`."""

    async def inspect(self, path: Path) -> Bundle:
        """Return what a bundle says of itself. Raises `Failed` for a bad one, or `DriverLost`."""

    async def install(self, path: Path, manifest_hash: str, told: Callable[[int], object]) -> None:
        """Write a bundle into the slots that do not run; `told` is given percents.

        Raises `Failed` or `DriverLost`.
        """


class Power(Protocol):
    """Starts the machine anew."""

    async def reboot(self) -> None:
        """Ask for it; returns when it was asked for. Raises `DriverLost`."""


def check_bundle(bundle: Bundle, release: Release) -> None:
    """Raise `Failed` unless a bundle is the one that release and operations have signed."""
    if bundle.format not in FORMATS:
        raise Failed(Why.PLAIN, f"a bundle of format {bundle.format} is not installed")
    if bundle.compatible != release.compatible:
        text = f"the bundle is for {bundle.compatible}, signed was {release.compatible}"
        raise Failed(Why.PRODUCT, text)
    if bundle.version != release.version:
        raise Failed(Why.BUNDLE, f"the bundle is {bundle.version}, signed was {release.version}")
