# SPDX-License-Identifier: Apache-2.0
"""The latest calls are in the file: with verdict and fate, each once, no more than are shown."""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from edge.model.outcome import Outcome, Result
from edge.pipeline import Decided
from edge.seen.recent import FILE, MOST, MOST_OCTETS, Recent, read_calls
from tests.evidence.box import decided


def ended(record: str, result: Result = Result.STOPPED) -> Outcome:
    return Outcome(1, result, "c", 1, "intl", record, "pbx", "done", "603", 1)


def test_a_call_is_shown_with_its_verdict_and_its_fate(tmp_path: Path) -> None:
    recent = Recent(tmp_path / "run")
    recent.note(decided(1), "a-1")
    recent.note(decided(2), "a-2")
    recent.settle(ended("a-1"))
    recent.write()
    first, second = read_calls(tmp_path / "run")
    assert (first.call, first.record, first.fate) == ("c1", "a-1", "stopped")
    assert (first.action, first.wanted, first.rule) == ("block", "block", "list.calling")
    assert first.calling.startswith("+")
    assert (second.call, second.fate) == ("c2", "")


def test_what_a_gate_was_asked_and_a_tap_heard_is_one_call(tmp_path: Path) -> None:
    recent = Recent(tmp_path)
    recent.note(decided(1), "a-1")
    recent.note(decided(1), "")
    recent.write()
    (one,) = read_calls(tmp_path)
    assert one.record == "a-1"


def test_the_oldest_go_first(tmp_path: Path) -> None:
    recent = Recent(tmp_path)
    for number in range(MOST + 5):
        recent.note(decided(number), "")
    recent.write()
    found = read_calls(tmp_path)
    assert (len(found), found[0].call, found[-1].call) == (MOST, "c5", f"c{MOST + 4}")


def test_it_is_written_only_when_there_is_news(tmp_path: Path) -> None:
    recent = Recent(tmp_path)
    recent.note(decided(1), "a-1")
    recent.write()
    before = (tmp_path / FILE).stat().st_ino
    recent.write()
    assert (tmp_path / FILE).stat().st_ino == before
    recent.settle(ended("a-1", Result.LEAKED))
    recent.write()
    assert read_calls(tmp_path)[0].fate == "leaked"


def test_a_word_of_the_wire_is_no_longer_than_it_may(tmp_path: Path) -> None:
    one = decided(1)
    recent = Recent(tmp_path)
    recent.note(Decided(replace(one.offer, call="x" * 10_000), one.verdict, 1), "")
    recent.write()
    assert len(read_calls(tmp_path)[0].call) == 80


def test_a_file_that_is_none_of_ours_shows_nothing(tmp_path: Path) -> None:
    assert read_calls(tmp_path) == ()
    for octets in (b"", b"{", b'{"v":2,"calls":[]}', b"[" * 100_000, b" " * (MOST_OCTETS + 1)):
        (tmp_path / FILE).write_bytes(octets)
        assert read_calls(tmp_path) == ()


def test_a_folder_that_takes_nothing_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    recent = Recent(tmp_path / "file")
    recent.note(decided(1), "")
    recent.write()
    assert len(msgspec.json.encode(recent.calls())) > 0
