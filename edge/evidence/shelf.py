# SPDX-License-Identifier: Apache-2.0
"""How a log of evidence lies on disk, for whoever reads it: lines in a folder a day, and leaves.

    leaves                        32 octets a line (`edge.evidence.merkle`), kept for good
    2026-11-25/verdicts.jsonl     the lines; each says its own place, `"leaf": 17`
    2026-11-25/frames.pcapng      what was heard, if the lines speak of frames

Nothing here writes.
"""

import json
import mmap
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec

from edge.errors import InputError
from edge.evidence.merkle import WIDTH

LEAVES = "leaves"
PRUNED = "pruned.json"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NEWLINE = 10
_MOST = 1 << 62
"Beyond any place there can be."


class Place(msgspec.Struct, frozen=True):
    """What every line says of itself."""

    leaf: int


class Pruned(msgspec.Struct, frozen=True):
    """What was let go on purpose, so that it is not taken for damage."""

    before: str = ""
    leaves: int = 0
    "Lines of places below this one may be gone."


class Capture(msgspec.Struct, frozen=True):
    """Where a record's frames stand: a pcapng section of their own in the capture of the day."""

    file: Annotated[str, msgspec.Meta(pattern=r"^frames(-[0-9]{1,9})?\.pcapng$")]
    at: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
    octets: Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]
    sha256: str

    def read(self, day: Path) -> bytes:
        """Return the octets that stand there, whatever they are. Raises `InputError`."""
        path = day / self.file
        try:
            with path.open("rb") as file:
                file.seek(self.at)
                return file.read(self.octets)
        except OSError as refusal:
            raise InputError(f"{path}: {refusal.strerror}") from refusal

    def is_whole(self, day: Path) -> bool:
        """Whether what stands there is what was written."""
        try:
            return sha256(self.read(day)).hexdigest() == self.sha256
        except InputError:
            return False


class Line(NamedTuple):
    """A line of a log, and where it stands."""

    path: Path
    number: int
    octets: bytes
    "Without the newline."


def days(folder: Path) -> list[Path]:
    """Return the folders of the days, oldest first."""
    return sorted(path for path in folder.glob("*-*-*") if _DAY.fullmatch(path.name))


def line_files(folder: Path) -> Iterator[Path]:
    """Yield the files of lines, oldest day first."""
    for day in days(folder):
        yield from sorted(day.glob("*.jsonl"))


def lines(folder: Path) -> Iterator[Line]:
    """Yield every line of a log. Raises `InputError`."""
    try:
        if not (folder / LEAVES).exists() and not days(folder):
            raise InputError(f"{folder / LEAVES}: No such file or directory")
        for path in line_files(folder):
            with path.open("rb") as file:
                for number, octets in enumerate(file, start=1):
                    yield Line(path, number, octets.removesuffix(b"\n"))
    except OSError as refusal:
        raise InputError(f"{refusal.filename}: {refusal.strerror}") from refusal


def backwards(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, the last first, without reading more of it than is asked for."""
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as octets:
        end = len(octets)
        while end:
            stop = end - (octets[end - 1] == _NEWLINE)
            start = octets.rfind(b"\n", 0, stop) + 1
            yield octets[start:stop]
            end = start


def place_of(line: bytes) -> int | None:
    """Return the place that a line claims; None if it is no line of a log."""
    try:
        place = msgspec.json.decode(line, type=Place).leaf
    except msgspec.MsgspecError:
        return None
    return place if 0 <= place < _MOST else None


def last_place(path: Path) -> int | None:
    """Return the place of the last whole line of a file."""
    return next((place for place in map(place_of, backwards(path)) if place is not None), None)


def beyond(folder: Path, leaf: int, most: int) -> list[bytes]:
    """Return the lines of the places beyond `leaf`, oldest first; if they are more, the newest.

    Raises `InputError`.
    """
    found: dict[int, bytes] = {}
    try:
        for path in reversed(list(line_files(folder))):
            for line in backwards(path):
                place = place_of(line)
                if place is None:
                    continue
                if place <= leaf or len(found) >= most:
                    return [found[at] for at in sorted(found)]
                found[place] = line
    except OSError as refusal:
        raise InputError(f"{refusal.filename or folder}: {refusal.strerror}") from refusal
    return [found[at] for at in sorted(found)]


def read_leaves(folder: Path, first: int = 0) -> bytes:
    """Return the whole leaves from `first` on. Raises `InputError`."""
    path = folder / LEAVES
    try:
        with path.open("rb") as file:
            file.seek(first * WIDTH)
            octets = file.read()
    except OSError as refusal:
        raise InputError(f"{path}: {refusal.strerror}") from refusal
    return octets[: len(octets) // WIDTH * WIDTH]


def pruned(folder: Path) -> Pruned:
    """Return what was let go on purpose."""
    try:
        return msgspec.json.decode((folder / PRUNED).read_bytes(), type=Pruned)
    except (OSError, msgspec.MsgspecError):
        return Pruned()


def find(
    folder: Path, name: str, complain: Callable[[str], object]
) -> Iterator[tuple[Line, dict[str, Any]]]:
    """Yield the records of a call, by Call-ID or record id, and their lines. Raises `InputError`.

    What became of a call is found under the record of its verdict too: it is `of` that one. A line
    that is no record, torn by a power cut, is passed over; `complain` is told which.
    """
    quoted = msgspec.json.encode(name)
    for line in lines(folder):
        octets = line.octets
        if quoted not in octets and octets.startswith(b'{"') and octets.endswith(b"}"):
            continue  # whole, and of another call: not worth to be read
        record = read_record(octets)
        if record is None:
            complain(f"{line.path}:{line.number}: not a record")
        elif name in {record["id"], record.get("call"), record.get("of")}:
            yield line, record


def read_record(line: bytes) -> dict[str, Any] | None:
    """Return what a line says, if it is a record."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not {"id", "leaf", "text"} <= record.keys():
        return None
    named = isinstance(record["id"], str) and isinstance(record["text"], str)
    return record if named and type(record["leaf"]) is int else None


def capture_of(record: Mapping[str, Any]) -> Capture | None:
    """Return where a record's frames stand; None for a record without frames.

    Raises `InputError` if it says so in no way that can be.
    """
    if "capture" not in record:
        return None
    try:
        return msgspec.convert(record["capture"], Capture)
    except msgspec.MsgspecError as wrong:
        raise InputError(f"record {record['id']}: {wrong}") from wrong
