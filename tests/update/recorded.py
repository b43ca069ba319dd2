# SPDX-License-Identifier: Apache-2.0
"""One whole update of a small box, with every write of its disk on record."""

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from edge.update import bootenv
from image.run import LOGGED
from tests.update import guest, rig
from tests.update.replay import Write, read_log

MIB = rig.MIB
BUILDS = {"A": 1_764_115_200, "B": 1_795_651_200}
SYSTEM_MIB = 2
PATIENCE_S = 300.0
BEFORE = bootenv.set_good(bootenv.fresh("A"), "B")
"Both slots hold the version before, and are confirmed."
ARGS = "console=ttyS0,115200 quiet"


@dataclass
class Recorded:
    """One update: the disk before it, its writes, and what a whole slot holds."""

    disk: Path
    places: dict[str, int]
    sizes: dict[str, int]
    writes: list[Write]
    contents: dict[str, bytes]
    told: str

    def part(self, write: Write) -> str:
        """Return the partition that a write is on; '' if on none."""
        below = [(at, name) for name, at in self.places.items() if at <= write.at]
        return max(below)[1] if below and write.octets else ""


def contents(folder: Path) -> tuple[dict[str, bytes], dict[str, int]]:
    """Return what is flashed on each partition, and how large each is."""
    system = {name: random.Random(name).randbytes(SYSTEM_MIB * MIB) for name in "AB"}
    core, probe = guest.kernel(), len(guest.initrd(0, 0))
    boot_mib = (len(core) + probe) // MIB + 4
    ramdisk = guest.initrd(boot_mib, SYSTEM_MIB)
    boot = {}
    for name in "AB":
        tree = folder / f"boot_{name}"
        tree.mkdir()
        (tree / "slot.env").write_bytes(bootenv.marker(BUILDS[name], ARGS))
        (tree / "vmlinuz").write_bytes(core)
        (tree / "initrd.img").write_bytes(ramdisk)
        boot[name] = rig.fat(boot_mib * MIB, tree, "BOOT")
    tree = folder / "esp"
    (tree / "EFI/BOOT").mkdir(parents=True)
    (tree / "qalqan").mkdir()
    config = (rig.ROOT / "image/boot/grub.cfg").read_text()
    (tree / "EFI/BOOT/BOOTX64.EFI").write_bytes(rig.standalone(config, folder))
    for name in ("env.0", "env.1"):
        (tree / "qalqan" / name).write_bytes(bootenv.encode(BEFORE))
    made = {
        "esp": rig.fat(64 * MIB, tree, "ESP"), "boot_a": boot["A"], "system_a": system["A"],
        "boot_b": boot["A"], "system_b": system["A"],
        "data": bytes(MIB) + boot["B"] + system["B"],
    }  # fmt: skip
    sizes = {"esp": 64 * MIB, "boot_a": boot_mib * MIB, "boot_b": boot_mib * MIB,
             "system_a": SYSTEM_MIB * MIB, "system_b": SYSTEM_MIB * MIB,
             "data": len(made["data"])}  # fmt: skip
    whole = {f"whole_boot_{name.lower()}": octets for name, octets in boot.items()}
    whole |= {f"whole_system_{name.lower()}": octets for name, octets in system.items()}
    return made | whole, sizes


def record(folder: Path, hand: str = "ours") -> Recorded:
    """Run one update; a hand of another kind starts without GRUB and does not start B."""
    rig.make_tools()
    made, sizes = contents(folder)
    before, disk, log = folder / "before.img", folder / "disk.img", folder / "writes.log"
    flashed = {name: made[name] for name in rig.PARTITIONS if name in made}
    places = rig.disk(before, flashed, sizes)
    shutil.copy(before, disk)
    log.touch()
    words = [
        "-blockdev", f"driver=file,filename={disk},node-name=disk",
        "-blockdev", f"driver=file,filename={log},node-name=log",
        "-blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log,log-sector-size=512",
        "-device", f"virtio-blk-pci,drive=logged,{LOGGED}",
    ]  # fmt: skip
    if hand != "ours":
        tree = folder / "boot_A"
        words += ["-kernel", str(tree / "vmlinuz"), "-initrd", str(tree / "initrd.img"),
                  "-append", f"{ARGS} rauc.slot=A hand={hand}"]  # fmt: skip
    with rig.qemu(*words, firmware=folder / "vars.fd" if hand == "ours" else None) as machine:
        told = rig.said(machine, PATIENCE_S)
    assert "guest: end" in told, told[-3000:]
    return Recorded(before, places, sizes, read_log(log), made, told)
