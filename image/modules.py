# SPDX-License-Identifier: Apache-2.0
"""Which of the kernel's drivers stay in the image, and which are needed before there is a root."""

import re
import shutil
from pathlib import Path

from image.places import listed

DROPPED = listed("drivers_dropped")
"Folders of the kernel's drivers that no board of ours has a use for."

NEEDED = listed("drivers_needed")
"What must be there after pruning, built in or as a module: an update, a tap or a board needs it."

EARLY = re.compile(
    r"/(erofs|ext4|vfat|nls_(cp437|ascii)|i6300esb|iTCO_wdt|sp5100_tco|wdat_wdt"
    r"|virtio_(blk|pci|scsi|mmio)|ahci|ata_piix|sd_mod|nvme|nvme-core|usb-storage|uas"
    r"|usbhid|hid-generic|xhci-(pci|hcd|plat-hcd)|ehci-(pci|hcd)|mmc_block|sdhci(-pci|-acpi|-iproc)?"
    r"|libcrc32c|crc32c.*|bcm2835|phy-generic|reset-raspberrypi|pcie-brcmstb|raspberrypi.*)\.ko"
)
"Modules of the initial RAM disk; those they depend on come along."


def prune(tree: Path) -> None:
    """Remove what is dropped from `lib/modules/VERSION`, and what cannot be loaded without it."""
    needs = dependencies((tree / "modules.dep").read_text(encoding="utf-8"))
    for name in DROPPED:
        shutil.rmtree(tree / "kernel" / name, ignore_errors=True)
    gone = {name for name in needs if not (tree / name).exists()}
    for name, others in needs.items():
        if name not in gone and gone & set(others):
            (tree / name).unlink()


def missing(tree: Path, board: str) -> list[str]:
    """Return what is needed and is not there."""
    built_in = (tree / "modules.builtin").read_text(encoding="utf-8")
    there = built_in + "\n".join(path.as_posix() for path in tree.rglob("*.ko*"))
    needed = [*NEEDED, *listed(f"drivers_needed_{board}")]
    return [name for name in needed if f"{name}.ko" not in there]


def dependencies(text: str) -> dict[str, list[str]]:
    """Return what each module needs, all the way down, from the text of `modules.dep`."""
    lines = [line.partition(":") for line in text.splitlines()]
    return {name: others.split() for name, _, others in lines}


def early(text: str) -> list[str]:
    """Return the early modules and what they depend on, from the text of `modules.dep`."""
    needs = dependencies(text)
    first = [name for name in needs if EARLY.search(f"/{name}")]
    return sorted({*first, *(other for name in first for other in needs[name])})
