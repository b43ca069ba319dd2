# SPDX-License-Identifier: Apache-2.0
"""Proof: claims without it are found, by evidence that a real `core` room wrote, and by tables."""

from pathlib import Path

import msgspec
import pytest

from hil.hour.proof import (
    LAST_S,
    Claim,
    cut_off,
    is_touched_emergency,
    read_log,
    told_wrongly,
    unwitnessed,
)
from hil.region.tables import HELP, PHONE

FRAME = {"frames": ["ab" * 32]}


def outcome(record: str, result: str, heard: str = "603", **more: object) -> dict[str, object]:
    return {
        "id": f"{record}-end", "of": record, "call": f"call-{record}", "trunk": "abroad",
        "outcome": result, "heard": heard, "time": 100.0, "text": "", **FRAME, **more,
    }  # fmt: skip


def verdict(record: str, called: str, action: str, wanted: str) -> dict[str, object]:
    return {"id": record, "called": called, "action": action, "wanted": wanted, "text": ""}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    records = [
        verdict("a", PHONE, "block", "block"), outcome("a", "stopped"),
        outcome("b", "stopped", heard=""), outcome("c", "diverted", frames=[]),
        outcome("d", "unproven", heard="", frames=[]), outcome("e", "leaked"),
        verdict("f", HELP, "observe", "block"), verdict("g", HELP, "observe", "observe"),
    ]  # fmt: skip
    day = tmp_path / "2026-11-26"
    day.mkdir()
    lines = (msgspec.json.encode({**one, "leaf": leaf}) for leaf, one in enumerate(records))
    (day / "verdicts.jsonl").write_bytes(b"\n".join([*lines, b'{"id": "torn']))
    return tmp_path


def test_a_log_says_what_was_claimed_and_what_of_it_has_no_proof(log):
    found = read_log(log)
    assert [one.record for one in found.stops] == ["a", "b", "c"]
    assert found.stops[0] == Claim("a", "call-a", "abroad")
    assert found.outcomes == dict.fromkeys("abcde", 100.0)
    assert found.unproven == ("b", "c")
    assert (found.emergencies, found.records) == (1, 8)


@pytest.mark.parametrize(
    ("called", "action", "wanted", "touched"),
    [
        (HELP, "block", "block", True), (HELP, "observe", "divert", True),
        (HELP, "allow", "allow", False), (PHONE, "block", "block", False),
    ],
)  # fmt: skip
def test_a_call_for_help_is_not_even_to_be_stopped(called, action, wanted, touched):
    assert is_touched_emergency(verdict("r", called, action, wanted)) is touched


def test_the_wire_is_asked_of_calls_whose_switch_refuses_them():
    stops = [Claim("a", "1", "abroad"), Claim("b", "2", "abroad"), Claim("c", "3", "e1")]
    assert unwitnessed(stops, {"1"}, "abroad") == ["2"]


@pytest.mark.parametrize(
    ("outcomes", "told", "untold", "twice"),
    [
        ({"a", "b"}, ["a", "b"], [], []),
        ({"a", "b"}, ["b"], ["a"], []),
        ({"a", "b"}, ["b", "a", "b"], [], ["b"]),
        (set(), [], [], []),
    ],
)
def test_the_hub_knows_of_each_once(outcomes, told, untold, twice):
    assert told_wrongly(outcomes, told) == (untold, twice)


@pytest.mark.parametrize(
    ("settled_s", "is_cut_off"),
    [(100, True), (100 - LAST_S / 2, True), (100 - LAST_S, False), (101, False), (40, True)],
)
def test_what_a_kill_cut_off_is_told_from_what_was_forgotten(settled_s, is_cut_off):
    outcomes = {"a": settled_s, "b": 100.0}
    assert cut_off(["a"], outcomes, [41.0, 100.0]) == (["a"] if is_cut_off else [])
