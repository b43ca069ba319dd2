# SPDX-License-Identifier: Apache-2.0
"""A real GRUB 2.12 reads hundreds of environments in one start; the model says the same of each."""

import copy
import itertools
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.update import bootenv
from edge.update.bootenv import Env, Slot, State
from tests.update import grub_model, rig
from tests.update.grub_model import Disk

pytestmark = [pytest.mark.peer("mmdebstrap"), pytest.mark.root, pytest.mark.slow]

CONFIG = rig.ROOT / "image" / "boot" / "grub.cfg"
PATIENCE_S = 420.0
TABLE = """
# The slot is told instead of started; after it no try is counted.
function start {
    find_boot "$1"
    if [ -s "$boot/vmlinuz" -a -z "$chosen" ]; then
        set chosen="$1"
        set copy=none
        set twin=none
    fi
}
function recover { true; }
find_disk
function find_disk { true; }
for number in @CASES@; do
    set folder="($disk,gpt1)/case/$number"
    set boot_a="$folder/a"
    set boot_b="$folder/b"
    unset chosen
    main
    echo "CASE $number CHOSE $chosen."
done
halt
"""
OLD = bootenv.fresh("A")
BAD = replace(bootenv.set_bad(OLD, "B", "A"), seq=OLD.seq + 1)
NEW = replace(bootenv.set_primary(BAD, "B", "A"), seq=OLD.seq + 2)
GOOD = replace(bootenv.set_good(NEW, "B"), seq=OLD.seq + 3)
MARKERS = {"A": bootenv.marker(1_764_115_200), "B": bootenv.marker(1_795_651_200)}


def confirmed(*names: str) -> dict[str, bytes]:
    return {
        name: octets.replace(b"confirmed=0", b"confirmed=1") if name in names else octets
        for name, octets in MARKERS.items()
    }


def same(env: Env) -> list[bytes]:
    return [bootenv.encode(env)] * 2


def words() -> Iterator[Disk]:
    """Every state of two slots, some of the tries."""
    states: tuple[State, ...] = ("good", "new", "bad")
    names, tries = bootenv.NAMES, ((3, 2), (0, 1), (1, 0), (0, 0))
    for primary, a, b, last in itertools.product(names, states, states, names):
        for tries_a, tries_b in tries:
            env = Env(OLD.seq, primary, Slot(a, tries_a), Slot(b, tries_b), last)
            yield Disk(same(env), confirmed("A"))


def torn() -> Iterator[Disk]:
    """Each write of an update, broken off after each octet of its words; both copies."""
    for before, after in itertools.pairwise((OLD, BAD, NEW, GOOD)):
        old, new = bootenv.encode(before), bootenv.encode(after)
        for at in range(len(new.rstrip(b"#")) + 1):
            half = new[:at] + old[at:]
            yield Disk([old, half], dict(MARKERS))
            if at % 7 == 0:
                yield Disk([half, new], dict(MARKERS))


def spoilt() -> Iterator[Disk]:
    """One copy lost, or both, in each way a medium loses a sector."""
    good = bootenv.encode(NEW)
    lost = [
        b"", b"#", bytes(512), bytes(1024), b"\xff" * 1024, good[:40], good[:24], good[:25],
        bytes(512) + good[512:], good[512:], good + good, good.replace(b"#", b"\n", 1),
        good.replace(b"end=", b"end"), good.replace(b"seq=1", b"seq=0"), b"\0" + good[1:],
        good.replace(b"primary=B", b"primary=C"), good.replace(b"tries_b=3", b"tries_b=4"),
        good.replace(b"a=good", b"a=goo\\d"), good.replace(b"a=good", b"a=good\nprimary=A"),
        good.replace(b"last=A", b"last=A\0"), good.replace(b"last=A", b"last=A B"),
        good[:-9] + b"x" + good[-8:], good.replace(b"a=good", b"a=go\\\nod"),
        good.replace(b"seq=", b"seq=$a"),
    ]  # fmt: skip
    for octets in lost:
        yield Disk([octets, good], dict(MARKERS))
        yield Disk([bootenv.encode(OLD), octets], dict(MARKERS))
    fewer = good.replace(b"tries_b=3", b"tries_b=1"), good.replace(b"tries_b=3", b"tries_b=0")
    for octets in (*fewer, good[:512] + bytes(512)):  # the last takes no count
        yield Disk([octets, good], dict(MARKERS))
        yield Disk([good, octets], dict(MARKERS))
    yield Disk([good[:512] + bytes(512), fewer[0]], dict(MARKERS))
    marked = [(), ("A",), ("B",), ("A", "B")]
    for octets, names in itertools.product((b"", bytes(1024), b"\xff" * 1024, good[:90]), marked):
        yield Disk([octets, octets], confirmed(*names))
    yield Disk([b"", b""], {"B": confirmed("B")["B"]})
    yield Disk([b"", b""], {"A": b"\xff" * 1024, "B": MARKERS["B"]})
    yield Disk([b"", b""], confirmed("A", "B"), {"A": True, "B": False})


