# SPDX-License-Identifier: Apache-2.0
"""`qalqan origin`: every line of a dossier names its evidence, and the evidence is handed out."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from edge.cli import app
from edge.detect.case import Case, case_of
from edge.detect.countries import Nowhere
from edge.errors import InputError
from edge.evidence.bundle import read
from edge.evidence.verify import verify
from edge.origin.cases import Cases
from tests.detect.test_case import WHOSE, found
from tests.evidence.box import Box

CASE = case_of(found(extra=WHOSE), Nowhere())
LATER = replace(CASE, id="c0123456789ab", last=CASE.last + 1)


def typed(*words: str) -> Result:
    done = CliRunner().invoke(app, ["origin", *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture
def folder(tmp_path: Path) -> str:
    cases = Cases(tmp_path / "campaigns")
    line = replace(CASE.lines[0], value="\x1b[31mred", place="FR, AS64500 EXAMPLE")
    cases.write(replace(CASE, lines=(line, *CASE.lines[1:])))
    cases.write(LATER)
    return str(tmp_path / "campaigns")


def test_they_are_listed_with_their_reasons_the_latest_first(folder: str) -> None:
    lines = typed("list", "-f", folder).stdout.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("c")] == [LATER.id, CASE.id]
    assert sum(line.startswith("  ") for line in lines) == 2 * len(CASE.reasons)


def test_every_line_of_a_dossier_names_its_evidence(folder: str) -> None:
    text = typed("show", CASE.id, "-f", folder).stdout
    assert "\x1b" not in text
    assert "(FR, AS64500 EXAMPLE)" in text
    dossier = text.partition("the surest first:\n")[2].splitlines()
    titles = [at for at, line in enumerate(dossier) if not line.startswith("    ")]
    assert len(titles) == len(CASE.lines)
    for at, line in zip(titles, CASE.lines, strict=True):
        assert line.title in dossier[at]
        assert dossier[at + 1].startswith(f"    confidence {line.confidence:.2f}, ")
        first = line.evidence[0]
        assert dossier[at + 2].startswith(
            f"    record {first.record}, leaf {first.leaf}: frame {first.frame} of tap tap, "
        )


def test_machines_read_the_same(folder: str) -> None:
    one, other = map(json.loads, typed("list", "-f", folder, "--json").stdout.splitlines())
    assert (one["id"], other["id"]) == (LATER.id, CASE.id)
    assert one["reasons"][0]["text"].endswith(".")
    assert {mark["kind"] for mark in one["marks"]} == {"media", "key", "origid"}
    whole = json.loads(typed("show", CASE.id, "-f", folder, "--json").stdout)
    assert len(whole["dossier"]) == len(CASE.lines)
    assert all(one["record"] for line in whole["dossier"] for one in line["evidence"])


def test_what_is_not_there_or_damaged_is_said(folder: str) -> None:
    with pytest.raises(InputError, match="no campaign c9"):
        typed("show", "c9", "-f", folder)
    (Path(folder) / f"{CASE.id}.json").write_text("{")
    with pytest.raises(InputError, match=CASE.id):
        typed("show", CASE.id, "-f", folder)
    done = typed("list", "-f", folder)
    assert CASE.id in done.stderr
    assert LATER.id in done.stdout
    assert typed("list", "-f", f"{folder}/none").stdout == ""


def filed(box: Box, records: list[str]) -> Case:
    """File a dossier that stands on these records."""
    lines = tuple(
        replace(line, evidence=tuple(replace(e, record=record) for e in line.evidence[:1]))
        for line, record in zip(CASE.lines, records * len(CASE.lines), strict=False)
    )
    case = replace(CASE, lines=lines)
    Cases(box.folder / "campaigns").write(case)
    return case


def test_the_evidence_of_all_its_lines_is_handed_out(tmp_path: Path) -> None:
    box = Box(tmp_path)
    records = [kept.record for kept in box.keep(1, 2, 3)]
    case = filed(box, records[:2])
    where = ("-f", str(tmp_path / "campaigns"), "-e", str(box.log), "--whole", "--out")
    with pytest.raises(InputError, match="no checkpoint covers"):
        typed("export", case.id, *where, str(tmp_path / "early"))
    assert not (tmp_path / "early").exists()
    out = tmp_path / "case"
    done = typed("export", case.id, *where, str(out), "--without-proof")
    assert done.exit_code == 3
    assert "evidence of 2 calls" in done.stdout
    assert {path.name for path in out.iterdir()} == {
        "dossier.txt", "dossier.json", "dossier.html",
        *(f"{record}.tar" for record in records[:2]),
    }  # fmt: skip
    report = verify(read(out / f"{records[0]}.tar"))
    assert (report.wrong, report.records) == ("", (records[0],))
    with pytest.raises(InputError):  # it is there already
        typed("export", case.id, *where, str(out), "--without-proof")


def test_what_goes_abroad_has_no_number_and_no_evidence_in_it(tmp_path: Path) -> None:
    number = "+447700900123"
    case = replace(CASE, lines=(replace(CASE.lines[0], value=number), *CASE.lines[1:]))
    Cases(tmp_path / "campaigns").write(case)
    out = tmp_path / "abroad"
    done = typed("export", case.id, "-f", str(tmp_path / "campaigns"), "--out", str(out))
    assert done.exit_code == 0
    assert "numbers masked" in done.stdout
    assert {path.name for path in out.iterdir()} == {"dossier.txt", "dossier.json", "dossier.html"}
    for path in out.iterdir():
        said = path.read_text(encoding="utf-8")
        assert number[-7:] not in said
        assert CASE.lines[0].evidence[0].record in said
