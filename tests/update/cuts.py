# SPDX-License-Identifier: Apache-2.0
"""Cut the power at every write of one whole update, and see which slot is started after it.

    python -m tests.update.cuts [--hand NAME] [--seed N]

A machine starts slot A through firmware and GRUB, updates slot B, starts it, and confirms it, while
QEMU records each write and flush of its disk. Then the disk is put together as a cut leaves it:

- in order: before each request, and after the last;
- any order: what was flushed, and a random part of what was not, for a medium with a cache;
- torn: each sector on the ESP and on the running boot partition broken off after so many octets,
  the rest old, zeros or ones.

At each, one copy of the boot environment must be whole and no older than what was acknowledged, the
slot GRUB chooses must be complete, and an unconfirmed one must give way. Prints a table and writes
`build/cuts.json`.
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.update import grub_model, guest, recorded, rig
from tests.update.judge import Judge
from tests.update.recorded import Recorded
from tests.update.replay import SECTOR, Medium, Piece, Write

RESULT = rig.ROOT / "build" / "cuts.json"
SUBSETS = 3
"Random parts of what was not flushed, at each request."
PAGE = 8 * SECTOR
"Writes above this are parted by pages, not sectors: the slots."
TORN_AT = (*range(0, 160, 8), 160, 256, 384, 511)
"Octets of a sector after which it is broken off; the words of a copy end before the 160th."
WAYS = ("in order", "any order", "torn")


@dataclass
class Found:
    """What the cuts have shown."""

    hand: str
    seed: int
    writes: int = 0
    flushes: int = 0
    cuts: Counter[tuple[int, str]] = field(default_factory=Counter)
    """How many, by the last step acknowledged and the way of the cut."""
    slots: Counter[tuple[int, str]] = field(default_factory=Counter)
    """How often each slot was started, by step."""
    one_copy: Counter[int] = field(default_factory=Counter)
    """How often one copy of two was not whole, by step."""
    faults: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Return how many cuts were made."""
        return self.cuts.total()

    @property
    def recovered(self) -> int:
        """Return after how many all was well."""
        return self.total - len(self.faults)


def pieces(write: Write) -> list[Piece]:
    """Return what of a write the medium takes whole or not at all."""
    if len(write.octets) <= PAGE:
        return write.sectors()
    size = len(write.octets)
    return [(write.at + at, write.octets[at : at + PAGE]) for at in range(0, size, PAGE)]


def part_of(waiting: Sequence[Write], chance: random.Random) -> list[Piece]:
    """Return a random part of what was not flushed, in the order it was sent."""
    kept = chance.choice((0.2, 0.5, 0.8))
    return [piece for write in waiting for piece in pieces(write) if chance.random() < kept]


def torn(write: Write, medium: Medium) -> Iterator[list[Piece]]:
    """Give each way in which a small write breaks off within one of its sectors."""
    before: list[Piece] = []
    for at, new in write.sectors():
        old = medium.octets(at, SECTOR)
        for end in TORN_AT:
            for rest in (old, bytes(SECTOR), b"\xff" * SECTOR):
                yield [*before, (at, new[:end] + rest[end:])]
        before.append((at, new))


def cut(update: Recorded, folder: Path, hand: str, seed: int) -> Found:
    """Make all cuts of an update."""
    found = Found(hand, seed, len(update.writes), sum(write.flush for write in update.writes))
    medium = Medium(update.disk.read_bytes(), update.places)
    judge, chance = Judge(update, medium, folder), random.Random(seed)
    waiting: list[Write] = []
    for at, write in enumerate([*update.writes, Write(0, b"", flush=True)]):
        so_far = [(one.at, one.octets) for one in waiting]
        with medium.with_these(so_far):
            note(found, judge, "in order", at)
            if len(write.octets) <= PAGE and update.part(write) in {"esp", "boot_a"}:
                for broken in torn(write, medium):
                    with medium.with_these(broken):
                        note(found, judge, "torn", at)
        for _ in range(SUBSETS if waiting else 0):
            with medium.with_these(part_of(waiting, chance)):
                note(found, judge, "any order", at)
        waiting.append(write)
        if write.flush:
            medium.put([(one.at, one.octets) for one in waiting])
            waiting.clear()
    return found


def note(found: Found, judge: Judge, way: str, at: int) -> None:
    """Judge the disk as it is now."""
    step, disk = judge.step(), judge.disk()
    fault = judge.fault(disk, step)
    whole = [grub_model.whole(grub_model.load_env(octets)) for octets in disk.env]
    found.cuts[step, way] += 1
    found.one_copy[step] += whole.count(True) == 1
    found.slots[step, grub_model.start(disk) or "none"] += 1
    if fault:
        found.faults.append(f"{way}, before request {at}, after '{guest.STEPS[step]}': {fault}")


def table(found: Found) -> str:
    """Return what was found, for people."""
    head = f"{'acknowledged before the cut':28}" + "".join(f"{way:>11}" for way in WAYS)
    lines = [head + f"{'one copy':>10}{'A':>7}{'B':>7}"]
    for step, name in enumerate(guest.STEPS):
        counted = "".join(f"{found.cuts[step, way]:11}" for way in WAYS)
        slots = "".join(f"{found.slots[step, slot]:7}" for slot in "AB")
        lines.append(f"{name:28}{counted}{found.one_copy[step]:10}{slots}")
    lines.append(
        f"{found.writes} requests, {found.flushes} with a flush, by hand '{found.hand}', seed "
        f"{found.seed}: {found.recovered} of {found.total} cut points recovered"
    )
    kinds = Counter(fault.split(": ", 1)[1] for fault in found.faults)
    return "\n".join([*lines, *(f"{count:6} x {kind}" for kind, count in kinds.most_common(5))])


def as_json(found: Found) -> dict[str, object]:
    """Return what was found, for programs."""
    steps = {
        name: {way: found.cuts[step, way] for way in WAYS}
        | {f"started {slot}": found.slots[step, slot] for slot in ("A", "B", "none")}
        | {"one copy whole": found.one_copy[step]}
        for step, name in enumerate(guest.STEPS)
    }
    return {
        "hand": found.hand, "seed": found.seed, "requests": found.writes,
        "flushes": found.flushes, "cut points": found.total, "recovered": found.recovered,
        "steps": steps, "faults": found.faults[:100],
    }  # fmt: skip


def campaign(folder: Path, hand: str, seed: int) -> Found:
    """Record an update in a folder, and make all its cuts."""
    return cut(recorded.record(folder, hand), folder, hand, seed)


def main() -> int:
    """Make the cuts; return 1 if the box does not come back from one."""
    asked = argparse.ArgumentParser(description="cut the power at every write of an update")
    asked.add_argument("--hand", choices=sorted(guest.HANDS), default="ours")
    asked.add_argument("--seed", type=int, default=8)
    given = asked.parse_args()
    RESULT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULT.parent, prefix="cuts-") as folder:
        found = campaign(Path(folder), given.hand, given.seed)
    sys.stdout.write(table(found) + "\n")
    RESULT.write_text(json.dumps(as_json(found), indent=2) + "\n")
    return 1 if found.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