def flipped() -> Iterator[Disk]:
    """Octets of both copies changed at random."""
    chance = random.Random(8)
    for _ in range(60):
        env = [bytearray(bootenv.encode(NEW)), bytearray(bootenv.encode(GOOD))]
        for block in env:
            for _ in range(chance.choice((0, 1, 1, 2))):
                block[chance.randrange(150)] = chance.choice(b"0123ABgoodbadnew=.\n#\\ \0\xff")
        yield Disk([bytes(block) for block in env], dict(MARKERS))


def without_kernel() -> Iterator[Disk]:
    """A slot that says it is good but whose partition is empty."""
    for env, name in itertools.product((OLD, NEW, GOOD), "AB"):
        yield Disk(same(env), confirmed("A"), {"A": name == "A", "B": name == "B"})
    yield Disk(same(NEW), confirmed("A"), {"A": False, "B": False})


def known() -> list[Disk]:
    """All, and a tenth of those that are alike: GRUB takes a fifth of a second for one."""
    return [*list(words())[::10], *list(torn())[::9], *spoilt(), *list(flipped())[::6],
            *without_kernel()]  # fmt: skip


CASES = [*words(), *torn(), *spoilt(), *flipped(), *without_kernel()]


def lay_out(disk: Disk, folder: Path) -> None:
    for at, octets in enumerate(disk.env):
        folder.mkdir(parents=True, exist_ok=True)
        if octets != b"#":  # stands for a file that is not there
            (folder / f"env.{at}").write_bytes(octets)
    for name in "AB":
        boot = folder / name.lower()
        boot.mkdir()
        if name in disk.markers:
            (boot / "slot.env").write_bytes(disk.markers[name])
        if disk.kernels[name]:
            (boot / "vmlinuz").write_bytes(b"kernel")


def taken(folder: Path, case: Disk) -> Disk:
    """Return what GRUB has made of a case."""

    def octets(path: Path) -> bytes:
        return path.read_bytes() if path.exists() else b""

    markers = {name: octets(folder / name.lower() / "slot.env") for name in case.markers}
    return Disk([octets(folder / f"env.{at}") for at in (0, 1)], markers, case.kernels)


def start_all(cases: list[Disk], folder: Path) -> tuple[dict[int, str], Path]:
    """Have GRUB choose in each case; return what it chose, and the cases as it left them."""
    tree = folder / "esp"
    (tree / "EFI/BOOT").mkdir(parents=True)
    names = [f"{at:04}" for at in range(len(cases))]
    config = CONFIG.read_text().removesuffix("\nmain\n") + TABLE.replace("@CASES@", " ".join(names))
    (tree / "EFI/BOOT/BOOTX64.EFI").write_bytes(rig.standalone(config, folder))
    for name, case in zip(names, cases, strict=True):
        lay_out(case, tree / "case" / name)
    size = 64 * rig.MIB
    sizes = dict.fromkeys(rig.PARTITIONS, rig.MIB) | {"esp": size}
    image = folder / "disk.img"
    places = rig.disk(image, {"esp": rig.fat(size, tree, "ESP")}, sizes)
    shutil.rmtree(tree)
    drive = ("-drive", f"if=virtio,format=raw,file={image}")
    with rig.qemu(*drive, firmware=folder / "vars.fd") as machine:
        told = rig.said(machine, PATIENCE_S)
    rig.m("mcopy", "-s", "-n", "-i", f"{image}@@{places['esp']}", "::case", folder)
    image.unlink()
    return {int(at): slot for at, slot in re.findall(r"CASE (\d+) CHOSE (\w*)\.", told)}, folder


@pytest.mark.parametrize(
    "cases", [pytest.param(known(), id="each kind"),
              pytest.param(CASES, id="all", marks=pytest.mark.long)],
)  # fmt: skip
def test_grub_and_the_model_choose_alike(tmp_path: Path, cases: list[Disk]) -> None:
    rig.make_tools()
    chose, left = start_all(cases, tmp_path)
    assert len(chose) == len(cases)
    wrong = []
    for at, case in enumerate(cases):
        expected = copy.deepcopy(case)
        expected.env = [b"" if octets == b"#" else octets for octets in expected.env]
        slot = grub_model.start(expected) or ""
        found = taken(left / "case" / f"{at:04}", case)
        if (chose[at], found.env, found.markers) != (slot, expected.env, expected.markers):
            wrong.append(f"{at}: GRUB {chose[at]!r}, model {slot!r}\n{case}\n{found}")
    assert not wrong, f"{len(wrong)} of {len(cases)}; the first is {wrong[0]}".replace("##", "")
