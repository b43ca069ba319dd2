# SPDX-License-Identifier: Apache-2.0
"""The boot loader: GRUB as one file with its configuration inside, and its two environments."""

import io
import sys
import tarfile
from pathlib import Path

from image.board import Board
from image.command import Inside, run
from image.places import HERE, SOURCE, listed

MODULES = listed("grub_modules")


def make(board: Board, unpacked: Path, work: Path, tools: Inside, epoch: int) -> Path:
    """Return the loader's file.

    Raises:
        BuildError: grub-mkimage failed.
    """
    memory, loader = work / "grub.tar", work / board.loader
    with tarfile.open(memory, "w", format=tarfile.USTAR_FORMAT) as out:
        text = (HERE / "boot" / "grub.cfg").read_bytes()
        entry = tarfile.TarInfo("boot/grub/grub.cfg")
        entry.size, entry.mtime = len(text), epoch
        out.addfile(entry, io.BytesIO(text))
    tools.run(
        ["grub-mkimage", "-O", board.target, "-d", unpacked / "usr/lib/grub" / board.target,
         "-m", memory, "-p", "(memdisk)/boot/grub", "-o", loader, *MODULES],
    )  # fmt: skip
    return loader


def bootctl(*words: str) -> bytes:
    """Return what the program of the boot choice writes.

    Raises:
        BuildError: It refused.
    """
    said = run([sys.executable, "-m", "edge.update.bootctl", *words],
               environ={"PYTHONPATH": str(SOURCE)})  # fmt: skip
    return said.encode()
