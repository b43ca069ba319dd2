# SPDX-License-Identifier: Apache-2.0
"""The power is cut at every write of one update of the real image, and each disk is judged.

What was recorded (`tests.image.cycle`): the first start of slot A, the installation by RAUC into
slot B, the start of B through GRUB, its confirmation. How disks are put together and judged is in
`tests.update.cuts` and `.judge`; there the machine is small, and says what it has acknowledged.
Here it is the one that is sold. A slot is whole if it holds every octet that was built for it.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from image.board import MIB, PARTITIONS, place_of
from tests.update import grub_model, rig
from tests.update.cuts import PAGE, SUBSETS, WAYS, part_of, torn
from tests.update.judge import Judge, Words
from tests.update.recorded import Recorded
from tests.update.replay import Medium, Piece, Write, read_log

SEED = 8
ON_WAY = {"esp", "boot_a"}
"Where a torn sector would be in the way of the slot that runs."
PHASES: dict[Words, str] = {
    ("A", "good", "bad"): "A runs, B is written",
    ("B", "good", "new"): "B is put first, and tried",
    ("B", "good", "good"): "B is confirmed",
}
"""What the boot environment says, from the flashed disk on."""


@dataclass
class Found:
    """What the cuts have shown."""

    requests: int = 0
    flushes: int = 0
    cuts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many, by phase and way of the cut."""
    slots: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each slot was started, by phase."""
    faults: list[str] = field(default_factory=list)

    def table(self) -> str:
        """Return it for people."""
        head = f"{'the power is cut while':28}" + "".join(f"{way:>11}" for way in WAYS)
        lines = [f"{head}{'starts A':>10}{'starts B':>10}"]
        for phase in PHASES.values():
            counted = "".join(f"{self.cuts[phase, way]:11}" for way in WAYS)
            slots = "".join(f"{self.slots[phase, slot]:10}" for slot in "AB")
            lines.append(f"{phase:28}{counted}{slots}")
        total = self.cuts.total()
        lines.append(
            f"{self.requests} requests, {self.flushes} with a flush, seed {SEED}: "
            f"{total - len(self.faults)} of {total} cut points recovered"
        )
        return "\n".join([*lines, *self.faults[:5]])

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        total = self.cuts.total()
        return {
            "requests": self.requests, "flushes": self.flushes, "seed": SEED,
            "cut points": total, "recovered": total - len(self.faults),
            "phases": {
                phase: {way: self.cuts[phase, way] for way in WAYS}
                | {f"started {slot}": self.slots[phase, slot] for slot in "AB"}
                for phase in PHASES.values()
            },
            "faults": self.faults[:100],
        }  # fmt: skip


def recorded(folder: Path, before: Path, after: Path) -> Recorded:
    """Return what was recorded in a folder; slots are of what was built `before` and `after`."""
    end = place_of("data")
    writes = [one for name in ("a.log", "b.log") for one in read_log(folder / name, end)]
    contents = {
        f"whole_{part}_{slot}": (built / f"{part}.img").read_bytes()
        for slot, built in (("a", before), ("b", after))
        for part in ("boot", "system")
    }
    places = {one.label: place_of(one.label) for one in PARTITIONS}
    sizes = {one.label: one.size for one in PARTITIONS}
    return Recorded(folder / "flashed.img", places, sizes, writes, contents, "")


def of_update(folder: Path, before: Path, after: Path) -> Found:
    """Cut the power at every write that was recorded in a folder."""
    rig.make_tools()
    update = recorded(folder, before, after)
    found = Found(len(update.writes), sum(write.flush for write in update.writes))
    with update.disk.open("rb") as disk:
        medium = Medium(disk.read(place_of("data") + MIB), update.places)
    judge = Judge(update, medium, folder, lambda _step: tuple(PHASES))
    chance = random.Random(SEED)
    waiting: list[Write] = []
    for at, write in enumerate([*update.writes, Write(0, b"", flush=True)]):
        with medium.with_these([(one.at, one.octets) for one in waiting]):
            if write.octets or write.flush:
                _note(found, judge, "in order", at)
            for broken in _torn(write, medium):
                with medium.with_these(broken):
                    _note(found, judge, "torn", at)
        for _ in range(SUBSETS if waiting and write.octets else 0):
            with medium.with_these(part_of(waiting, chance)):
                _note(found, judge, "any order", at)
        if write.octets:
            waiting.append(write)
        if write.flush:
            medium.put([(one.at, one.octets) for one in waiting])
            waiting.clear()
    if grub_model.start(judge.disk()) != "B":  # or the judge does not see what GRUB sees
        found.faults.append("behind the last write slot B is not started")
    return found


def _torn(write: Write, medium: Medium) -> Iterator[list[Piece]]:
    """Give the ways in which a write breaks off that is in the way of the slot that runs."""
    if write.octets and len(write.octets) <= PAGE and medium.part(write.at) in ON_WAY:
        yield from torn(write, medium)


def _note(found: Found, judge: Judge, way: str, at: int) -> None:
    disk = judge.disk()
    fault = judge.fault(disk, 0)
    _, env = grub_model.counts(disk)
    phase = PHASES.get((env.get("primary", ""), env.get("a", ""), env.get("b", "")), "lost")
    found.cuts[phase, way] += 1
    found.slots[phase, grub_model.start(disk) or "none"] += 1
    if fault:
        found.faults.append(f"{way}, before request {at}, while '{phase}': {fault}")
