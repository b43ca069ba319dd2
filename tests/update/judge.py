# SPDX-License-Identifier: Apache-2.0
"""Says of a disk whether the box comes up from it as it must."""

import copy
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from edge.update import bootenv
from tests.update import grub_model, guest, rig
from tests.update.grub_model import Disk
from tests.update.recorded import Recorded
from tests.update.replay import SECTOR, Medium, Piece

Words = tuple[str, str, str]
KNOWN: tuple[Words, ...] = (
    ("A", "good", "good"), ("A", "good", "bad"), ("A", "good", "bad"), ("A", "good", "bad"),
    ("B", "good", "new"), ("B", "good", "good"),
)  # fmt: skip
"What the boot environment says behind each step: which slot is first, and what A and B are."
MARKER = b"# GRUB Environment Block\nbuild="
HEAD = 1 << 20
"Octets at the beginning of a boot partition within which its tables and its root folder are."


def known_after(step: int) -> Sequence[Words]:
    """Return what the environment may say when so much of the small machine was acknowledged."""
    return KNOWN[step : step + 2]


class Judge:
    """Reads what GRUB would read, by mtools, and asks the model."""

    def __init__(
        self, recorded: Recorded, medium: Medium, folder: Path,
        allowed: Callable[[int], Sequence[Words]] = known_after,
    ) -> None:  # fmt: skip
        """Remember the places; put the partitions that GRUB reads into a folder.

        `allowed` says what the environment may say when so many steps were acknowledged.
        """
        self._allowed = allowed
        self._compared: dict[str, tuple[int, bool]] = {}
        self.recorded, self.medium, self.folder = recorded, medium, folder
        self._seen: dict[tuple[object, ...], dict[str, bytes] | bool] = {}
        esp = [write for write in recorded.writes if recorded.part(write) == "esp"]
        ends = [write.at + len(write.octets) for write in esp]
        self._esp = max(ends, default=0) - recorded.places["esp"] if ends else SECTOR
        self._markers = {
            f"boot_{name.lower()}": recorded.contents[f"whole_boot_{name.lower()}"].index(MARKER)
            for name in "AB"
        }
        self._whole = {
            f"{part}_{name}": self._pieces(f"{part}_{name}")
            for part in ("boot", "system")
            for name in "ab"
        }
        for part in ("esp", *self._markers):
            self._image(part).write_bytes(self._octets(part, recorded.sizes[part]))

    def disk(self) -> Disk:
        """Return the files GRUB looks at."""
        env = self._files("esp", "qalqan/env.0", "qalqan/env.1")
        markers = {name: self._files(f"boot_{name.lower()}", "slot.env") for name in "AB"}
        kernels = {name: self._kernel(f"boot_{name.lower()}") for name in "AB"}
        return Disk(list(env.values()), {n: one["slot.env"] for n, one in markers.items()}, kernels)

    def fault(self, disk: Disk, step: int) -> str:
        """Return what is wrong, after so much was acknowledged; '' if nothing is."""
        copy_at, env = grub_model.counts(disk)
        if copy_at is None:
            return "no whole copy of the boot environment"
        now = (env["primary"], env["a"], env["b"])
        if now not in self._allowed(step):
            return f"{'.'.join(now)} although '{guest.STEPS[step]}' was acknowledged"
        after = copy.deepcopy(disk)
        started = [grub_model.start(after) for _ in range(bootenv.TRIES + 1)]
        if started[0] is None or not self.complete(started[0]):
            return f"slot {started[0]} is started and is not complete"
        if env["b"] == "new" and not (started[-1] == "A" and self.complete("A")):
            return "an unconfirmed slot does not give way to a complete one"
        return ""

    def complete(self, slot: str) -> bool:
        """Say whether a slot holds every octet of its version."""
        name = slot.lower()
        return all(self._same(f"{part}_{name}") for part in ("boot", "system"))

    def step(self) -> int:
        """Return the last step that was acknowledged."""
        mark = self.medium.octets(self.recorded.places["data"], SECTOR)
        return int(mark[5:6]) if mark.startswith(b"STEP ") else 0

    def _same(self, part: str) -> bool:
        changes, start = self.medium.changes[part], self.recorded.places[part]
        if self._compared.get(part, (-1, False))[0] != changes:
            same = all(self.medium.holds(start + at, octets) for at, octets in self._whole[part])
            self._compared[part] = changes, same
        return self._compared[part][1]

    def _pieces(self, part: str) -> list[Piece]:
        """Return what a whole slot holds; not its marker, where GRUB notes what is confirmed."""
        octets = self.recorded.contents[f"whole_{part}"]
        at = self._markers.get(part, len(octets))
        rest = at + bootenv.SIZE
        return [(0, octets[:at]), (rest, octets[rest:])]

    def _files(self, part: str, *names: str) -> dict[str, bytes]:
        key = ("files", part, *self._decisive(part))
        if key not in self._seen:
            self._lay_out(part)
            self._seen[key] = rig.files(str(self._image(part)), *names)
        found = self._seen[key]
        assert isinstance(found, dict)
        return found

    def _kernel(self, part: str) -> bool:
        key = ("kernel", part, *self._decisive(part))
        if key not in self._seen:
            self._lay_out(part)
            self._seen[key] = {"vmlinuz", "initrd.img"} <= rig.listing(str(self._image(part)))
        return bool(self._seen[key])

    def _ranges(self, part: str) -> list[tuple[int, int]]:
        """Return where on a partition those octets are that decide what mtools finds."""
        if part == "esp":
            return [(0, self._esp)]
        return [(0, HEAD), (self._markers[part], bootenv.SIZE)]

    def _decisive(self, part: str) -> list[bytes]:
        start = self.recorded.places[part]
        ranges = self._ranges(part)
        return [sha256(self.medium.octets(start + at, size)).digest() for at, size in ranges]

    def _lay_out(self, part: str) -> None:
        with self._image(part).open("r+b") as image:
            for at, size in self._ranges(part):
                image.seek(at)
                image.write(self.medium.octets(self.recorded.places[part] + at, size))

    def _octets(self, part: str, size: int) -> bytes:
        return self.medium.octets(self.recorded.places[part], size)

    def _image(self, part: str) -> Path:
        return self.folder / f"{part}.img"
