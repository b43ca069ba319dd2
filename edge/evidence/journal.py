# SPDX-License-Identifier: Apache-2.0
"""Keeps every verdict that would stop a call: the reasons as JSON lines, the frames as pcapng.

One folder, two files, append-only: a run adds to what earlier ones left, the frames as a section
of its own. The frame is the one that offered the call; it carries the record's id as its comment,
so that a reader of the capture finds the reasons and back.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from edge.decode.pcapng import PcapngWriter
from edge.errors import InputError
from edge.model.verdict import Verdict
from edge.pipeline import Decided
from edge.verdict.explain import explain, explanation

VERDICTS = "verdicts.jsonl"
FRAMES = "frames.pcapng"


class Journal:
    """The evidence of one run."""

    def __init__(self, folder: Path) -> None:
        """Open the files in `folder`, made if need be. Raises `InputError` if that fails."""
        self.folder = folder
        self.records = 0
        self.lost = 0
        "Records that could not be written: a full disk must not cost a verdict."
        self.last = ""
        "Call of the last record."
        self._writer = PcapngWriter()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._verdicts, self._before = _continued(folder / VERDICTS)
            self._frames: BinaryIO = (folder / FRAMES).open("ab")
            self._frames.write(self._writer.header())
            self._frames.flush()
        except OSError as refusal:
            raise InputError(f"{refusal.filename}: {refusal.strerror}") from refusal

    def keep(self, decided: Decided) -> str:
        """Write one verdict and its frames, past the reach of a kill; returns the record's id."""
        self.records += 1
        offer, verdict = decided.offer, decided.verdict
        unit = offer.message.unit
        self.last = offer.call
        record = f"{unit.at:x}-{self._before + self.records}"
        line = {
            "id": record,
            "frame": unit.number,
            "tap": unit.tap,
            "clock": {"source": unit.clock.source, "digits": unit.clock.digits},
            "took_us": decided.took_ns / 1000,
            **explanation(offer, verdict),
            "text": explain(offer, verdict),
        }
        try:
            self._verdicts.write(msgspec.json.encode(line) + b"\n")
            self._verdicts.flush()
            for piece in (*offer.message.earlier, unit):
                self._frames.write(self._writer.write(piece, f"{record} {verdict.rule}"))
            self._frames.flush()
        except OSError:
            self.lost += 1
        return record

    def close(self) -> None:
        """Close both files; what did not fit on the disk was counted."""
        for file in (self._verdicts, self._frames):
            with suppress(OSError):
                file.close()


def _continued(path: Path) -> tuple[BinaryIO, int]:
    """Open a file of lines to go on with; returns it with the number of lines it has."""
    lines, torn = 0, False
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                lines, torn = lines + 1, not line.endswith(b"\n")
    continued = path.open("ab")
    if torn:  # the power went within the last line; the next begins on its own
        continued.write(b"\n")
    return continued, lines


def is_evidence(verdict: Verdict) -> bool:
    """Whether a verdict stops a call, or would if its trunk were in `enforce`."""
    return verdict.acts or verdict.wanted is not verdict.action


def records(
    folder: Path, call: str, complain: Callable[[str], object]
) -> Iterator[dict[str, object]]:
    """Yield the records of a call, by Call-ID or record id. Raises `InputError`.

    A line that is no record, torn by a power cut, is passed over; `complain` is told which.
    """
    path = folder / VERDICTS
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                record = _record(line)
                if record is None:
                    complain(f"{path}:{number}: not a record")
                elif call in {record["call"], record["id"]}:
                    yield record
    except OSError as refusal:
        raise InputError(f"{path}: {refusal.strerror}") from refusal


def _record(line: bytes) -> dict[str, object] | None:
    """Return what a line says, if it is a record."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(record, dict) and {"id", "call", "frame", "tap", "text"} <= record.keys()
    return record if whole else None
