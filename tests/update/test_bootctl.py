# SPDX-License-Identifier: Apache-2.0
"""RAUC's interface, on files; in order, in place, and with either copy lost."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edge.update import bootctl, bootenv, sectors
from edge.update.bootctl import Bootctl, main

OLD = bootenv.fresh("A")


class Box:
    """A folder with both copies, and what the kernel was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cmdline = folder / "cmdline"
        self.runs("A")
        for name in bootctl.COPIES:
            (folder / name).write_bytes(bootenv.encode(OLD))
        self.bootctl = Bootctl(folder, self.cmdline)

    def runs(self, name: str) -> None:
        self.cmdline.write_text(f"root=PARTLABEL=system_a ro rauc.slot={name} panic=10\n")

    def do(self, *words: str) -> int:
        return main(words, self.bootctl)

    def copies(self) -> list[bytes]:
        return [(self.folder / name).read_bytes() for name in bootctl.COPIES]

    def env(self) -> bootenv.Env:
        found = bootenv.newest(self.copies())
        assert found
        return found[1]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("get-current",), "A"), (("get-primary",), "A"), (("get-state", "A"), "good"),
        (("get-state", "B"), "bad"),
    ],
)  # fmt: skip
def test_what_rauc_asks(
    box: Box, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert box.do(*words) == 0
    assert capsys.readouterr().out == f"{said}\n"


def test_one_update_in_the_order_of_rauc(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    assert box.do("set-state", "B", "bad") == 0
    assert box.do("set-primary", "B") == 0
    box.runs("B")
    assert box.do("get-primary") == box.do("get-state", "B") == box.do("get-current") == 0
    assert capsys.readouterr().out.split() == ["B", "good", "B"]
    assert box.do("show") == 0
    assert "B: new, 3 tries left, runs" in capsys.readouterr().out
    assert box.do("set-state", "B", "good") == 0
    assert (box.env().b, box.env().last) == (bootenv.GOOD, "B")
    assert box.copies()[0] == box.copies()[1]


def test_an_update_whose_tries_are_used_up_is_no_more_primary(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    box.do("set-primary", "B")
    for name, octets in zip(bootctl.COPIES, box.copies(), strict=True):
        (box.folder / name).write_bytes(octets.replace(b"tries_b=3", b"tries_b=0"))
    box.do("get-primary")
    box.do("get-state", "B")
    assert capsys.readouterr().out.split() == ["A", "bad"]


def test_the_copy_that_counts_is_written_last(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(sectors, "overwrite", lambda path, octets: order.append(path.name))
    box.do("set-primary", "B")
    (box.folder / "env.1").write_bytes(bootenv.encode(replace(OLD, seq=OLD.seq + 1)))
    box.do("set-primary", "B")
    assert order == ["env.1", "env.0", "env.0", "env.1"]


def test_a_medium_that_fails_between_leaves_the_other_copy(
    box: Box, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(path: Path, octets: bytes) -> None:
        raise sectors.NotWritten(f"{path.name} was not taken")

    monkeypatch.setattr(sectors, "overwrite", fails)
    assert box.do("set-primary", "B") == 1
    assert capsys.readouterr().err == "bootctl: env.1 was not taken\n"
    assert box.env() == OLD


@pytest.mark.parametrize("lost", bootctl.COPIES)
@pytest.mark.parametrize(
    "left",
    [
        b"", bytes(1024), b"\xff" * 1024, b"x" * 5000, None,
        bootenv.encode(OLD)[:-9] + b"x" * 9,  # GRUB would read it, and not count in it
    ],
)  # fmt: skip
def test_a_lost_copy_is_mended_and_what_was_known_stays(
    box: Box, lost: str, left: bytes | None
) -> None:
    box.do("set-primary", "B")
    (box.folder / lost).unlink()
    if left is not None:
        (box.folder / lost).write_bytes(left)
    assert box.do("mend") == 0
    assert box.copies()[0] == box.copies()[1]
    assert (box.env().primary, box.env().b) == ("B", bootenv.NEW)


def test_with_both_copies_lost_the_slot_that_runs_is_first_and_each_has_tries(box: Box) -> None:
    box.runs("B")
    for name in bootctl.COPIES:
        (box.folder / name).write_bytes(b"")
    assert box.do("set-state", "B", "good") == 0
    found = box.env()
    assert (found.primary, found.a, found.b, found.last) == ("B", bootenv.NEW, bootenv.GOOD, "B")


def test_what_is_so_already_is_not_written(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sectors, "overwrite", lambda path, octets: pytest.fail("written"))
    assert box.do("set-state", "A", "good") == 0
    assert box.do("set-primary", "A") == 0
    assert box.do("mend") == 0


def test_each_change_is_newer_than_all_before(box: Box) -> None:
    (box.folder / "env.0").write_bytes(bootenv.encode(replace(OLD, seq=OLD.seq + 7)))
    box.do("set-primary", "B")
    assert box.env().seq == OLD.seq + 8


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("get-state", "C"), 1, "a slot is A or B, not 'C'"),
        (("set-primary", "a"), 1, "a slot is A or B, not 'a'"),
        (("set-state", "A", "fine"), 1, "a state is good or bad, not 'fine'"),
        (("new-slot", "soon"), 1, "invalid literal"),
        (("get-state",), 2, "set-primary"),
        (("boot",), 2, "set-primary"),
        ((), 2, "set-primary"),
    ],
)
def test_a_wrong_call_changes_nothing(
    box: Box, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
) -> None:
    assert box.do(*words) == code
    assert said in capsys.readouterr().err
    assert box.env() == OLD


def test_without_a_slot_on_the_command_line_nothing_is_guessed(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    box.cmdline.write_text("root=/dev/sda1 rauc.slot=AB\n")
    assert box.do("get-current") == 1
    for name in bootctl.COPIES:
        (box.folder / name).unlink()
    assert box.do("get-primary") == 1
    assert "both copies are lost" in capsys.readouterr().err


def test_no_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["get-primary"], Bootctl(tmp_path / "none", tmp_path / "cmdline")) == 1
    assert "none" in capsys.readouterr().err


def test_the_factory_makes_copies_and_markers_with_nothing_but_the_standard_library() -> None:
    command = [sys.executable, "-S", "-m", "edge.update.bootctl"]
    made = subprocess.run([*command, "new", "A"], capture_output=True, check=True).stdout
    assert made == bootenv.encode(OLD)
    marker = subprocess.run(
        [*command, "new-slot", "1764115200", "console=tty0", "quiet"], capture_output=True,
        check=True,
    ).stdout  # fmt: skip
    assert marker == bootenv.marker(1_764_115_200, "console=tty0 quiet")
