# SPDX-License-Identifier: Apache-2.0
"""The life of a box: from the flashed disk to a confirmed update, and back from broken ones.

    python -m tests.image.cycle [--fault NAME ...] [--no-cuts] [--built FOLDER] [--folder FOLDER]
    python -m tests.image.cycle --build FOLDER      what needs a mirror of Debian, and nothing else

    flash ─► A starts, enrols, follows the list, blocks ─► update over MQTT ─► B is confirmed
                                                             └─ with a fault ─► A by itself, blocks

Everything is real but the hardware: the image that is sold with a shell on its console, QEMU in
software, mosquitto with TLS on both sides, the reference hub, RAUC, GRUB. Of the update every write
to the disk is recorded, and the power is cut at each (`tests.image.cuts`). A faulty version is the
same update with other words for its kernel, on a copy of disk and hub as they were before its first
start. Prints a table and writes `build/cycle.json`.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from edge.update.bootenv import TRIES
from hil.demo.region import Centre
from hil.rig.hub import RigHub, now_s
from image.board import X86_64
from image.places import SOURCE
from image.run import copy
from tests.image import cuts
from tests.image.bench import LIST, NODE, Bench
from tests.image.machine import Machine
from tests.update import rig

RESULT = SOURCE / "build" / "cycle.json"
ROLLOUT, BEFORE, AFTER = "spring", "0.1.0", "0.2.0"
START_S, ASKS_S, FETCH_S, INSTALL_S = 120, 300, 900, 600
"Patience, for a machine that does something else too."
SLOT = r"qalqan: starting slot ([AB])"


class Fault(NamedTuple):
    """How a version is broken."""

    words: str
    "For its kernel."
    starts: int
    "How often it is started before the one before comes back."
    why: str
    "What the hub is told."
    tries: int = TRIES
    "That it has: all but one are taken from what takes its time, once that it has three is shown."


FAULTS = {
    "panic": Fault("rdinit=/nothing", 3, "did-not-start"),
    "freeze": Fault("hil.break=freeze", 1, "did-not-start", 1),
    "crash": Fault("hil.break=crash", 1, "given-back"),
    "deaf": Fault("hil.break=deaf", 1, "given-back"),
    "migrate": Fault("hil.break=migrate", 1, "given-back"),
}
"""A kernel that panics; a first program that stops, so that the machine's watchdog must bite; a
`core` that dies again and again; a hub that is not reached; a migration that fails."""


class Row(NamedTuple):
    """One thing that was shown."""

    what: str
    found: str
    seconds: float


class Cycle:
    """What was shown so far."""

    def __init__(self, folder: Path, built: Path) -> None:
        """Work in a folder, with what `build` made."""
        self.folder = folder
        self.image = next((built / BEFORE).glob("qalqan-edge-*.img"))
        self.bundle = next((built / AFTER).glob("qalqan-edge-*.raucb"))
        self.built = built
        self.rows: list[Row] = []

    def show(self, what: str, found: str, seconds: float) -> None:
        """Note a thing that was shown, and say so."""
        self.rows.append(Row(what, found, round(seconds, 1)))
        sys.stdout.write(f"{what:34} {found:58} {seconds:7.1f} s\n")
        sys.stdout.flush()

    # The good way -------------------------------------------------------------

    def update(self) -> None:
        """From the flashed disk to the moment before the new version starts for the first time."""
        hub = RigHub.made(self.folder / "rig")
        centre = Centre(hub.repository)
        centre.publish(LIST, now_s())
        centre.release(self.bundle, now_s())
        bench = Bench(hub, self.folder / "box.img")
        code = bench.flash(self.image)
        copy(bench.disk, self.folder / "flashed.img")
        with hub.running(), bench.running(self.folder / "a.log", starts_anew=False) as box:
            self._first_start(bench, box, code)
            begun_s = box.seconds()
            hub.begin(ROLLOUT, AFTER, NODE)
            here = ("verified", "installing")
            bench.until(box, lambda: bench.state(ROLLOUT) in here, "the bundle is here", FETCH_S)
            self.show("update over MQTT", "fetched and verified", box.seconds() - begun_s)
            begun_s = box.seconds()
            box.wait_off(INSTALL_S)
            self.show("RAUC", "slot B is written, restart asked for", box.seconds() - begun_s)
        bench.close()

    def _first_start(self, bench: Bench, box: Machine, code: str) -> None:
        assert box.until(SLOT, START_S)[1] == "A"
        bench.until(box, lambda: bench.hub.admit(NODE, code), "it asks for a certificate", ASKS_S)
        self.show("first start", "slot A, asks for its certificate", box.seconds())
        member = bench.hub.member

        def follows() -> bool:
            found = member(NODE)
            return found is not None and found.state in {"ready", "alert"} and bool(found.lists)

        bench.until(box, follows, "it follows the list", ASKS_S)
        self.show("enrolled", "certificate, list and keys are there", box.seconds())
        told = bench.blocks(box)
        self.show("a listed caller", told.body["action"], box.seconds())

    def confirm(self) -> None:
        """Start the new version, and have it confirmed."""
        log = self.folder / "b.log"
        with self._from_kept() as bench, bench.running(log) as box:
            assert box.until(SLOT, START_S)[1] == "B"
            bench.until(box, lambda: bench.state(ROLLOUT) == "confirmed", "confirmed", INSTALL_S)
            software = getattr(bench.hub.member(NODE), "software", "")
            self.show("the new version", f"slot B, confirmed, {software}", box.seconds())
            told = bench.blocks(box)
            self.show("a listed caller", told.body["action"], box.seconds())
            assert bench.hub.rollout(ROLLOUT).state == "done"

    def is_kept(self) -> bool:
        """Whether an earlier run in this folder came so far."""
        return (self.folder / "rig-kept").exists()

    def keep(self) -> None:
        """Keep disk and hub as they are now; what follows begins from copies."""
        copy(self.folder / "box.img", self.folder / "kept.img")
        draft = self.folder / "rig-draft"
        shutil.copytree(self.folder / "rig", draft)
        draft.rename(self.folder / "rig-kept")

    @contextmanager
    def _from_kept(self) -> Iterator[Bench]:
        """Begin from what was kept; the hub in the same place, as its files name it."""
        rig = self.folder / "rig"
        shutil.rmtree(rig)
        shutil.copytree(self.folder / "rig-kept", rig)
        hub = RigHub(rig)
        bench = Bench(hub, copy(self.folder / "kept.img", self.folder / "box.img"))
        with hub.running():
            yield bench
        bench.close()

    # The bad ones -------------------------------------------------------------

    def fault(self, name: str, fault: Fault) -> None:
        """Start a broken version, and see the one before come back with its list in force."""
        with self._from_kept() as bench:
            bench.spoil(f"{X86_64.arguments} {fault.words}", fault.tries)
            with bench.running() as box:
                slots: list[str] = []
                while not slots or slots[-1] == "B":
                    assert len(slots) <= fault.starts, slots
                    slots.append(box.until(SLOT, INSTALL_S)[1])
                back_s = box.seconds()
                assert slots == ["B"] * fault.starts + ["A"], slots
                told = bench.blocks(box, INSTALL_S)
                rolled = ("rolled_back", "failed")
                bench.until(box, lambda: bench.state(ROLLOUT) in rolled, "it is told", START_S)
                box_ = bench.hub.rollout(ROLLOUT).boxes[0]
                assert (box_.state, box_.why) == ("rolled_back", fault.why), box_
                found = f"{' '.join(slots)}, {told.body['action']}, {box_.why} {box_.text}"
                self.show(f"{name}: slot A again", found[:58], back_s)
                self.show(f"{name}: a listed caller", told.body["action"], box.seconds())


def build(folder: Path) -> Path:
    """Build both versions; return their folder."""
    for version, only in ((BEFORE, "disk"), (AFTER, "bundle")):
        subprocess.run(
            [sys.executable, "-m", "image.build", "--profile", "hil", "--version", version,
             "--only", only, "--out", folder / version],
            cwd=SOURCE, check=True,
        )  # fmt: skip
    return folder


def play(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Show all that was asked for; return it for programs."""
    cycle = Cycle(folder, given.built.resolve() if given.built else build(folder / "built"))
    found: dict[str, Any] = {"v": 1}
    if not cycle.is_kept():
        cycle.update()
        cycle.keep()
        cycle.confirm()
    elif not given.fault:
        cycle.confirm()
    if not given.no_cuts and not given.fault:
        made = cuts.of_update(cycle.folder, cycle.built / BEFORE, cycle.built / AFTER)
        sys.stdout.write(made.table() + "\n")
        found["cuts"] = made.as_json()
    for name in given.fault or FAULTS:
        cycle.fault(name, FAULTS[name])
    found["rows"] = [row._asdict() for row in cycle.rows]
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Show it; return 1 if a cut leaves a box that does not start."""
    asked = argparse.ArgumentParser(prog="python -m tests.image.cycle", description=__doc__)
    asked.add_argument(
        "--fault", action="append", choices=FAULTS, help="this one, and no cuts; again for each"
    )
    asked.add_argument("--no-cuts", action="store_true", help="do not cut the power")
    asked.add_argument("--build", type=Path, help="only build 0.1.0 and 0.2.0, into this folder,"
                       " and lay out what else is fetched")  # fmt: skip
    asked.add_argument("--built", type=Path, help="folder of 0.1.0 and 0.2.0, built before")
    asked.add_argument("--folder", type=Path, help="work here, leave it, go on from it next time")
    given = asked.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was begun is ended
    if given.build:
        build(given.build.resolve())
        rig.make_tools()  # now: the rest may be played where nothing can be fetched
        return 0
    RESULT.parent.mkdir(exist_ok=True)
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
        found = play(given.folder.resolve(), given)
    else:
        with tempfile.TemporaryDirectory(dir=RESULT.parent, prefix="cycle-") as name:
            found = play(Path(name), given)
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    return 1 if found.get("cuts", {}).get("faults") else 0


if __name__ == "__main__":
    raise SystemExit(main())
