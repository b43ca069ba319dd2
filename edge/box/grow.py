# SPDX-License-Identifier: Apache-2.0
"""Gives the data partition the rest of the disk: in the table, the kernel, the file system.

Cut off anywhere, it is done again: the table is written by one program that keeps its two copies,
and each step finds what is done. Needs `sfdisk`, `partx` and `resize2fs`.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from edge.errors import InputError

LABEL = Path("/dev/disk/by-partlabel/data")
BLOCKS = Path("/sys/class/block")
SLACK = 4 << 20
"Octets that are not worth another table: alignment, and the table's second copy."
SECTOR = 512
"Of sizes in /sys, whatever the disk has."
PATIENCE_S = 90


class Partition(NamedTuple):
    """A partition and the disk that it is on."""

    device: Path
    disk: Path
    number: int
    begins: int
    "In octets, as the rest."
    octets: int
    disk_octets: int

    @property
    def rest(self) -> int:
        """Octets of the disk behind it."""
        return self.disk_octets - self.begins - self.octets


def partition_of(label: Path, blocks: Path = BLOCKS) -> Partition:
    """Return the partition of a label. Raises `InputError`."""
    try:
        device = label.resolve(strict=True)
        seen = (blocks / device.name).resolve(strict=True)
        return Partition(
            device, Path("/dev") / seen.parent.name, _number(seen / "partition"),
            _number(seen / "start") * SECTOR, _number(seen / "size") * SECTOR,
            _number(seen.parent / "size") * SECTOR,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise InputError(f"{label}: is no partition: {error}") from error


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


Run = Callable[[tuple[str, ...], str], None]
"Runs a program, with a text for it to read. Raises `InputError`."


def run(words: tuple[str, ...], told: str = "") -> None:
    """Run a program as root. Raises `InputError` with what it said."""
    try:
        done = subprocess.run(  # noqa: S603 - our own words, no shell
            words, input=told, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{words[0]}: {error}") from error
    if done.returncode:
        raise InputError(f"{' '.join(words)}: {done.stderr.strip()[-300:]}")


def grow(label: Path = LABEL, run: Run = run) -> str:
    """Grow the partition and its ext4, mounted or not; return what was done, for people."""
    before = partition_of(label)
    disk, number = str(before.disk), str(before.number)
    if before.rest > SLACK:
        # The second copy of the table stands where a smaller disk would end.
        write = ("sfdisk", "--quiet", "--no-reread", "--no-tell-kernel")
        run((*write, "--relocate", "gpt-bak-std", disk), "")
        run((*write, "-N", number, disk), ", +\n")
        run(("partx", "--update", "--nr", number, disk), "")
    run(("resize2fs", str(before.device)), "")
    after = partition_of(label)
    return f"{after.device}: {before.octets >> 20} MiB, now {after.octets >> 20} MiB"


def mark(path: Path) -> None:
    """Note that it is done: the unit does not ask again."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    os.fsync(opened)
    os.close(opened)
