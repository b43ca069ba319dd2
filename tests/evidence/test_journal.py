# SPDX-License-Identifier: Apache-2.0
"""What is kept can be found again, whatever happened to the run or to the one before."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.decode.pcapfile import CaptureReader
from edge.errors import InputError
from edge.evidence.journal import FRAMES, VERDICTS, Journal, is_evidence, records
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Basis, Mode, Reason, Verdict
from edge.pipeline import Decided
from tests.call.sip_talk import write
from tests.verdict.calls import call

REASON = Reason("list.calling", "A calling number is listed.", (("entry", "+447700900123"),))
BLOCK = Verdict(
    Action.BLOCK, Action.BLOCK, Basis.LIST, "list.calling", Mode.ENFORCE, (REASON,), 7, "AST-1"
)


class Heard:
    """As much of a message as evidence needs."""

    def __init__(self, number: int) -> None:
        self.unit = Unit("mirror", LinkType.ETHERNET, 10**18 + number, write("INVITE"), number)
        self.earlier: tuple[Unit, ...] = ()


def decided(number: int) -> Decided:
    return Decided(replace(call(), call=f"c{number}", message=Heard(number)), BLOCK, 1500)


def found(folder: Path, name: str) -> tuple[list[dict[str, object]], list[str]]:
    said: list[str] = []
    return list(records(folder, name, said.append)), said


def frames(folder: Path) -> list[Unit]:
    reader = CaptureReader("evidence")
    units = [*reader.feed((folder / FRAMES).read_bytes()), *reader.end()]
    assert all(isinstance(unit, Unit) for unit in units)
    return units  # type: ignore[return-value]


def test_reasons_and_frame_of_each_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a" / "b")
    name = journal.keep(decided(1))
    journal.close()
    (record,), complaints = found(journal.folder, name)
    assert complaints == []
    assert found(journal.folder, "c1")[0] == [record]
    assert {key: record[key] for key in ("id", "call", "frame", "tap", "rule", "took_us")} == {
        "id": name,
        "call": "c1",
        "frame": 1,
        "tap": "mirror",
        "rule": "list.calling",
        "took_us": 1.5,
    }
    assert str(record["text"]).startswith("BLOCK\n")
    (unit,) = frames(journal.folder)
    assert (unit.at, unit.data) == (10**18 + 1, write("INVITE"))
    assert f"{name} list.calling".encode() in (journal.folder / FRAMES).read_bytes()


def test_every_piece_of_a_message_is_kept(tmp_path: Path) -> None:
    journal, offered = Journal(tmp_path), decided(2)
    first = Unit("mirror", LinkType.ETHERNET, 10**18, b"first fragment", 1)
    offered.offer.message.earlier = (first,)
    journal.keep(offered)
    assert [unit.data for unit in frames(tmp_path)] == [b"first fragment", write("INVITE")]
    journal.close()


def test_what_is_kept_outlives_a_kill(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.keep(decided(1))
    assert len(found(tmp_path, "c1")[0]) == len(frames(tmp_path)) == 1  # before any close
    journal.close()


def test_a_further_run_adds_to_the_evidence_of_the_first(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        journal = Journal(tmp_path)
        names.append(journal.keep(decided(1)))
        journal.close()
    assert len(set(names)) == 3
    assert [record["id"] for record in found(tmp_path, "c1")[0]] == names
    assert len(frames(tmp_path)) == 3


def test_a_line_torn_by_a_power_cut_costs_itself_alone(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    first.keep(decided(1))
    first.close()
    path = tmp_path / VERDICTS
    path.write_bytes(path.read_bytes()[:-20])
    second = Journal(tmp_path)
    name = second.keep(decided(2))
    second.close()
    assert [record["id"] for record in found(tmp_path, "c2")[0]] == [name]
    assert found(tmp_path, "c1") == ([], [f"{path}:1: not a record"])


@pytest.mark.parametrize("line", [b"\xff", b"[]", b"{}", b'{"id": "x"}', b""])
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: bytes) -> None:
    (tmp_path / VERDICTS).write_bytes(line + b"\n")
    assert found(tmp_path, "x") == ([], [f"{tmp_path / VERDICTS}:1: not a record"])


def test_no_evidence_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file or directory"):
        found(tmp_path, "c1")


def test_no_room_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file"):
        Journal(tmp_path / "file" / "evidence")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_full_disk_is_counted_and_costs_no_verdict(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal._verdicts.close()
    journal._verdicts = Path("/dev/full").open("ab")  # noqa: SIM115 - closed by the journal
    assert journal.keep(decided(1))
    assert (journal.records, journal.lost) == (1, 1)
    journal.close()


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


def test_every_line_is_json(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(3):
        journal.keep(decided(number))
    journal.close()
    lines = (tmp_path / VERDICTS).read_text("utf-8").splitlines()
    assert [json.loads(line)["call"] for line in lines] == ["c0", "c1", "c2"]
