# SPDX-License-Identifier: Apache-2.0
"""Puts the file systems together: one file that is copied to a disk as it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from image.board import MIB, PARTITIONS
from image.command import BuildError, Inside
from image.filesystems import named

SECTOR = 512
CHUNK = 1 << 20


def assemble(contents: Mapping[str, Path], disk: Path, name: str, tools: Inside) -> None:
    """Write the whole disk; a partition without contents is left empty.

    Raises:
        BuildError: sfdisk failed, or something is larger than its partition.
    """
    disk.unlink(missing_ok=True)
    total = sum(partition.size for partition in PARTITIONS) + 2 * MIB
    with disk.open("wb") as out:
        out.truncate(total)
    tools.run(["sh", "-c", 'printf %s "$1" | sfdisk --quiet "$2"', "-", _table(name), disk])
    start = MIB
    with disk.open("r+b") as out:
        for partition in PARTITIONS:
            if partition.label in contents:
                _copy(contents[partition.label], out, start, partition.size)
            start += partition.size


def _table(name: str) -> str:
    """Return the partition table in the words of sfdisk(8)."""
    lines = ["label: gpt", f"label-id: {named(name, 'disk')}", "unit: sectors"]
    start = MIB // SECTOR
    for partition in PARTITIONS:
        size = partition.size // SECTOR
        lines.append(
            f"start={start}, size={size}, type={partition.kind}, name={partition.label}, "
            f"uuid={named(name, 'partition', partition.label)}"
        )
        start += size
    return "\n".join(lines) + "\n"


def _copy(image: Path, out: BinaryIO, start: int, size: int) -> None:
    if image.stat().st_size > size:
        raise BuildError(f"{image.name}: {image.stat().st_size} octets for a place of {size}")
    with image.open("rb") as source:
        at = start
        while chunk := source.read(CHUNK):
            if chunk.count(0) != len(chunk):  # what is zero stays a hole
                out.seek(at)
                out.write(chunk)
            at += len(chunk)
