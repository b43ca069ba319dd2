# SPDX-License-Identifier: Apache-2.0
"""Hears E1 probes on a serial port: E1TAP/1 over any address that pyserial opens.

A port with a file descriptor wakes the event loop; one without (`rfc2217://`, `loop://`) is looked
at every 10 ms. Either way a record is heard at most so much later. Nothing is ever sent.
"""

import asyncio
import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Annotated

import serial
from pydantic import BaseModel, ConfigDict, Field

from drivers.taps.e1_serial.probe import Probe, Protocol, State
from edge.clock import monotonic_s, now_ns
from edge.errors import ConfigError, DriverLost
from edge.intake.readable import readable
from edge.model.unit import Unit
from edge.ports import Driver, Losses

CHUNK = 65_536
"Octets read at once; between two reads others run."
GATHER_S = 0.01
"Records are let gather so long: waking for each costs more than reading it."

Channel = Annotated[str, Field(pattern=r"^\d{1,3}:\d{1,2}$")]


class Config(BaseModel):
    """Where the probe is, and what it hears."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    port: str = Field(min_length=1)
    "`/dev/serial/by-id/...` or any address of pyserial: `socket://host:port`, `rfc2217://...`."
    baud: int = Field(default=921_600, ge=9_600, le=12_000_000)
    "Bits a second of the line; of no meaning to USB and `socket://`."
    protocol: Protocol = "auto"
    "What the frames are: `mtp2`, `lapd`, or `auto` to have each timeslot's protocol found."
    channels: Mapping[Channel, Protocol] = {}
    "The same for single timeslots: `span:timeslot` and protocol."
    silence_s: float = Field(default=30.0, gt=0, le=3600)
    "Opened anew after so many seconds without an octet: what a dead TCP connection looks like."


class SerialTap:
    """Yields what a probe heard."""

    def __init__(self, name: str, config: Config, port: serial.Serial) -> None:
        """Take a port that is open and does not block."""
        self._octets_s = monotonic_s()
        "When there were last octets."
        self.probe = Probe(name, config.protocol, config.channels, self._octets_s)
        self._port = port
        self._address = config.port
        self._silence_s = config.silence_s
        self._descriptor = _descriptor(port)

    @property
    def state(self) -> State:
        """How it is with the probe now."""
        return self.probe.state(monotonic_s())

    async def read(self) -> Sequence[Unit]:
        """Return the next units; wait if there are none."""
        while True:
            await asyncio.sleep(0)
            if not self._port.is_open:
                return ()
            octets = self._octets()
            if not octets:
                await self._wait()
                continue
            self._octets_s = monotonic_s()
            if units := self.probe.feed(octets, now_ns(), self._octets_s):
                return units

    def lost(self) -> Losses:
        """Return the records that did not reach us, by cause."""
        return Losses(tuple(sorted(self.probe.ledger.lost.items())))

    async def close(self) -> None:
        """Give the port back; on `socket://` pyserial sleeps over it, so not on the loop."""
        await asyncio.to_thread(self._port.close)

    def _octets(self) -> bytes:
        """Return what the port holds, perhaps nothing. Raises `DriverLost` if it is gone."""
        try:
            if self._descriptor is not None:
                return self._port.read(CHUNK)
            # Here a read gives one octet, or an error if the connection is gone.
            waiting = max(1, self._port.in_waiting)
            return b"".join(self._port.read() for _ in range(min(waiting, CHUNK)))
        except OSError as gone:
            raise DriverLost(f"{self._address}: {gone}") from gone

    async def _wait(self) -> None:
        """Wait until there may be octets. Raises `DriverLost` after too long a silence."""
        left_s = self._octets_s + self._silence_s - monotonic_s()
        if left_s <= 0:
            raise DriverLost(f"{self._address}: silent for {self._silence_s:g} s")
        if self._descriptor is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await readable(self._descriptor)
        await asyncio.sleep(GATHER_S)


def _descriptor(port: serial.Serial) -> int | None:
    try:
        return port.fileno()
    except io.UnsupportedOperation:
        return None


async def open_tap(name: str, config: Config) -> SerialTap:
    """Open the port. Raises `ConfigError` for an address or rate that no port can have."""

    def opened() -> serial.Serial:
        return serial.serial_for_url(config.port, config.baud, timeout=0, exclusive=True)

    try:
        return SerialTap(name, config, await asyncio.to_thread(opened))
    except ValueError as wrong:
        raise ConfigError(f"{config.port}: {wrong}") from wrong
    except OSError as refusal:
        raise DriverLost(f"{config.port}: {refusal}") from refusal


DRIVER = Driver(
    name="e1_serial",
    config=Config,
    open=open_tap,
    summary="An E1 probe on a serial port, USB or RS-422, that speaks E1TAP/1.",
)
