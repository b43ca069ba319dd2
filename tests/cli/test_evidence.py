# SPDX-License-Identifier: Apache-2.0
"""`qalqan evidence`: from a stopped call to a bundle that holds on another machine."""

from pathlib import Path

import pytest

from edge.evidence.acts import ActLog
from edge.evidence.note import COSIGNS
from edge.evidence.shelf import LEAVES, days
from tests.cli.conftest import VECTORS, Qalqan
from tests.evidence.box import APPLIANCE, HUB, NOW, ORIGIN, Box

CALL = "spoofed_7172-0-1@198.51.100.10"
KEYS = ("--appliance-key", str(APPLIANCE.verifier()), "--hub-key", str(HUB.verifier(COSIGNS)))
GIVEN, BUNDLED = "(key as given)", "(key from the bundle: the word of whoever made it)"


@pytest.fixture
def box(qalqan: Qalqan, config: Path, tmp_path: Path) -> Box:
    box = Box(tmp_path / "state")
    done = qalqan("replay", VECTORS / "spoofed_7172.pcap", "-c", config, "--evidence", box.log)
    assert done.code == 0
    return box


@pytest.fixture
def bundle(qalqan: Qalqan, box: Box, tmp_path: Path) -> Path:
    box.sign()
    path = tmp_path / "case.tar"
    done = qalqan("evidence", "export", CALL, "--evidence", box.log, "--out", path)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{path}: 1 record, proven in a log of 3\n"
    return path


def test_a_bundle_holds(qalqan: Qalqan, bundle: Path) -> None:
    done = qalqan("evidence", "verify", bundle, *KEYS)
    assert (done.code, done.err) == (0, "")
    record, log, hub = done.out.splitlines()
    assert record.endswith(": as it was kept, with its frames and reasons")
    assert log == f"log {ORIGIN}, 3 records: it is in there, signed by {ORIGIN} {GIVEN}"
    assert hub.startswith("countersigned by hub.example at 2026-11-2")
    assert hub.endswith(GIVEN)


def test_with_its_own_keys_it_says_whose_word_that_is(qalqan: Qalqan, bundle: Path) -> None:
    done = qalqan("evidence", "verify", bundle)
    assert (done.code, done.out.count(BUNDLED)) == (0, 2)


