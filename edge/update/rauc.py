# SPDX-License-Identifier: Apache-2.0
"""RAUC 1.13 by D-Bus, as its `de.pengutronix.rauc.Installer` says. Implements `Installer`.

The only file that knows dbus-fast. A connection of its own for each question: updates are rare,
and a bus that was away is no matter an hour later.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from dbus_fast import BusType, DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, InvalidAddressError

from edge.clock import monotonic_s
from edge.errors import DriverLost
from edge.update.install import Bundle, Slot, Status
from edge.update.state import Failed, Why

BusError = DBusError
"What somebody on the bus refuses."
NAME, PATH, FACE = "de.pengutronix.rauc", "/", "de.pengutronix.rauc.Installer"
PROPERTIES = "org.freedesktop.DBus.Properties"
BUS, BUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
EXACTLY = "require-manifest-hash"
ANSWER_S = 60.0
"A bundle is looked at within this: its signature is checked, and it is mounted."
INSTALL_S = 3600.0
LOOK_S = 5.0
"How often is looked whether the bus is there still."
_GONE = frozenset({
    f"{BUS}.Error.ServiceUnknown", f"{BUS}.Error.NameHasNoOwner", f"{BUS}.Error.NoReply",
    f"{BUS}.Error.Disconnected", f"{BUS}.Error.Spawn.ServiceNotFound",
    f"{BUS}.Error.AccessDenied",
})  # fmt: skip
_SIGNED = ("signature", "certificate", "cms")


class Call(NamedTuple):
    """A method of somebody on the bus."""

    name: str
    path: str
    face: str
    member: str


@asynccontextmanager
async def opened(address: str | None = None) -> AsyncIterator[MessageBus]:
    """Connect to the system's bus, or another, until the block is left. Raises `DriverLost`."""
    bus = MessageBus(bus_address=address, bus_type=BusType.SYSTEM)
    try:
        async with asyncio.timeout(ANSWER_S):
            await bus.connect()
    except (OSError, EOFError, AuthError, InvalidAddressError, TimeoutError) as error:
        raise DriverLost(f"the bus of this machine: {error}") from error
    try:
        yield bus
    finally:
        bus.disconnect()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def called(
    bus: MessageBus, call: Call, signature: str = "", body: Sequence[Any] = ()
) -> list[Any]:
    """Return what a method answers. Raises `BusError`, or `DriverLost` if nobody is there."""
    message = Message(
        destination=call.name, path=call.path, interface=call.face, member=call.member,
        signature=signature, body=list(body),
    )  # fmt: skip
    try:
        async with asyncio.timeout(ANSWER_S):
            answer = await bus.call(message)
    except (TimeoutError, EOFError, OSError) as error:
        raise DriverLost(f"{call.name} does not answer") from error
    if answer.error_name and str(answer.error_name) in _GONE:
        raise DriverLost(f"{call.name}: {_text(answer)}")
    if answer.message_type is MessageType.ERROR:
        raise BusError(str(answer.error_name), _text(answer))
    return answer.body


def _text(answer: Message) -> str:
    return str(answer.body[0]) if answer.body else "no reason given"


