# SPDX-License-Identifier: Apache-2.0
"""A twin of RAUC's service: its published interface on a private bus, with two slots in memory.

with private_bus(tmp_path) as address:
    async with Twin(address) as rauc:
        ... rauc.bundles[path] = {...} ... rauc.installed ... rauc.fails = "..."

It says of bundles what the test has laid down; what RAUC makes of real ones, tests of the image
show.
"""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

NAME, FACE = "de.pengutronix.rauc", "de.pengutronix.rauc.Installer"
PROPERTIES = "org.freedesktop.DBus.Properties"
PRODUCT = "qalqan-edge-x86_64"


@contextmanager
def private_bus(folder: Path) -> Iterator[str]:
    """Run a bus of our own; yields its address."""
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1",
               f"--address=unix:path={folder}/bus"]  # fmt: skip
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()
    finally:
        daemon.terminate()
        daemon.communicate(timeout=10)


def manifest(version: str = "1.2.0", compatible: str = PRODUCT, format_: str = "verity") -> dict:
    """What `InspectBundle` says of a bundle, wrapped as RAUC wraps it."""

    def twice(fields: dict[str, str]) -> Variant:
        said = {key: Variant("s", one) for key, one in fields.items()}
        return Variant("v", Variant("a{sv}", said))

    return {
        "manifest-hash": Variant("s", "5" * 64),
        "update": twice({"compatible": compatible, "version": version}),
        "bundle": twice({"format": format_}),
    }


class Twin:
    """The service, and logind beside it."""

    def __init__(self, address: str, name: str = NAME) -> None:
        self.bundles: dict[str, dict] = {}
        "What is said of a bundle, by its path; others are no bundles."
        self.refusal = "failed to open bundle: no such file"
        self.knows = {"ignore-compatible", "ignore-version-limit", "transaction-id"}
        "Words that an installation may be given: those of 1.13."
        self.fails = ""
        "LastError of the next installation; empty: it succeeds."
        self.dies = False
        "Whether it ends within the next installation."
        self.holds: asyncio.Event | None = None
        "Is waited for within an installation."
        self.begun = asyncio.Event()
        self.installed: list[tuple[str, str]] = []
        "Path and hash of each installation."
        self.marked: list[tuple[str, str]] = []
        self.booted = "A"
        self.good = {"A": "good", "B": "good"}
        self.operation = "idle"
        self.reboots = 0
        self.last_error = ""
        self._address = address
        self._name = name
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._bus = await MessageBus(bus_address=self._address).connect()
        self._bus.add_message_handler(self._take)
        await self._bus.request_name(self._name)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        self._bus.disconnect()
        await self._bus.wait_for_disconnect()

    def _take(self, message: Message) -> Message | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if message.member == "Get" and message.interface == PROPERTIES:
            return Message.new_method_return(message, "v", [self._property(message.body[1])])
        take = getattr(self, f"_{message.member}", None)
        return take(message) if take else None

    def _property(self, name: str) -> Variant:
        return {
            "Operation": Variant("s", self.operation),
            "LastError": Variant("s", self.last_error),
            "Compatible": Variant("s", PRODUCT),
            "BootSlot": Variant("s", self.booted),
        }[name]

    def _GetSlotStatus(self, message: Message) -> Message:  # noqa: N802 - RAUC's word
        listed = []
        for at, bootname in enumerate("AB"):
            state = "booted" if bootname == self.booted else "inactive"
            fields = {"class": "system", "bootname": bootname, "state": state,
                      "boot-status": self.good[bootname], "device": f"/dev/{bootname}"}  # fmt: skip
            listed.append([f"system.{at}", {key: Variant("s", one) for key, one in fields.items()}])
            child = {"class": "boot", "state": "inactive", "parent": f"system.{at}"}
            listed.append([f"boot.{at}", {key: Variant("s", one) for key, one in child.items()}])
        return Message.new_method_return(message, "a(sa{sv})", [listed])

    def _InspectBundle(self, message: Message) -> Message:  # noqa: N802 - RAUC's word
        found = self.bundles.get(message.body[0]) or self.bundles.get("*")
        if found is None:
            return Message.new_error(message, "org.gtk.GDBus.UnmappedGError", self.refusal)
        return Message.new_method_return(message, "a{sv}", [found])

    def _Mark(self, message: Message) -> Message:  # noqa: N802 - RAUC's word
        self.marked.append(tuple(message.body))
        text = f"marked slot system.0 as {message.body[0]}"
        return Message.new_method_return(message, "ss", ["system.0", text])

    def _InstallBundle(self, message: Message) -> Message:  # noqa: N802 - RAUC's word
        if self.operation != "idle":
            text = "already processing a different method"
            return Message.new_error(message, "org.gtk.GDBus.UnmappedGError", text)
        for key in message.body[1].keys() - self.knows:
            text = f"Unsupported key: {key}"
            return Message.new_error(message, "org.gtk.GDBus.UnmappedGError", text)
        hash_ = message.body[1].get("require-manifest-hash", Variant("s", "")).value
        self.installed.append((message.body[0], hash_))
        self.operation = "installing"
        task = asyncio.get_running_loop().create_task(self._install())
        self._tasks.append(task)
        return Message.new_method_return(message)

    def _Reboot(self, message: Message) -> Message:  # noqa: N802 - logind's word
        self.reboots += 1
        return Message.new_method_return(message)

    async def _install(self) -> None:
        self.begun.set()
        for percent in (0, 20, 40, 60, 99):
            self._signal(PROPERTIES, "PropertiesChanged", "sa{sv}as", [
                FACE, {"Progress": Variant("(isi)", [percent, "Copying image", 2])}, [],
            ])  # fmt: skip
        if self.holds:
            await self.holds.wait()
        if self.dies:
            self._bus.disconnect()
            return
        self.last_error, self.operation = self.fails, "idle"
        self._signal(FACE, "Completed", "i", [1 if self.fails else 0])

    def _signal(self, face: str, member: str, signature: str, body: list[Any]) -> None:
        self._bus.send(Message.new_signal("/", face, member, signature, body))
