# SPDX-License-Identifier: Apache-2.0
"""A file system that is really full when its octets are used. Needs root, `mount`, `umount`."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
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
