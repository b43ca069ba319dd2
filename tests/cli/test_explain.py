# SPDX-License-Identifier: Apache-2.0
"""`qalqan explain`: the chain of reasons from the evidence of a run."""

from pathlib import Path

import pytest

from edge.evidence.journal import Journal
from edge.model.outcome import Outcome, Result
from edge.model.unit import LinkType, Unit
from tests.cli.conftest import VECTORS, Qalqan

CALL = "spoofed_7172-0-1@198.51.100.10"


@pytest.fixture
def evidence(qalqan: Qalqan, config: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    done = qalqan("replay", VECTORS / "spoofed_7172.pcap", "-c", config, "--evidence", folder)
    assert done.code == 0
    return folder


def test_text(qalqan: Qalqan, evidence: Path) -> None:
    done = qalqan("explain", CALL, "--evidence", evidence)
    assert (done.code, done.err) == (0, "")
    head, *lines = done.out.splitlines()
    assert head.startswith("Record ")
    assert lines[0] == "OBSERVE, in enforce mode BLOCK"
    assert "  from +77172009131 to +77172000131" in lines
    assert "  decided by spoof.fixed-cli-abroad, basis rule" in lines


def test_json_by_call_and_by_record(qalqan: Qalqan, evidence: Path) -> None:
    (line,) = qalqan("explain", CALL, "-e", evidence, "--json").lines
    assert line.keys() == {
        "id", "leaf", "frame", "tap", "clock", "took_us", "peer", "schema", "time", "trunk",
        "class", "proto", "call", "attempt", "calling", "called", "action", "wanted", "mode",
        "basis", "rule", "list_version", "legal_basis", "category", "reasons", "capture", "frames",
    }  # fmt: skip
    assert line["call"] == CALL
    assert qalqan("explain", line["id"], "-e", evidence, "--json").lines == [line]


@pytest.mark.parametrize(
    ("units", "whence"),
    [
        ((), "Record {0}-end, the end of {0}"),
        (
            (Unit("mirror", LinkType.ETHERNET, 1, b"x", 17),),
            "Record {0}-end, frame 17 of tap mirror, the end of {0}",
        ),
    ],
)
def test_what_became_of_it_is_explained_with_the_call(
    qalqan: Qalqan, evidence: Path, units: tuple[Unit, ...], whence: str
) -> None:
    (line,) = qalqan("explain", CALL, "-e", evidence, "--json").lines
    journal = Journal(evidence)
    outcome = Outcome(1, Result.STOPPED, CALL, 1, "intl", line["id"], "pbx", "done", "603", 1)
    journal.settle(outcome, "stopped: A to B", units)
    journal.close()
    for name in (CALL, line["id"]):  # the id is what a refused caller was given
        done = qalqan("explain", name, "-e", evidence)
        assert (done.code, done.err) == (0, "")
        assert done.out.splitlines()[0].startswith(f"Record {line['id']}, frame ")
        assert done.out.splitlines()[-2:] == [whence.format(line["id"]), "stopped: A to B"]
    _, end = qalqan("explain", CALL, "-e", evidence, "--json").lines
    assert (end["of"], end["outcome"]) == (line["id"], "stopped")


def test_a_call_that_left_no_record(qalqan: Qalqan, evidence: Path) -> None:
    done = qalqan("explain", "nobody@h", "-e", evidence)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"qalqan: no record of nobody@h in {evidence}; calls let through leave none\n"
    )


def test_no_evidence_at_all(qalqan: Qalqan, tmp_path: Path) -> None:
    done = qalqan("explain", CALL, "-e", tmp_path / "none")
    assert done.code == 1
    assert done.err.endswith("leaves: No such file or directory\n")


def test_a_torn_line_is_named_and_the_rest_explained(qalqan: Qalqan, evidence: Path) -> None:
    (path,) = evidence.glob("*/verdicts.jsonl")
    path.write_bytes(b'{"id": "torn\n' + path.read_bytes())
    done = qalqan("explain", CALL, "-e", evidence, "--json")
    assert (done.code, len(done.lines)) == (0, 1)
    assert done.err == f"qalqan: {path}:1: not a record\n"
