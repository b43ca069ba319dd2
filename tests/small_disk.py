# SPDX-License-Identifier: Apache-2.0
"""A file system that is really full when its octets are used. Needs root, `mount`, `umount`."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def small_disk(folder: Path, octets: int) -> Iterator[Path]:
    """Make a folder with a file system of its own, of so many octets."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={octets}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(disk: Path) -> Path:
    """Take all that is left; returns the file that holds it."""
    filled = disk / "filled"
    with filled.open("ab", buffering=0) as file:
        for size in (1 << 16, 4096, 512):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    assert os.statvfs(disk).f_bavail == 0
    return filled
