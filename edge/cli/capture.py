# SPDX-License-Identifier: Apache-2.0
"""Capture files for the commands: read in order, with a progress bar where somebody looks."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from edge.decode.e1cap import RawTimeslot
from edge.decode.pcapfile import CaptureReader
from edge.errors import InputError
from edge.model.message import Malformed
from edge.model.unit import Unit

RawE1 = Annotated[
    bool, typer.Option("--raw-e1", help="The files are the bare octets of an E1 timeslot.")
]
TsRate = Annotated[int, typer.Option(min=8, max=1984, help="... of so many kbit/s.")]

CHUNK = 1 << 20
"Octets read at once."

WORTH_A_BAR = 8 << 20
"Octets from which on reading takes long enough to be watched."


def check_readable(paths: Sequence[Path]) -> None:
    """Raise `InputError` for the first file that cannot be opened, before any work is done."""
    for path in paths:
        try:
            path.open("rb").close()
        except OSError as refusal:
            raise InputError(f"{path}: {refusal.strerror}") from refusal


class CaptureFiles:
    """The units of several files; what is wrong with a file is kept as a line for the user."""

    def __init__(self, paths: Sequence[Path], ts_rate: int = 0) -> None:
        """Name the files; nothing is opened yet. `ts_rate`: they are bare timeslots, kbit/s."""
        self._paths = paths
        self._ts_rate = ts_rate
        self.frames = 0
        self.complaints: list[str] = []
        "One line for each file that could not be read to its end."
        self.malformed: list[Malformed] = []
        "Places in the files themselves that could not be read."

    def units(self, doing: str) -> Iterator[Unit]:
        """Yield every unit of every file, showing progress as `doing`."""
        total = sum(path.stat().st_size for path in self._paths if path.is_file())
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
        )
        shown = console.is_terminal and total >= WORTH_A_BAR
        with Progress(*columns, console=console, disable=not shown, transient=True) as progress:
            task = progress.add_task(doing, total=total)
            for path in self._paths:
                for chunk_units, size in self._file(path):
                    yield from chunk_units
                    progress.advance(task, size)

    def _file(self, path: Path) -> Iterator[tuple[list[Unit], int]]:
        """Yield the units of each chunk with the chunk's size."""
        reader = self._reader(path)
        try:
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    yield self._units(path, reader.feed(chunk)), len(chunk)
        except OSError as refusal:
            self.complaints.append(f"{path}: {refusal.strerror}")
            return
        yield self._units(path, reader.end()), 0

    def _reader(self, path: Path) -> CaptureReader | RawTimeslot:
        return RawTimeslot(str(path), self._ts_rate) if self._ts_rate else CaptureReader(str(path))

    def _units(self, path: Path, heard: Sequence[Unit | Malformed]) -> list[Unit]:
        """Sort out what the reader gave."""
        units: list[Unit] = []
        for one in heard:
            if isinstance(one, Unit):
                units.append(one)
                continue
            if not any(line.startswith(f"{path}: ") for line in self.complaints):
                self.complaints.append(f"{path}: {one.why} (octet {one.offset})")
            self.malformed.append(one)
        self.frames += len(units)
        return units