def test_keys_from_files(qalqan: Qalqan, bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "hub.key"
    path.write_text(f"{HUB.verifier(COSIGNS)}\n")
    assert GIVEN in qalqan("evidence", "verify", bundle, "--hub-key", path).out
    path.write_text("nonsense")
    done = qalqan("evidence", "verify", bundle, "--hub-key", path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"qalqan: {path}: a verifier key is")


def test_json(qalqan: Qalqan, bundle: Path) -> None:
    (line,) = qalqan("evidence", "verify", bundle, *KEYS, "--json").lines
    assert (line["ok"], line["wrong"], line["origin"], line["size"]) == (True, "", ORIGIN, 3)
    assert line["hub"] == {"key": str(HUB.verifier(COSIGNS)), "given": True}
    assert line["countersigned"]
    assert line.keys() == {
        "schema", "ok", "wrong", "records", "origin", "size", "root", "appliance", "hub",
        "countersigned",
    }  # fmt: skip


def test_what_is_wrong_is_named(qalqan: Qalqan, bundle: Path) -> None:
    octets = bundle.read_bytes()
    bundle.write_bytes(octets.replace(b"\nCall-ID: s", b"\nCall-ID: S"))
    done = qalqan("evidence", "verify", bundle, *KEYS)
    assert done.code == 1
    assert done.out.startswith("WRONG: ")
    assert done.out.endswith("/frames.pcapng is not what SHA256SUMS says\n")
    bundle.write_bytes(octets[:-1])
    done = qalqan("evidence", "verify", bundle, "--json")
    assert (done.code, done.lines[0]["ok"]) == (1, False)
    assert "belongs to no file" in done.lines[0]["wrong"]
    done = qalqan("evidence", "verify", bundle.parent / "none.tar")
    assert (done.code, done.out[:7]) == (1, "WRONG: ")


def test_a_folder(qalqan: Qalqan, box: Box, bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    done = qalqan("evidence", "export", CALL, "-e", box.log, "--folder", "--out", folder)
    assert done.code == 0
    assert qalqan("evidence", "verify", folder, *KEYS).code == 0
    done = qalqan("evidence", "export", CALL, "-e", box.log, "--out", bundle)
    assert (done.code, done.err) == (1, f"qalqan: {bundle}: File exists\n")


def test_its_name_where_none_is_given(
    qalqan: Qalqan, box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.sign()
    (line,) = qalqan("explain", CALL, "-e", box.log, "--json").lines
    monkeypatch.chdir(tmp_path)
    done = qalqan("evidence", "export", line["id"], "-e", box.log)
    assert done.out.startswith(f"evidence-{line['id']}.tar: ")
    assert qalqan("evidence", "verify", f"evidence-{line['id']}.tar", *KEYS).code == 0


def test_not_yet_signed(qalqan: Qalqan, box: Box, tmp_path: Path) -> None:
    done = qalqan("evidence", "export", CALL, "-e", box.log)
    assert (done.code, done.out) == (1, "")
    assert "no checkpoint covers the record" in done.err
    path = tmp_path / "early.tar"
    done = qalqan("evidence", "export", CALL, "-e", box.log, "--out", path, "--without-proof")
    assert (done.code, done.out) == (3, f"{path}: 1 record, without proof\n")
    done = qalqan("evidence", "verify", path)
    assert done.code == 3
    assert done.out.endswith("NOT PROVEN: made before a checkpoint covered it\n")


def test_not_yet_countersigned(qalqan: Qalqan, box: Box, tmp_path: Path) -> None:
    box.sign(cosigned=False)
    path = tmp_path / "case.tar"
    done = qalqan("evidence", "export", CALL, "-e", box.log, "--out", path)
    assert (done.code, done.err) == (3, "qalqan: not yet countersigned by the hub\n")
    done = qalqan("evidence", "verify", path, *KEYS)
    assert done.code == 3
    assert done.out.endswith("NOT YET COUNTERSIGNED by the hub\n")


def test_log(qalqan: Qalqan, box: Box) -> None:
    done = qalqan("evidence", "log", "-e", box.log)
    assert done.code == 0
    assert done.out.splitlines()[0].startswith("3 records, root ")
    assert done.out.splitlines()[1] == "signed up to 0, countersigned up to 0"
    box.sign()
    (line,) = qalqan("evidence", "log", "-e", box.log, "--check", "--json").lines
    assert (line["signed"], line["countersigned"], line["wrong"]) == (3, 3, [])


def test_a_log_that_was_changed(qalqan: Qalqan, box: Box) -> None:
    box.sign()
    (path,) = days(box.log)[0].glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"+77172009131", b"+77172009132"))
    assert qalqan("evidence", "log", "-e", box.log).code == 0
    done = qalqan("evidence", "log", "-e", box.log, "--check")
    assert done.code == 1
    assert f"WRONG: {path}:1: the record of leaf 0 was changed" in done.out
    (box.log / LEAVES).write_bytes(b"x" * 64)
    done = qalqan("evidence", "log", "-e", box.log, "--json")
    assert (done.code, done.lines[0]["size"]) == (1, 2)
    assert "not the one that was signed at size 3" in done.lines[0]["wrong"][0]


def test_acts_are_handed_out_like_calls(qalqan: Qalqan, tmp_path: Path) -> None:
    acts = ActLog(tmp_path / "acts", lambda: NOW)
    acts.keep({"act": "mode", "text": "ALA-INT enforces."})
    acts.close()
    path = tmp_path / "act.tar"
    done = qalqan(
        "evidence", "export", f"{NOW:x}-1", "-e", acts.folder, "--out", path, "--without-proof"
    )
    assert done.code == 3
    assert qalqan("evidence", "verify", path).code == 3


def test_no_log_there(qalqan: Qalqan, tmp_path: Path) -> None:
    for words in (("log",), ("export", CALL)):
        done = qalqan("evidence", *words, "-e", tmp_path / "none")
        assert (done.code, done.out) == (1, "")
        assert done.err.endswith("leaves: No such file or directory\n")
