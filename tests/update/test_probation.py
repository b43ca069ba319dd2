# SPDX-License-Identifier: Apache-2.0
"""The slot that an update has started is confirmed or given back, and `uplink` is told."""

import stat
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from edge.moment import boot_id
from edge.update.health import Rules
from edge.update.probation import Probation, on_trial, slot_of
from edge.update.state import Folder, Found, State, Update
from tests.update.test_health import AWAY, WELL

UPDATE = Update("spring", "1.0", "1.1", State.REBOOTING, slot_from="A", slot="B")


class System:
    """RAUC and systemctl, as far as they are asked; some of it may fail."""

    def __init__(self, *failing: str) -> None:
        self.asked: list[str] = []
        self.failing = set(failing)

    def run(self, *words: str) -> str:
        self.asked.append(" ".join(words))
        if words[0] in self.failing:
            raise OSError(f"{words[0]}: no")
        return ""


def judged(folder: Path, system: System, said: list[str]) -> Probation:
    Folder(folder)
    made = Probation(folder, "B", system.run, said.append, 0.0)
    made.rules(Rules(settle_s=10, deadline_s=30))
    return made


def test_all_is_well_and_it_is_confirmed(tmp_path: Path) -> None:
    system, said = System(), list[str]()
    probation = judged(tmp_path / "update", system, said)
    states = [probation.step(WELL, float(now)) for now in range(11)]
    assert states == [State.PROBATION] * 10 + [State.CONFIRMED]
    assert system.asked == ["rauc status mark-good booted"]
    assert Folder(tmp_path / "update").found() == Found(
        "B", boot_id(), "confirmed", "", "all was well"
    )
    assert stat.S_IMODE((tmp_path / "update" / "health.json").stat().st_mode) == 0o640
    assert said == [
        "all is well; confirmed in 10 s if it stays so",
        "slot B is confirmed",
    ]


def test_it_is_given_back_and_the_machine_started_anew(tmp_path: Path) -> None:
    system, said = System(), list[str]()
    probation = judged(tmp_path / "update", system, said)
    assert probation.step(AWAY, 0.0) is State.PROBATION
    assert probation.step(AWAY, 30.0) is State.ROLLED_BACK
    assert system.asked == ["rauc status mark-bad booted", "systemctl reboot"]
    found = Folder(tmp_path / "update").found()
    assert found
    assert (found.verdict, found.why, found.text) == (
        "given-back", "given-back", "the hub is not reached",
    )  # fmt: skip
    assert said[0] == "the hub is not reached", "said once, while it is so"
    assert len(said) == 2


def test_rauc_that_does_not_answer_confirms_nothing(tmp_path: Path) -> None:
    """Then the boot choice counts starts, and goes back by itself."""
    system, said = System("rauc"), list[str]()
    probation = judged(tmp_path / "update", system, said)
    for now in range(11):
        assert probation.step(WELL, float(now)) is State.PROBATION
    assert Folder(tmp_path / "update").found() is None
    system.failing.clear()
    assert probation.step(WELL, 11.0) is State.CONFIRMED


def test_whatever_refuses_the_machine_is_started_anew(tmp_path: Path) -> None:
    system, said = System("rauc"), list[str]()
    probation = Probation(tmp_path / "gone", "B", system.run, said.append, 0.0)
    assert probation.step(AWAY, 600.0) is State.ROLLED_BACK
    assert system.asked[-1] == "systemctl reboot"


@pytest.mark.parametrize(
    ("cmdline", "slot"),
    [
        ("root=PARTLABEL=system_b rauc.slot=B panic=10\n", "B"),
        ("rauc.slot=A", "A"),
        ("quiet xrauc.slot=A", ""),
        ("", ""),
    ],
)
def test_which_slot_was_started(cmdline: str, slot: str) -> None:
    assert slot_of(cmdline) == slot


CONFIRMED = Found("B", "0", "confirmed")


@pytest.mark.parametrize(
    ("update", "found", "running", "slot"),
    [
        (UPDATE, None, "B", "B"),
        (replace(UPDATE, state=State.PROBATION), None, "B", "B"),
        (replace(UPDATE, state=State.INSTALLING), None, "B", "B"),
        (UPDATE, None, "A", ""),
        (replace(UPDATE, state=State.CONFIRMED), None, "B", ""),
        (replace(UPDATE, state=State.FAILED), None, "B", ""),
        (None, None, "B", ""),
        (UPDATE, None, "", ""),
        (replace(UPDATE, state=State.PROBATION), CONFIRMED, "B", ""),
        (UPDATE, replace(CONFIRMED, slot="A"), "B", "B"),
    ],
)
def test_what_waits_to_be_confirmed(
    tmp_path: Path, update: Update | None, found: Found | None, running: str, slot: str
) -> None:
    folder = Folder(tmp_path / "update")
    if update:
        folder.keep(update)
    if found:
        (folder.path / "health.json").write_bytes(msgspec.json.encode(found))
    cmdline = tmp_path / "cmdline"
    cmdline.write_text(f"rauc.slot={running}" if running else "quiet")
    assert on_trial(folder.path, cmdline) == slot


def test_a_box_that_never_was_updated(tmp_path: Path) -> None:
    cmdline = tmp_path / "cmdline"
    cmdline.write_text("rauc.slot=A")
    assert on_trial(tmp_path / "update", cmdline) == ""
    assert on_trial(tmp_path / "update", tmp_path / "nothing") == ""
    assert not (tmp_path / "update").exists()
