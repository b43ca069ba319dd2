# SPDX-License-Identifier: Apache-2.0
"""Which capture of a day is gone on with: the newest, if it ends where its last record says.

A capture holds a day, and calls wait meanwhile: of all of it no more is read than the frames of
that record. What a kill or a power cut left behind it may end within a block, and stays as it is.
"""

from pathlib import Path

from edge.errors import InputError
from edge.evidence.shelf import Capture, backwards, capture_of, read_record

FRAMES = "frames.pcapng"
"The first of a day; those after it are `frames-2.pcapng` and so on."


def capture_in(day: Path, lines: str) -> Path:
    """Return the capture of a day that the next frames are for, which need not be there yet.

    `lines` names the file of its records. Raises `OSError`.
    """
    number, path = 1, day / FRAMES
    while (newer := day / f"frames-{number + 1}.pcapng").exists():
        number, path = number + 1, newer
    if not path.exists():
        return path
    size, last = path.stat().st_size, _last(day / lines)
    if last is None or last.file != path.name:
        return newer if size else path
    return path if size == last.at + last.octets and last.is_whole(day) else newer


def _last(lines: Path) -> Capture | None:
    """Return where the frames stand of the last record that has some; None if it cannot be read."""
    for line in backwards(lines):
        record = read_record(line)
        try:
            capture = capture_of(record) if record else None
        except InputError:
            return None
        if capture:
            return capture
    return None
