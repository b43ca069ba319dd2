# SPDX-License-Identifier: Apache-2.0
"""Starts an image in QEMU, without KVM: `python -m image.run`. The serial console is this terminal.

The disk is a copy that is as large as a small card (`--size`), so that the first start can grow it.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from image.board import BOARDS, X86_64, Board, place_of
from image.command import BuildError, run
from image.places import MADE

FIRMWARE = {
    "x86_64": (Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")),
    "arm64": (Path("/usr/share/AAVMF/AAVMF_CODE.fd"), Path("/usr/share/AAVMF/AAVMF_VARS.fd")),
}
GIB = 1 << 30
SMALL_CARD = 4 * GIB
"Octets of a disk that every image fits on, with room to grow."


def prepare(image: Path, disk: Path, size: int) -> None:
    """Copy an image to a disk of `size` octets; holes stay holes."""
    disk.unlink(missing_ok=True)
    with image.open("rb") as source, disk.open("wb") as out:
        out.truncate(max(size, image.stat().st_size))
        while chunk := source.read(1 << 20):
            if chunk.count(0) == len(chunk):
                out.seek(len(chunk), os.SEEK_CUR)
            else:
                out.write(chunk)


def copy(disk: Path, new: Path) -> Path:
    """Copy a disk, holes as holes, and what the firmware remembers of it; returns the new one."""
    new.unlink(missing_ok=True)
    run(["cp", "--sparse=always", disk, new])
    variables = disk.with_suffix(".vars")
    if variables.exists():
        shutil.copyfile(variables, new.with_suffix(".vars"))
    return new


def put(disk: Path, label: str, name: str, octets: bytes) -> None:
    """Write a file into a FAT partition of a disk that is switched off."""
    source = disk.with_suffix(".put")
    source.write_bytes(octets)
    run(["mcopy", "-o", "-i", f"{disk}@@{place_of(label)}", source, f"::{name}"])
    source.unlink()


def take(disk: Path, label: str, name: str) -> bytes:
    """Read a file of a FAT partition of a disk that is switched off."""
    read = disk.with_suffix(".take")
    run(["mcopy", "-n", "-o", "-i", f"{disk}@@{place_of(label)}", f"::{name}", read])
    octets = read.read_bytes()
    read.unlink()
    return octets


LOGGED = "write-zeroes=off,discard=off"
"""Of the device of a disk whose writes are recorded. QEMU 7.2 logs a request to write zeroes in two
steps, and what comes in between in the wrong place: without it the machine writes zeroes itself."""


class Drive(NamedTuple):
    """The disk of a virtual machine."""

    disk: Path
    log: Path | None = None
    "Where every write and flush is recorded (`blklogwrites`), if anywhere."

    def words(self) -> tuple[str, ...]:
        """Return it in QEMU's words; the firmware looks there first, whatever else is put in."""
        how, device = f"format=raw,file={self.disk}", "virtio-blk-pci,drive=disk,bootindex=0"
        if self.log is not None:
            how = (
                f"driver=blklogwrites,file.driver=file,file.filename={self.disk},"
                f"log.driver=file,log.filename={self.log},log-sector-size=512"
            )
            device += f",{LOGGED}"
        return ("-drive", f"if=none,id=disk,{how}", "-device", device)


def command(
    board: Board, drive: Drive, variables: Path, nets: Sequence[str] = ("user",),
    memory: int = 1024,
) -> list[str]:  # fmt: skip
    """Return how QEMU is started; the serial console is its standard input and output.

    Args:
        board: What it is to be.
        drive: Its disk, written to.
        variables: The firmware's memory; made if it is not there.
        nets: Its network interfaces, in the words of `-nic`.
        memory: MiB.

    Raises:
        BuildError: The firmware is not installed.
    """
    words = [
        *board.qemu, "-accel", "tcg,thread=multi", "-smp", "2", "-m", str(memory),
        "-display", "none", "-monitor", "none", "-serial", "stdio",
        *(() if "-bios" in board.qemu else _firmware(board, variables)),
        *drive.words(),
        "-device", "virtio-rng-pci",
    ]  # fmt: skip
    if board is X86_64:
        words += ["-device", "i6300esb", "-action", "watchdog=reset"]
    for net in nets or ("none",):
        words += ["-nic", net if net == "none" else f"{net},model=virtio-net-pci"]
    return words


def _firmware(board: Board, variables: Path) -> list[str]:
    """Return how QEMU is given UEFI, and what it remembers."""
    code, blank = FIRMWARE[board.name]
    if not code.exists():
        raise BuildError(f"{code} is not here: image/tools.sh")
    if not variables.exists():
        shutil.copyfile(blank, variables)
    flash = "if=pflash,format=raw"
    return ["-drive", f"{flash},readonly=on,file={code}", "-drive", f"{flash},file={variables}"]


def newest(arch: str) -> Path:
    """Return the disk that was built last.

    Raises:
        BuildError: None was.
    """
    found = sorted(MADE.glob(f"{arch}-*/qalqan-edge-*.img"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise BuildError(f"no image of {arch} was built: make image")
    return found[-1]


def main() -> None:
    """Start one, in place of this process."""
    parser = argparse.ArgumentParser(prog="python -m image.run", description=__doc__)
    parser.add_argument("--arch", choices=sorted(BOARDS), default="x86_64")
    parser.add_argument("--image", type=Path, help="the disk to copy; the newest if not named")
    parser.add_argument("--disk", type=Path, help="a disk to go on with, or the copy's name")
    parser.add_argument("--size", type=int, default=8, help="GiB of the copy")
    parser.add_argument("--net", action="append", help="words of -nic: user, tap,ifname=..., none")
    given = parser.parse_args()
    try:
        disk = given.disk or MADE / f"run-{given.arch}.img"
        if not given.disk or not given.disk.exists():
            prepare(given.image or newest(given.arch), disk, given.size * GIB)
        nets = given.net or ["user"]
        words = command(BOARDS[given.arch], Drive(disk), disk.with_suffix(".vars"), nets)
    except BuildError as error:
        sys.stderr.write(f"image: {error}\n")
        sys.exit(1)
    os.execvp(words[0], words)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
