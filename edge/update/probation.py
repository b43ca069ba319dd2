# SPDX-License-Identifier: Apache-2.0
"""Confirms the slot that was started after an update, or gives it back; says so to `uplink`.

RAUC is asked by its own program, which speaks to it over D-Bus: it tells the boot choice. What is
given back is marked bad and the machine started anew; should even that not be possible, the boot
choice counts the starts of a slot that nobody has confirmed, and goes back by itself.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from edge.blocklist.store import replace
from edge.moment import boot_id
from edge.update.facts import Run
from edge.update.health import Facts, Rules, Ruling, Watch
from edge.update.state import HEALTH, Folder, Found, State

CMDLINE = Path("/proc/cmdline")
GIVEN_BACK = "given-back"
MOST_TEXT = 1000

_SLOT = re.compile(r"(?:^|\s)rauc\.slot=([A-Za-z0-9_.-]+)(?:\s|$)")
ON_TRIAL = frozenset({State.INSTALLING, State.REBOOTING, State.PROBATION})
"States in which the slot that was written may be the one that runs, and nobody has confirmed it."


def slot_of(cmdline: str) -> str:
    """Return which slot was started; empty where there are none, as on a desk."""
    found = _SLOT.search(cmdline)
    return found[1] if found else ""


def on_trial(folder: Path, cmdline: Path = CMDLINE) -> str:
    """Return the slot that runs, if it is one that an update has written and nobody confirmed."""
    slot = ""
    with suppress(OSError):
        slot = slot_of(cmdline.read_text(encoding="ascii", errors="replace"))
    if not slot or not folder.is_dir():
        return ""
    update = Folder(folder).update()
    found = Folder(folder).found()
    if update is None or update.state not in ON_TRIAL or update.slot != slot:
        return ""
    done = found is not None and found.verdict == State.CONFIRMED.value and found.slot == slot
    return "" if done and update.state is State.PROBATION else slot


class Probation:
    """The slot that runs, until it is confirmed or given back."""

    def __init__(
        self, folder: Path, slot: str, run: Run, say: Callable[[str], object], began_s: float
    ) -> None:
        """Judge `slot`; `run` runs RAUC and systemctl, `say` tells people."""
        self.watch = Watch(Rules(), began_s)
        self._folder = folder
        self._slot = slot
        self._run = run
        self._say = say
        self._said: tuple[str, ...] | None = None

    def rules(self, rules: Rules) -> None:
        """Judge by these rules from now on: the configuration can be read."""
        self.watch.rules = rules

    def step(self, facts: Facts, now_s: float) -> State:
        """Take the facts of now; whatever is to be done is done when this returns."""
        ruling = self.watch.look(facts, now_s)
        if ruling.reasons != self._said:
            self._said = ruling.reasons
            well = f"all is well; confirmed in {ruling.left_s:.0f} s if it stays so"
            self._say("; ".join(ruling.reasons) or well)
        if ruling.state is State.CONFIRMED:
            return self._confirm()
        if ruling.state is State.ROLLED_BACK:
            self._give_back(ruling)
        return ruling.state

    def _confirm(self) -> State:
        try:
            self._run("rauc", "status", "mark-good", "booted")
        except OSError as refusal:  # tried again, until the deadline
            self._say(f"RAUC does not confirm it: {refusal}")
            return State.PROBATION
        self._keep(State.CONFIRMED.value, "", "all was well")
        self._say(f"slot {self._slot} is confirmed")
        return State.CONFIRMED

    def _give_back(self, ruling: Ruling) -> None:
        text = "; ".join(ruling.reasons)
        self._say(f"slot {self._slot} is given back: {text}")
        self._keep(GIVEN_BACK, GIVEN_BACK, text)
        for words in (("rauc", "status", "mark-bad", "booted"), ("systemctl", "reboot")):
            try:
                self._run(*words)
            except OSError as refusal:
                self._say(str(refusal))

    def _keep(self, verdict: str, why: str, text: str) -> None:
        """Leave word for `uplink`, whose folder it is; a disk that refuses changes nothing."""
        found = Found(self._slot, boot_id(), verdict, why, text[:MOST_TEXT])
        with suppress(OSError):
            path = self._folder / HEALTH
            replace(path, msgspec.json.encode(found) + b"\n")
            path.chmod(0o640)
