# SPDX-License-Identifier: Apache-2.0
"""What is kept can be found again, whatever happened to the run or to the one before."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge.errors import InputError
from edge.evidence.audit import audit
from edge.evidence.capture import FRAMES
from edge.evidence.journal import NOT_KEPT, VERDICTS, Journal, is_evidence, records
from edge.evidence.merkle import WIDTH, leaf_hash
from edge.evidence.shelf import read_leaves
from edge.model.outcome import Outcome, Result
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Basis, Mode, Reason, Verdict
from edge.verdict.rule import CAMPAIGN
from tests.call.sip_talk import write
from tests.evidence.box import DAY_NS, NOW, TODAY, Box, decided, frames, room


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def found(folder: Path, name: str) -> tuple[list[dict[str, Any]], list[str]]:
    said: list[str] = []
    return list(records(folder, name, said.append)), said


def test_reasons_and_frame_of_each_other(box: Box) -> None:
    (kept,) = box.keep(1)
    (record,), complaints = found(box.log, kept.record)
    assert complaints == []
    assert found(box.log, "c1")[0] == [record]
    assert {key: record[key] for key in ("id", "leaf", "call", "frame", "tap", "rule")} == {
        "id": kept.record,
        "leaf": 0,
        "call": "c1",
        "frame": 1,
        "tap": "mirror",
        "rule": "list.calling",
    }
    assert (record["took_us"], kept.leaf) == (1.5, 0)
    assert str(record["text"]).startswith("BLOCK\n")
    assert box.file(FRAMES).parent.name == TODAY
    (unit,) = frames(box.file(FRAMES))
    assert (unit.at, unit.data) == (10**18 + 1, write("INVITE"))
    assert f"{kept.record} list.calling".encode() in box.file(FRAMES).read_bytes()


def test_the_tree_binds_the_record_and_the_record_its_frames(box: Box) -> None:
    box.keep(1, 2, 3)
    stored = box.file(FRAMES).read_bytes()
    end = 0
    for leaf, line in enumerate(box.file(VERDICTS).read_bytes().splitlines()):
        assert read_leaves(box.log)[leaf * WIDTH :][:WIDTH] == leaf_hash(line)
        record = json.loads(line)
        capture = record["capture"]
        assert capture["at"] == end
        end += capture["octets"]
        section = stored[capture["at"] : capture["at"] + capture["octets"]]
        assert sha256(section).hexdigest() == capture["sha256"]
        (frame,) = record["frames"]
        assert frame in {sha256(section[at:]).hexdigest() for at in range(len(section))}
    assert len(stored) == end


def test_every_piece_of_a_message_is_kept(box: Box) -> None:
    journal = box.journal()
    first = Unit("mirror", LinkType.ETHERNET, 10**18, b"first fragment", 1)
    journal.keep(decided(2, first))
    units = [unit.data for unit in frames(box.file(FRAMES))]
    assert units == [b"first fragment", write("INVITE")]
    assert len(found(box.log, "c2")[0][0]["frames"]) == 2
    journal.close()


def test_what_is_kept_outlives_a_kill(box: Box) -> None:
    journal = box.journal()
    journal.keep(decided(1))
    assert len(found(box.log, "c1")[0]) == len(frames(box.file(FRAMES))) == 1  # before any close
    journal.close()


def test_a_leaf_is_written_when_its_record_is_on_disk(box: Box) -> None:
    journal = box.journal()
    assert journal.keep(decided(1)).leaf == 0
    assert read_leaves(box.log) == b""
    assert journal.sync()
    assert len(read_leaves(box.log)) == WIDTH
    journal.close()


def test_a_further_run_adds_to_the_evidence_of_the_first(box: Box) -> None:
    kept = [each for _ in range(3) for each in box.keep(1)]
    assert [each.leaf for each in kept] == [0, 1, 2]
    assert len({each.record for each in kept}) == 3
    assert [record["id"] for record in found(box.log, "c1")[0]] == [each.record for each in kept]
    assert len(frames(box.file(FRAMES))) == 3


def test_a_day_has_its_own_folder_and_is_let_go_whole(box: Box) -> None:
    journal = box.journal()
    for day in range(3):
        box.now_ns = NOW + day * DAY_NS
        journal.keep(decided(day))
    journal.sync()
    assert sorted(path.name for path in box.log.glob("20*")) == [
        "2026-11-25", "2026-11-26", "2026-11-27",
    ]  # fmt: skip
    assert [len(found(box.log, f"c{day}")[0]) for day in range(3)] == [1, 1, 1]
    assert journal.prune("2026-11-27") == 2
    assert journal.prune("2026-11-27") == 0
    journal.keep(decided(3))
    journal.close()
    assert [len(found(box.log, f"c{day}")[0]) for day in range(4)] == [0, 0, 1, 1]
    assert len(read_leaves(box.log)) == 4 * WIDTH  # the tree is whole
    assert list(audit(box.log)) == []
    again = box.journal()
    assert again.damage == []
    again.close()


def test_a_clock_that_steps_back_over_midnight(box: Box) -> None:
    for number, now in enumerate((NOW, NOW - 1, NOW + DAY_NS, NOW)):
        box.now_ns = now
        box.keep(number)
    assert [found(box.log, f"c{number}")[0][0]["leaf"] for number in range(4)] == [0, 1, 2, 3]
    assert list(audit(box.log)) == []


def test_a_line_torn_by_a_power_cut_costs_itself_alone(box: Box) -> None:
    box.keep(1)
    path = box.file(VERDICTS)
    path.write_bytes(path.read_bytes()[:-20])
    (kept,) = box.keep(2)
    assert [record["id"] for record in found(box.log, "c2")[0]] == [kept.record]
    assert found(box.log, "c1") == ([], [f"{path}:1: not a record"])


def test_frames_that_a_power_cut_took_are_named(box: Box) -> None:
    box.keep(1)
    (box.log / "leaves").write_bytes(b"")
    box.file(FRAMES).write_bytes(b"")
    journal = box.journal()
    assert [said.partition(": ")[2] for said in journal.damage] == [
        f"the frames of record {found(box.log, 'c1')[0][0]['id']} were lost"
    ]
    journal.close()


@pytest.mark.parametrize(
    "line", [b"\xff", b"[]", b"{}", b'{"id": "x"}', b"", b'{"id":"x","leaf":0,"text":""}']
)
def test_a_line_that_is_no_record_is_named(box: Box, line: bytes) -> None:
    path = box.log / TODAY / VERDICTS
    path.parent.mkdir(parents=True)
    path.write_bytes(line + b"\n")
    assert found(box.log, "x") == ([], [f"{path}:1: not a record"])


def test_no_evidence_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file or directory"):
        found(tmp_path, "c1")


def test_no_room_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file"):
        Journal(tmp_path / "file" / "evidence")


def stopped(record: str) -> Outcome:
    return Outcome(NOW, Result.STOPPED, "c1", 1, "world", record, "pbx", "done", "603", 250_000_000)


def test_what_became_of_a_call_is_a_record_of_its_own_with_the_frames_that_prove_it(
    box: Box,
) -> None:
    journal = box.journal()
    kept = journal.keep(decided(1))
    proof = Unit("mirror", LinkType.ETHERNET, 10**18 + 9, write("603"), 17)
    end = journal.settle(stopped(kept.record), "stopped: A to B", (proof,))
    assert (end.record, end.leaf, journal.records) == (f"{kept.record}-end", 1, 2)
    journal.close()
    verdict, outcome = found(box.log, kept.record)[0]
    assert found(box.log, "c1")[0] == [verdict, outcome]
    assert found(box.log, end.record)[0] == [outcome]
    expected = {
        "id": end.record, "leaf": 1, "of": kept.record, "frame": 17, "tap": "mirror",
        "time": NOW / 1e9, "call": "c1", "attempt": 1, "trunk": "world", "outcome": "stopped",
        "by": "pbx", "told": "done", "heard": "603", "after_ms": 250, "again": "",
        "text": "stopped: A to B",
    }  # fmt: skip
    assert {key: outcome[key] for key in expected} == expected
    assert outcome.keys() - expected.keys() == {"capture", "frames"}
    assert [unit.data for unit in frames(box.file(FRAMES))] == [write("INVITE"), write("603")]
    assert f"{end.record} stopped".encode() in box.file(FRAMES).read_bytes()
    assert list(audit(box.log)) == []


def test_an_end_that_nobody_heard_has_no_frames(box: Box) -> None:
    journal = box.journal()
    kept = journal.keep(decided(1))
    size = box.file(FRAMES).stat().st_size
    end = journal.settle(stopped(kept.record), "unproven", ())
    assert end.leaf == 1
    journal.close()
    _, outcome = found(box.log, kept.record)[0]
    assert (outcome["frame"], outcome["tap"]) == (0, "")
    assert outcome.keys().isdisjoint({"capture", "frames"})
    assert box.file(FRAMES).stat().st_size == size
    assert list(audit(box.log)) == []
    again = box.journal()  # a record without frames lacks none
    assert again.damage == []
    again.close()


@pytest.mark.parametrize("units", [(), (Unit("mirror", LinkType.ETHERNET, 10**18, b"x" * 200),)])
def test_an_end_for_which_there_is_no_room_is_counted(box: Box, units: tuple[Unit, ...]) -> None:
    journal = box.journal()
    kept = journal.keep(decided(1))
    sizes = {name: box.file(name).stat().st_size for name in (FRAMES, VERDICTS)}
    with room(min(sizes.values()) + 50):
        assert journal.settle(stopped(kept.record), "stopped", units).leaf == NOT_KEPT
    assert journal.lost == 1
    assert sizes == {name: box.file(name).stat().st_size for name in (FRAMES, VERDICTS)}
    assert journal.settle(stopped(kept.record), "stopped", units).leaf == 1
    journal.close()
    assert list(audit(box.log)) == []


@pytest.mark.parametrize("which", [FRAMES, VERDICTS])
def test_a_full_disk_is_counted_and_costs_no_verdict(box: Box, which: str) -> None:
    journal = box.journal()
    journal.keep(decided(1))
    sizes = {name: box.file(name).stat().st_size for name in (FRAMES, VERDICTS)}
    with room(sizes[which] + 100):  # the write is cut short, as on a disk that fills
        kept = journal.keep(decided(2))
    assert (kept.leaf, journal.records, journal.lost) == (NOT_KEPT, 2, 1)
    assert sizes == {name: box.file(name).stat().st_size for name in (FRAMES, VERDICTS)}
    assert journal.keep(decided(3)).leaf == 1
    journal.close()
    assert list(audit(box.log)) == []
    assert len(frames(box.file(FRAMES))) == 2


def test_no_room_for_a_leaf(box: Box) -> None:
    journal = box.journal()
    for number in range(40):
        journal.keep(decided(number))
        if number == 19:
            assert journal.sync()
    with room(30 * WIDTH - 5):
        assert not journal.sync()
    assert len(read_leaves(box.log)) == 20 * WIDTH
    assert journal.sync()
    assert len(read_leaves(box.log)) == 40 * WIDTH
    journal.close()
    assert list(audit(box.log)) == []


@pytest.mark.parametrize(
    ("action", "wanted", "kept"),
    [
        (Action.BLOCK, Action.BLOCK, True),
        (Action.DIVERT, Action.DIVERT, True),
        (Action.OBSERVE, Action.BLOCK, True),
        (Action.OBSERVE, Action.OBSERVE, False),
        (Action.ALLOW, Action.ALLOW, False),
    ],
)
def test_is_evidence(action: Action, wanted: Action, kept: bool) -> None:
    assert is_evidence(Verdict(action, wanted, Basis.LIST, "r", Mode.OBSERVE)) is kept


def test_a_call_of_a_campaign_is_evidence_whatever_decided_it() -> None:
    why = Reason("spoof.roaming-unknown", "A sentence."), Reason(CAMPAIGN.id, CAMPAIGN.title)
    observed = Verdict(Action.OBSERVE, Action.OBSERVE, Basis.RULE, why[0].rule, Mode.ENFORCE, why)
    assert is_evidence(observed)
    assert not is_evidence(replace(observed, reasons=why[:1]))


def test_every_line_is_json(box: Box) -> None:
    box.keep(0, 1, 2)
    lines = box.file(VERDICTS).read_text("utf-8").splitlines()
    assert [json.loads(line)["call"] for line in lines] == ["c0", "c1", "c2"]