def plain(value: object) -> Any:  # noqa: ANN401 - whatever somebody on the bus says
    """Return a value without the wrapping of its types; RAUC wraps some of them twice."""
    if isinstance(value, Variant):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def bundle_of(said: dict[str, Any]) -> Bundle:
    """Return what `InspectBundle` has said. Raises `Failed` where that is not enough."""
    try:
        update, bundle = said["update"], said["bundle"]
        return Bundle(
            str(update["compatible"]), str(update["version"]), str(bundle["format"]),
            str(said.get("manifest-hash", "")),
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise Failed(Why.BUNDLE, f"the bundle does not say its {error}") from error


def slot_of(name: str, said: dict[str, Any]) -> Slot | None:
    """Return a slot of `GetSlotStatus`; None for one that is not booted by itself."""
    bootname = said.get("bootname")
    if not bootname:
        return None
    booted, good = said.get("state") == "booted", said.get("boot-status") == "good"
    return Slot(name, str(bootname), booted, good)


class Rauc:
    """RAUC's service."""

    def __init__(self, address: str | None = None) -> None:
        """Find it on the system's bus, or on another one."""
        self._address = address

    async def status(self) -> Status:
        """Return how the slots stand. Raises `DriverLost`."""
        async with opened(self._address) as bus:
            try:
                [listed] = await called(bus, _rauc("GetSlotStatus"))
                compatible = await _property(bus, "Compatible")
            except BusError as error:
                raise DriverLost(f"rauc: {error.text}") from error
        found = [slot_of(name, plain(said)) for name, said in listed]
        return Status(str(compatible), tuple(slot for slot in found if slot))

    async def inspect(self, path: Path) -> Bundle:
        """Return what a bundle says of itself. Raises `Failed` or `DriverLost`."""
        async with opened(self._address) as bus:
            await _idle(bus)
            try:
                [said] = await called(bus, _rauc("InspectBundle"), "sa{sv}", [str(path), {}])
            except BusError as error:
                raise _refused(error.text) from error
        return bundle_of(plain(said))

    async def mark(self, state: str, slot: str) -> str:
        """Mark a slot (`booted`, `other` or its name) `good`, `bad` or `active`.

        Returns RAUC's sentence. Raises `DriverLost`.
        """
        async with opened(self._address) as bus:
            try:
                _, text = await called(bus, _rauc("Mark"), "ss", [state, slot])
            except BusError as error:
                raise DriverLost(f"rauc: {error.text}") from error
        return str(text)

    async def install(self, path: Path, manifest_hash: str, told: Callable[[int], object]) -> None:
        """Write a bundle into the slots that do not run. Raises `Failed` or `DriverLost`."""
        async with opened(self._address) as bus:
            await _idle(bus)
            watch = _Watch(told)
            bus.add_message_handler(watch.hear)
            await _listen(bus)
            try:
                await _begin(bus, path, manifest_hash)
                await self._completed(bus, watch)
            except BusError as error:
                raise _refused(error.text) from error
            finally:
                bus.remove_message_handler(watch.hear)

    async def _completed(self, bus: MessageBus, watch: "_Watch") -> None:
        until_s = monotonic_s() + INSTALL_S
        while not watch.completed.done():
            await asyncio.wait({watch.completed}, timeout=LOOK_S)
            if not bus.connected or monotonic_s() >= until_s:
                raise DriverLost("rauc came to no end")
        if watch.completed.result():
            raise _refused(str(await _property(bus, "LastError")), Why.INSTALL)


async def _begin(bus: MessageBus, path: Path, manifest_hash: str) -> None:
    """Have a bundle written: the very one that was looked at, where RAUC can be told so.

    Debian's 1.13 does not know that word. The bundle's signature is checked again in any case.
    """
    args = {EXACTLY: Variant("s", manifest_hash)} if manifest_hash else {}
    try:
        await called(bus, _rauc("InstallBundle"), "sa{sv}", [str(path), args])
    except BusError as error:
        if EXACTLY not in error.text:
            raise
        await called(bus, _rauc("InstallBundle"), "sa{sv}", [str(path), {}])


class _Watch:
    """Hears how far an installation has got."""

    def __init__(self, told: Callable[[int], object]) -> None:
        self.completed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._told = told

    def hear(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL or self.completed.done():
            return
        if message.member == "Completed" and message.interface == FACE:
            self.completed.set_result(int(message.body[0]))
        elif message.member == "PropertiesChanged" and message.body[0] == FACE:
            progress = plain(message.body[1]).get("Progress")
            if progress:
                self._told(max(0, min(int(progress[0]), 100)))
        elif message.member == "NameOwnerChanged" and message.body[0::2] == [NAME, ""]:
            self.completed.set_exception(DriverLost("rauc ended within an installation"))


async def _idle(bus: MessageBus) -> None:
    """Raise `DriverLost` while RAUC is at work: for us in an earlier life, or for somebody else."""
    if await _property(bus, "Operation") != "idle":
        raise DriverLost("rauc is at work")


async def _listen(bus: MessageBus) -> None:
    """Have the signals of RAUC, and that it ended, sent to us."""
    rules = (
        f"type='signal',sender='{NAME}',path='{PATH}'",
        f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{NAME}'",
    )
    for rule in rules:
        await called(bus, Call(BUS, BUS_PATH, BUS, "AddMatch"), "s", [rule])


async def _property(bus: MessageBus, name: str) -> object:
    [value] = await called(bus, Call(NAME, PATH, PROPERTIES, "Get"), "ss", [FACE, name])
    return plain(value)


def _rauc(member: str) -> Call:
    return Call(NAME, PATH, FACE, member)


def _refused(text: str, otherwise: Why = Why.BUNDLE) -> Failed:
    """Return RAUC's refusal under its name."""
    lower = text.lower()
    if "invalid bundle" in lower:  # cut off, or never one; speaks of a signature, too
        return Failed(Why.BUNDLE, text)
    if any(word in lower for word in _SIGNED):
        return Failed(Why.SIGNATURE, text)
    if "plain" in lower and "format" in lower:
        return Failed(Why.PLAIN, text)
    if "compatible" in lower:
        return Failed(Why.PRODUCT, text)
    return Failed(otherwise, text)
