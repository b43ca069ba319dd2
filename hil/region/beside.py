# SPDX-License-Identifier: Apache-2.0
"""The box of a region without a machine for it: `edge core` of this checkout, where we are."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from hil.region.net import MIRROR_TAP
from hil.region.tables import LIST, SWITCH, tables
from hil.region.world import Program, Region, until

OPEN = '"event": "open"'
"Logged for each tap and gate that works."
ROOT = Path(__file__).parents[2]


class Beside:
    """One that runs."""

    def __init__(
        self, region: Region, probe: str | None = None, exchange: str | None = None
    ) -> None:
        """Write its configuration, with the list in a file, and start it."""
        self.folder = region.folder / "box"
        self.folder.mkdir()
        pbx = region.second != SWITCH
        config = self.folder / "edge.toml"
        node = '[node]\nname = "region"\n[blocklist]\nfiles = ["list.csv"]\n'
        config.write_text(node + tables(MIRROR_TAP, probe, exchange, pbx=pbx))
        (self.folder / "list.csv").write_text(LIST)
        words = (sys.executable, "-m", "edge", "core", "--config", str(config))
        parts = 2 + bool(probe) + bool(exchange) + pbx
        self.program: Program = region.start("core", "env", f"PYTHONPATH={ROOT}", *words)
        until(lambda: self.said().count(OPEN) >= parts or self._ended(), "the box hears", 30)
        if self._ended():
            raise RuntimeError(f"core ended: {self.said()}")

    def said(self) -> str:
        """Return its log."""
        return self.program.log.read_text(errors="replace")

    def _ended(self) -> bool:
        return self.program.process.poll() is not None

    def records(self) -> list[dict[str, Any]]:
        """Return all records of its evidence: verdicts, and what became of the calls."""
        paths = sorted(self.folder.glob("state/evidence/*/verdicts.jsonl"))
        lines = (line for path in paths for line in path.read_bytes().splitlines())
        return [msgspec.json.decode(line) for line in lines]

    def outcomes(self) -> list[dict[str, Any]]:
        """Return what became of the calls that were to be stopped."""
        return [one for one in self.records() if "outcome" in one]
