# SPDX-License-Identifier: Apache-2.0
"""Hears capture files (pcap, pcapng, e1cap), one after the other, at any pace.

The formats are read in `edge.decode.pcapfile`; files, waiting and losses are the driver's.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field

from edge.clock import monotonic_s
from edge.decode.e1cap import RawTimeslot
from edge.decode.pcapfile import CaptureReader
from edge.errors import InputError
from edge.model.message import Malformed
from edge.model.unit import Unit
from edge.ports import Driver, Losses, Trait

CHUNK = 256 * 1024
"Octets read at once; between two chunks other tasks run."

MALFORMED_KEPT = 64
"Places that could not be read, kept for whoever asks; all are counted."


class Config(BaseModel):
    """Which files, and how fast."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    files: tuple[Path, ...] = Field(min_length=1)
    "Capture files, heard one after the other as listed; their times are not merged."
    pace: float = Field(default=0.0, ge=0, le=1000)
    "Speed against the time of the capture: 1 as it happened, 2 twice as fast; 0 without waiting."
    raw_timeslot_kbit: int = Field(default=0, ge=0, le=1984)
    "Rate of the E1 timeslot whose bare octets the files are; 0 where they are captures."


class PcapTap:
    """Yields the units of capture files, numbered on from file to file."""

    def __init__(
        self,
        name: str,
        files: Sequence[Path],
        *,
        pace: float = 0.0,
        timeslot_rate: int = 0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now_s: Callable[[], float] = monotonic_s,
    ) -> None:
        """Read `files` for `name`. A file is opened when the one before it has ended."""
        self.malformed: deque[Malformed] = deque(maxlen=MALFORMED_KEPT)
        "The last places of the files that could not be read."
        self._lost: Counter[str] = Counter()
        self._timeslot_rate = timeslot_rate
        self._batches = self._read_all(name, files)
        self._ahead: deque[Unit] = deque()
        self._pace = pace
        self._sleep = sleep
        self._now_s = now_s
        self._start: tuple[float, int] | None = None
        "When the first unit was heard, on our clock and on the clock of the capture."

    async def read(self) -> Sequence[Unit]:
        """Return the next units; empty after the last file. Raises `InputError` naming the file."""
        await self._sleep(0)
        while not self._ahead:
            batch = next(self._batches, None)
            if batch is None:
                return ()
            self._ahead.extend(batch)
            await self._sleep(0)
        if self._pace:
            return await self._due()
        units = tuple(self._ahead)
        self._ahead.clear()
        return units

    def lost(self) -> Losses:
        """Return how many places of the files could not be read, by layer."""
        return Losses(tuple(sorted(self._lost.items())))

    async def close(self) -> None:
        """Close the file that is open; nothing more is heard."""
        self._batches.close()
        self._ahead.clear()

    async def _due(self) -> Sequence[Unit]:
        """Wait until the next unit is due; return it and all others that are by then."""
        first = self._ahead[0].at
        began_s, began_at = self._start = self._start or (self._now_s(), first)
        wait_s = (first - began_at) / 1e9 / self._pace - (self._now_s() - began_s)
        if wait_s > 0:
            await self._sleep(wait_s)
        heard_ns = (self._now_s() - began_s) * self._pace * 1e9
        units = [self._ahead.popleft()]
        while self._ahead and self._ahead[0].at - began_at <= heard_ns:
            units.append(self._ahead.popleft())
        return units

    def _read_all(self, name: str, files: Sequence[Path]) -> Generator[list[Unit], None, None]:
        """Yield the units of every chunk of every file."""
        heard = 0
        for path in files:
            before = heard
            for batch in self._read_file(name, path):
                heard += len(batch)
                yield [_numbered_on(unit, before) for unit in batch] if before else batch

    def _read_file(self, name: str, path: Path) -> Generator[list[Unit], None, None]:
        """Yield the units of every chunk. Raises `InputError` if the file is no capture at all."""
        rate = self._timeslot_rate
        reader = RawTimeslot(name, rate) if rate else CaptureReader(name)
        with opened(path) as file:
            while chunk := file.read(CHUNK):
                yield self._sorted_out(path, reader.feed(chunk))
        yield self._sorted_out(path, reader.end())

    def _sorted_out(self, path: Path, heard: Sequence[Unit | Malformed]) -> list[Unit]:
        """Return the units; keep and count the rest."""
        units = []
        for one in heard:
            if isinstance(one, Unit):
                units.append(one)
                continue
            if one.offset == 0:
                raise InputError(f"{path}: {one.why}")
            self.malformed.append(one)
            self._lost[f"{one.layer} malformed"] += 1
        return units


def _numbered_on(unit: Unit, before: int) -> Unit:
    return replace(unit, number=before + unit.number)


def opened(path: Path) -> BinaryIO:
    """Open a capture file. Raises `InputError` naming it."""
    try:
        return path.open("rb")
    except OSError as refusal:
        raise InputError(f"{path}: {refusal.strerror}") from refusal


async def open_tap(name: str, config: Config) -> PcapTap:
    """Return a tap over the files. Raises `InputError` if one of them cannot be opened."""
    for path in config.files:
        opened(path).close()
    rate = config.raw_timeslot_kbit
    return PcapTap(name, config.files, pace=config.pace, timeslot_rate=rate)


DRIVER = Driver(
    name="pcap",
    config=Config,
    open=open_tap,
    summary="Capture files, pcap or pcapng, as fast as they can be read or as it happened.",
    trait=Trait.OFFLINE,
)
