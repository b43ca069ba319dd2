# SPDX-License-Identifier: Apache-2.0
"""The numbers of a process in a file, written anew each second: `state/run/<process>.numbers`.

A file is renamed into place, so that whoever reads finds a whole one, and never synced: it is worth
nothing after a power cut. Its age is told by a clock that does not step.
"""

import asyncio
import os
import platform
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock

import msgspec

from edge import __version__, counters
from edge.counters import BY_NAME, Declared, Histogram
from edge.counting import Labels, Numbers, Series, label_value
from edge.moment import Moments
from edge.report.event import Clock

EVERY_S = 1.0
SUFFIX = ".numbers"
VERSION = 1
MOST_OCTETS = 4 << 20
"Of a file; what is larger is no file of ours."
MOST_FILES = 32
NAME = re.compile("[a-z][a-z-]{0,31}")
"How a process may be called: no digits, as it is a label."
NS = 1_000_000_000


class Reading(msgspec.Struct, frozen=True):
    """All numbers of a process at one time."""

    v: int
    process: str
    pid: int
    software: str
    boot: str
    "Which start of the machine `mono` counts from."
    mono: int
    "Nanoseconds since then."
    numbers: dict[str, list[tuple[Labels, list[float]]]]
    "By name: the series, each with labels and values as `edge.counting.Series` has them."

    def age_s(self, moments: Moments) -> float:
        """Return how old it is; endless if the machine was started anew since."""
        now = moments.now()
        return (now.mono - self.mono) / NS if self.boot == now.boot else float("inf")

    def series(self) -> list[Series]:
        """Return the series that are as declared; of those that are not, nothing is known."""
        found: list[Series] = []
        for name, several in self.numbers.items():
            declared = BY_NAME.get(name)
            if declared:
                found += [
                    s for labels, values in several if (s := _series(declared, labels, values))
                ]
        return found


def _series(declared: Declared, labels: Labels, values: list[float]) -> Series | None:
    """Return a series as it was read, None if it is not of the declared shape."""
    width = len(declared.bounds) + 2 if isinstance(declared, Histogram) else 1
    if len(labels) != len(declared.labels) or len(values) != width:
        return None
    pairs = zip(declared.labels, labels, strict=True)
    return Series(declared, tuple(label_value(*pair) for pair in pairs), values)


class Meter:
    """Reads the numbers of this process, those that the kernel keeps of it among them."""

    def __init__(
        self,
        process: str,
        numbers: Numbers,
        moments: Moments,
        look: Callable[[], object] = lambda: None,
    ) -> None:
        """Name the process; `look` takes over into `numbers` what is counted elsewhere."""
        self.process = process
        self._numbers = numbers
        self._moments = moments
        self._look = look
        self._clocks = {
            quality: numbers[counters.CLOCK_QUALITY].of(quality.value) for quality in Clock
        }
        numbers[counters.BUILD_INFO].of(__version__, platform.python_version()).value = 1
        numbers[counters.PROCESS_START].of().value = moments.now().at / NS

    def reading(self) -> Reading:
        """Return how the numbers stand now."""
        self._look()
        now = self._moments.now()
        for quality, cell in self._clocks.items():
            cell.value = int(quality is now.clock)
        _measure(self._numbers)
        found: dict[str, list[tuple[Labels, list[float]]]] = {}
        for declared, labels, values in self._numbers.series():
            found.setdefault(declared.name, []).append((labels, values))
        return Reading(VERSION, self.process, os.getpid(), __version__, now.boot, now.mono, found)


class Recorder:
    """Writes what a meter reads."""

    def __init__(self, folder: Path, meter: Meter) -> None:
        """Write to `folder`, made if need be."""
        self._path = folder / f"{meter.process}{SUFFIX}"
        self._meter = meter
        self._one_at_a_time = Lock()

    def write(self) -> None:
        """Write the file now."""
        self._put(msgspec.json.encode(self._meter.reading()))

    async def forever(self) -> None:
        """Write each second, and once more at the end: last numbers are worth having."""
        try:
            while True:
                # The disk may stall: it is another thread that waits for it.
                octets = msgspec.json.encode(self._meter.reading())
                await asyncio.to_thread(self._put, octets)
                await asyncio.sleep(EVERY_S)
        finally:
            self.write()

    def _put(self, octets: bytes) -> None:
        """Replace the file; that it could not be written is told by its age."""
        fresh = self._path.with_suffix(".fresh")
        with self._one_at_a_time, suppress(OSError):
            fresh.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(octets)
            fresh.replace(self._path)


def _measure(numbers: Numbers) -> None:
    """Take over what the kernel counts of this process."""
    taken = os.times()
    numbers[counters.PROCESS_CPU].of().value = taken.user + taken.system
    with suppress(OSError, ValueError, IndexError):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        numbers[counters.PROCESS_MEMORY].of().value = int(pages) * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError):
        numbers[counters.PROCESS_FDS].of().value = (
            sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1
        )


def read(folder: Path) -> Mapping[str, Reading]:
    """Return the last reading of every process that left a whole one, however old."""
    found = {}
    with suppress(OSError):
        for path in sorted(folder.glob(f"*{SUFFIX}"))[:MOST_FILES]:
            if reading := _read(path):
                found[reading.process] = reading
    return found


def _read(path: Path) -> Reading | None:
    """Return what a file says, if it is one of ours and whole."""
    if not NAME.fullmatch(path.name.removesuffix(SUFFIX)):
        return None
    try:
        with path.open("rb") as file:
            octets = file.read(MOST_OCTETS + 1)
        reading = msgspec.json.decode(octets, type=Reading)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    whole = reading.v == VERSION and reading.process == path.name.removesuffix(SUFFIX)
    return reading if whole and len(octets) <= MOST_OCTETS else None
