# SPDX-License-Identifier: Apache-2.0
"""Campaigns in files: whole or not at all, and damage is named, never believed."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from edge.detect.case import VERSION, Case
from edge.origin import cases
from edge.origin.cases import Cases

CASE = Case(
    VERSION, "c0123456789ab", 1, 2, 3, 4, 5, 6, 7, 0.9, (), (), (), (0,) * 24, 0, ()
)  # fmt: skip
LATER = replace(CASE, id="cba9876543210", last=9)


def complain(text: str) -> None:
    raise AssertionError(text)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = Cases(tmp_path / "campaigns")
    assert folder.read(complain) == []
    folder.write(LATER)
    folder.write(replace(CASE, calls=1))
    folder.write(CASE)
    assert folder.read(complain) == [CASE, LATER]
    assert folder.get(CASE.id) == CASE
    folder.drop(CASE.id)
    folder.drop(CASE.id)
    assert folder.read(complain) == [LATER]
    assert folder.get(CASE.id) is None


@pytest.mark.parametrize(
    "octets",
    [b"", b"{}", b"\xff", msgspec.json.encode(LATER), msgspec.json.encode(replace(CASE, v=99)),
     b"[" * 100_000],
    ids=["empty", "nothing", "not text", "another", "version", "deep"],
)  # fmt: skip
def test_damage_is_named_and_the_others_are_read(tmp_path: Path, octets: bytes) -> None:
    folder = Cases(tmp_path)
    folder.write(LATER)
    (tmp_path / f"{CASE.id}.json").write_bytes(octets)
    said: list[str] = []
    assert folder.read(said.append) == [LATER]
    (line,) = said
    assert CASE.id in line
    with pytest.raises(ValueError, match=r".+"):
        folder.get(CASE.id)


def test_what_is_too_long_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Cases(tmp_path)
    folder.write(CASE)
    monkeypatch.setattr(cases, "MOST_OCTETS", 10)
    said: list[str] = []
    assert folder.read(said.append) == []
    assert "longer than 10 octets" in said[0]


def test_other_files_and_names_are_none_of_ours(tmp_path: Path) -> None:
    folder = Cases(tmp_path)
    (tmp_path / "readme.json").write_text("x")
    (tmp_path / f"{CASE.id}.json.new").write_text("x")
    assert folder.read(complain) == []
    assert folder.get("../../etc/passwd") is None
