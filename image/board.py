# SPDX-License-Identifier: Apache-2.0
"""The two kinds of board, what Debian gives them, and where things lie on their disk."""

from pathlib import Path
from typing import NamedTuple

SUITE = "trixie"
PYTHON = "3.13"
MIB = 1 << 20


class Board(NamedTuple):
    """One kind of board."""

    name: str
    "As in `make image ARCH=...` and in the product's name."
    debian: str
    "Debian's name of the processor."
    triplet: str
    "GNU's name of it: part of the names of compiled modules."
    platforms: tuple[str, ...]
    "Wheels that run on it, newest first."
    kernel: str
    grub: str
    "Debian's package of GRUB."
    target: str
    "GRUB's name of the firmware."
    loader: str
    "The file that the firmware looks for on the ESP."
    consoles: str
    "Words for its kernel; empty where the firmware's own description names the serial line."
    watchdog_s: int
    """How long systemd may be silent before the hardware starts the machine anew: it is silent for
    as long as it reads its units, but the watchdog of a Pi knows no more than 15 s."""
    qemu: tuple[str, ...]
    "How QEMU is told to be one."

    @property
    def arguments(self) -> str:
        """What GRUB tells the kernel beside the slot: kept with the slot, so it changes with it."""
        return (
            f"ro rootfstype=erofs {self.consoles}loglevel=4 fsck.repair=yes"
            " systemd.show_status=yes lsm=lockdown,capability,landlock,yama"
        )

    @property
    def compatible(self) -> str:
        """Name of the product: RAUC installs nothing that was built for another."""
        return f"qalqan-edge-{self.name}"


X86_64 = Board(
    name="x86_64",
    debian="amd64",
    triplet="x86_64-linux-gnu",
    platforms=("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    kernel="linux-image-amd64",
    grub="grub-efi-amd64-bin",
    target="x86_64-efi",
    loader="BOOTX64.EFI",
    consoles="console=tty0 console=ttyS0,115200 ",
    watchdog_s=45,
    qemu=("qemu-system-x86_64", "-machine", "q35", "-cpu", "max"),
)
ARM64 = Board(
    name="arm64",
    debian="arm64",
    triplet="aarch64-linux-gnu",
    platforms=("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    kernel="linux-image-arm64",
    grub="grub-efi-arm64-bin",
    target="arm64-efi",
    loader="BOOTAA64.EFI",
    consoles="",
    watchdog_s=14,
    qemu=("qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a72"),
)
BOARDS = {board.name: board for board in (X86_64, ARM64)}
U_BOOT = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
LIKE_A_PI = ARM64._replace(qemu=(*ARM64.qemu, "-bios", str(U_BOOT)))
"""Started as a Raspberry Pi is, from U-Boot on: U-Boot finds our loader on the ESP and is UEFI to
it. What comes before, the firmware of the Pi's own processor, QEMU has not."""


class Partition(NamedTuple):
    """One partition of the disk."""

    label: str
    kind: str
    "Its type, as the GPT names it."
    size: int
    "Octets."


ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
BOOT = "BC13C2FF-59E6-4262-A352-B275FD6F7172"
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
VAR = "4D21B016-B534-45C2-A9FB-5C16E091FD2D"

PARTITIONS = (
    Partition("esp", ESP, 64 * MIB),
    Partition("boot_a", BOOT, 96 * MIB),
    Partition("boot_b", BOOT, 96 * MIB),
    Partition("system_a", LINUX, 512 * MIB),
    Partition("system_b", LINUX, 512 * MIB),
    Partition("data", VAR, 256 * MIB),
)
"""In the order they lie in. `data` is the last, so that it can grow to the end of the disk; of all
but it the size is fixed for good: an update cannot move a partition."""


def place_of(label: str) -> int:
    """Return where a partition begins on the disk, octets. Raises `KeyError`."""
    at = MIB
    for partition in PARTITIONS:
        if partition.label == label:
            return at
        at += partition.size
    raise KeyError(label)
