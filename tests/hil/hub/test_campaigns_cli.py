# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub campaigns`, as people type it."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from edge.errors import InputError
from hil.hub.__main__ import app
from hil.hub.store import Store, sqlite_url
from tests.hil.hub.test_campaigns import PLAIN, SIGNED, Regions, elsewhere


def typed(folder: Path, *words: str) -> str:
    done = CliRunner().invoke(app, ["campaigns", *words, "--folder", str(folder)])
    if done.exception:
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    regions = Regions(store)
    line = replace(SIGNED.lines[0], value="\x1b[31mred", place="FR, AS64500 EXAMPLE")
    regions.case("astana-1", replace(SIGNED, lines=(line, *SIGNED.lines[1:])))
    regions.case("aktau-1", elsewhere(PLAIN, "198.51.100.7"))
    regions.case("oral-1", elsewhere(PLAIN, "203.0.113.9", name="c2"))
    store.close()
    return tmp_path


def test_all_are_listed_without_dossiers(folder: Path) -> None:
    said = typed(folder)
    assert f"{SIGNED.id}  aktau-1, astana-1\n" in said
    assert "one by media 198.51.100.7" in said
    assert "written alike, which is no proof: " in said
    assert "c2  oral-1\n" in said
    assert "record r" not in said


def test_one_is_shown_with_its_dossier_and_every_line_names_its_evidence(folder: Path) -> None:
    lines = typed(folder, "c1").splitlines()  # by the id of either
    said = [at for at, line in enumerate(lines) if line.startswith("  0.") or "  1." in line]
    assert len(said) == len(SIGNED.lines)
    assert all("astana-1 record r" in lines[at + 1] for at in said)
    assert any("(FR, AS64500 EXAMPLE)" in line for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_machines_read_the_same(folder: Path) -> None:
    said = json.loads(typed(folder, SIGNED.id, "--json"))
    (group,) = said["groups"]
    assert {one["node"] for one in group["campaigns"]} == {"astana-1", "aktau-1"}
    assert len(group["clues"]) == len(SIGNED.lines)
    assert len(json.loads(typed(folder, "--json"))["groups"]) == 2


def test_what_is_not_there_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no campaign c9"):
        typed(folder, "c9")
    assert typed(tmp_path / "other") == "no campaign was told of\n"
