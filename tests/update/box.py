# SPDX-License-Identifier: Apache-2.0
"""A box with two slots, a clock and a disk folder; killed and started anew at any point.

What RAUC, logind, the repository and the line do stands behind their ports, in memory. The real
ones are in `test_rauc.py`, `test_source.py` and `test_download.py`, all together in `tests/flows`.
"""

import json
from pathlib import Path
from typing import Any

from edge.errors import DriverLost
from edge.process.supervise import Backoff
from edge.report.event import Clock, Event, Moment
from edge.report.message import Campaign
from edge.update.firmware import Firmware, Machines, Pace
from edge.update.install import Bundle, Slot, Status
from edge.update.manifest import split_hashes
from edge.update.source import Machine, Signed
from edge.update.state import HEALTH, Failed, Folder
from tests.update.centre import NOW, PRODUCT
from tests.update.test_blocks import CUT, LISTED, RELEASE

PACE = Pace(wanted_s=0.01, failing=Backoff(first_s=1.0, most_s=8.0))


class Killed(BaseException):
    """The process ends at this point, whatever it does."""


class Box:
    """A box; it implements `Installer` and `Power` itself."""

    def __init__(self, folder: Path, installed: str = "1.1.0"):
        self.place = folder
        self.now_s = NOW
        self.boots = 1
        self.booted, self.primary = "A", "A"
        self.versions = {"A": installed, "B": "1.0.0"}
        self.bundle = Bundle(PRODUCT, RELEASE.version, "verity", "5" * 64)
        self.says: dict[str, Any] = {}
        "What a port raises when it is asked, once or for good: by `status`, `inspect`, ..."
        self.calls: list[str] = []
        self.reboots = 0
        self.events: list[Event] = []
        self.brings = list(range(len(CUT)))
        "Blocks that the line brings before it is lost."
        self.start()

    def start(self):
        """Start the process anew."""
        machines = Machines(
            Folder(self.place), self, self, self.find, self.fetch, self.put, self.moment
        )
        self.firmware = Firmware(machines, self.versions[self.booted], PACE, jitter=lambda _, b: b)

    def boot(self, slot=""):
        """Have the machine start anew, in the slot that was chosen, or another."""
        self.boots += 1
        self.booted = slot or self.primary
        self.start()

    def finds(self, verdict, why="", text=""):
        """Be health."""
        said = {"slot": self.booted, "boot": self.moment().boot, "verdict": verdict, "why": why,
                "text": text}  # fmt: skip
        (self.place / HEALTH).write_text(json.dumps(said))

    def moment(self):
        return Moment(self.now_s * 10**9, self.now_s, f"boot{self.boots}", Clock.SYNCED)

    def put(self, event):
        self.events.append(event)

    def _asked(self, what):
        self.calls.append(what)
        said = self.says.get(what)
        if isinstance(said, list):
            said = said.pop(0) if said else None
        if said is not None:
            raise said

    def find(self, version, machine, now_s):
        assert isinstance(machine, Machine)
        self._asked("find")
        return Signed(RELEASE, split_hashes(LISTED, RELEASE))

    async def fetch(self, part, came):
        self._asked("fetch")
        for index in self.brings:
            part.take(index, CUT[index])
            came()
        if part.missing:
            raise DriverLost("the line is gone")

    async def status(self):
        self._asked("status")
        slots = (Slot("system.0", "A", self.booted == "A", True),
                 Slot("system.1", "B", self.booted == "B", True))  # fmt: skip
        return Status(PRODUCT, slots)

    async def inspect(self, path):
        self._asked("inspect")
        assert path.read_bytes() == b"".join(CUT)
        return self.bundle

    async def install(self, path, manifest_hash, told):
        self._asked("install")
        other = "B" if self.booted == "A" else "A"
        for percent in (0, 50, 100):
            told(percent)
        self._asked("written")
        self.versions[other] = self.bundle.version
        self.primary = other

    async def reboot(self):
        self._asked("reboot")
        self.reboots += 1

    # What tests ask ---------------------------------------------------------

    def want(self, id_="spring", version="1.2.0", **more):
        campaign = Campaign.model_validate({"id": id_, "version": version, **more})
        self.firmware.keep(campaign)
        self.firmware.look()
        return campaign

    async def go(self, steps=8):
        """Go on for some steps; stops where it waits."""
        for _ in range(steps):
            if await self.firmware.step():
                return

    def states(self, kind="update"):
        """Return the states that were told, each once in a row."""
        told = [event.fields["state"] for event in self.events if event.kind == kind]
        return [state for at, state in enumerate(told) if at == 0 or told[at - 1] != state]

    @property
    def update(self):
        return self.firmware.update

    def fails(self, why, text="no"):
        return Failed(why, text)
