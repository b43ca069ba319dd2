# SPDX-License-Identifier: Apache-2.0
"""What the READMEs say of an hour is what its record says, and that is of a whole one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hil.bench import page
from hil.document import with_part
from hil.hour import record
from hil.hour.faults import FAULTS
from hil.hour.record import (
    FRONT,
    JUDGED,
    PAGE,
    PART,
    README,
    RECORD,
    REPORT,
    kept,
    summary,
    table,
)

Facts = dict[str, Any]


@pytest.fixture
def found() -> Facts:
    facts: Facts = json.loads((RECORD / REPORT).read_text(encoding="utf-8"))
    return facts


@pytest.mark.parametrize(("document", "part"), [(README, table), (FRONT, summary)])
def test_a_document_says_what_the_record_says(
    found: Facts, document: Path, part: Callable[[Facts], str]
) -> None:
    text = document.read_text(encoding="utf-8")
    assert text == with_part(text, PART, part(found)), "make hour, then python -m hil.hour.record"


def test_the_page_is_of_the_record(found: Facts) -> None:
    assert (RECORD / PAGE).read_text(encoding="utf-8") == page.html(found)


def test_the_record_is_of_a_whole_hour_with_every_fault(found: Facts) -> None:
    judged = [one for one in found["scenarios"] if one["name"].startswith(JUDGED)]
    assert min(one["seconds"] for one in judged) >= 3600
    assert {one["name"] for one in found["scenarios"]} >= set(FAULTS)
    assert "dirty" not in found["source"]


def test_what_is_short_is_bold(found: Facts) -> None:
    for one in found["scenarios"]:
        for figure in one["figures"]:
            figure["verdict"] = "kept"
    assert "**" not in table(found) + summary(found)
    found["scenarios"][0]["figures"][0]["verdict"] = "broken"
    assert table(found).count("**") == 4
    assert "15 of 16 promises held; **not held: calls, " in summary(found)


def test_logs_and_the_name_of_a_kernel_are_not_kept(found: Facts) -> None:
    found["place"]["facts"]["machine"] = "2 processors, x86_64, Linux 6.12.9-somebodys-own-1"
    found["scenarios"][0]["files"] = [{"title": "core.log", "name": "files/core.log", "octets": 1}]
    left = kept(found)
    assert left["place"]["facts"]["machine"] == "2 processors, x86_64, Linux 6.12.9"
    assert not any(one["files"] for one in left["scenarios"])
    assert kept(left) == left


def test_without_an_hour_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(record, "RESULT", RECORD / "none.json")
    assert record.main(said.append) == 1
    assert said == [f"{RECORD / 'none.json'}: not there: make hour\n"]
