# SPDX-License-Identifier: Apache-2.0
"""What a Raspberry Pi reads before our loader: nothing, on a board whose firmware speaks UEFI.

    EEPROM ─► start4.elf (config.txt) ─► u-boot.bin ─► EFI/BOOT/BOOTAA64.EFI: GRUB, as elsewhere

All lies on the ESP and is written once, when the disk is flashed: an update does not touch it.
"""

import shutil
from pathlib import Path

from image.board import ARM64, Board
from image.command import BuildError
from image.places import HERE

STAGES = {
    "start4.elf": "usr/lib/raspi-firmware/start4.elf",
    "fixup4.dat": "usr/lib/raspi-firmware/fixup4.dat",
    "u-boot.bin": "usr/lib/u-boot/rpi_arm64/u-boot.bin",
    "LICENCE.broadcom": "usr/share/doc/raspi-firmware/copyright",
}
TREES = ("bcm2711-rpi-4-b", "bcm2711-rpi-400", "bcm2711-rpi-cm4-io")
"Device trees, as Debian's kernel has them: the boards that we say it runs on."


def files(board: Board, unpacked: Path, work: Path) -> dict[str, Path]:
    """Return the files of the ESP, by their path in it; ours are copied to `work`.

    Raises:
        BuildError: One of them is not in its package any more.
    """
    if board is not ARM64:
        return {}
    found = {name: unpacked / place for name, place in STAGES.items()}
    found["config.txt"] = work / "config.txt"
    shutil.copyfile(HERE / "boot" / "config.txt", work / "config.txt")
    kernels = sorted((unpacked / "usr/lib").glob("linux-image-*"))
    for tree in TREES if kernels else ():
        found[f"{tree}.dtb"] = kernels[-1] / "broadcom" / f"{tree}.dtb"
    missing = [str(path) for path in found.values() if not path.is_file()]
    if missing or not kernels:
        raise BuildError(f"of the Pi's firmware is missing: {', '.join(missing) or 'its trees'}")
    return found
