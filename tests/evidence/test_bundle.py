# SPDX-License-Identifier: Apache-2.0
"""A bundle holds just what was kept, and the same bundle has the same octets."""

import json
import shutil
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from edge.errors import InputError
from edge.evidence import bundle
from edge.evidence.acts import ActLog
from edge.evidence.bundle import SUMS, Proof, export, pack, read, records_in, unpack, write_folder
from edge.evidence.capture import FRAMES
from edge.evidence.checkpoint import beside
from edge.evidence.journal import VERDICTS
from edge.evidence.merkle import WIDTH
from edge.evidence.shelf import LEAVES, find, read_leaves
from edge.model.unit import LinkType, Unit
from tests.call.sip_talk import write
from tests.evidence.box import NOW, Box, decided

FILES = {"README.txt": b"help\n", "a-1/record.json": b"{}", "a-1/frames.pcapng": b"\0" * 600}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box(tmp_path / "state")
    box.keep(1, 2, 3)
    assert box.sign() == 3
    return box


def exported(box: Box, call: str = "c2", *, without_proof: bool = False) -> bundle.Bundle:
    return export(box.log, call, print, without_proof=without_proof)


def test_what_a_bundle_holds(box: Box) -> None:
    made = exported(box)
    (name,) = made.records
    assert set(made.files) == {
        "README.txt", "SHA256SUMS", "checkpoint.txt", "keys.txt", f"{name}/record.json",
        f"{name}/frames.pcapng", f"{name}/reasons.txt", f"{name}/proof.txt",
    }  # fmt: skip
    assert (made.size, made.is_cosigned, records_in(made.files)) == (3, True, [name])
    ((line, record),) = find(box.log, "c2", print)
    assert made.files[f"{name}/record.json"] == line.octets
    said = made.files[f"{name}/reasons.txt"].decode()
    assert said.endswith(str(record["text"]))
    assert "legal basis AST-1" in said
    assert "list version 7" in said
    assert "by the clock of: capture file; 9 digits" in said


def test_the_certificate_goes_with_it(box: Box) -> None:
    identity = box.folder / "identity"
    identity.mkdir()
    (identity / "certificate.pem").write_bytes(b"PEM")
    assert exported(box).files["certificate.pem"] == b"PEM"


@pytest.mark.peer("tshark")
def test_wireshark_opens_the_frames(box: Box, tmp_path: Path) -> None:
    pieces = (Unit("mirror", LinkType.ETHERNET, 10**18, b"\x01" * 60, 1),)
    journal = box.journal()
    journal.keep(decided(4, *pieces))
    journal.close()
    box.sign()
    made = exported(box, "c4")
    path = tmp_path / "frames.pcapng"
    path.write_bytes(made.files[f"{made.records[0]}/frames.pcapng"])
    for file, frames in ((path, 2), (box.file(FRAMES), 5)):  # the section alone, and all of the day
        done = subprocess.run(
            ["tshark", "-r", file, "-T", "fields", "-e", "frame.comment", "-e", "frame.len"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        lines = done.stdout.splitlines()
        assert len(lines) == frames
        lengths = {60, len(write("INVITE"))}
        assert {int(line.split("\t")[1]) for line in lines} <= lengths
        assert lines[-1].startswith(f"{made.records[0]} list.calling")


def test_a_call_of_several_records_is_one_bundle(box: Box) -> None:
    box.keep(2)
    box.sign()
    made = exported(box)
    assert len(made.records) == len(set(made.records)) == 2
    assert made.size == 4
    assert all(f"{name}/proof.txt" in made.files for name in made.records)
    assert exported(box, made.records[0]).records == made.records[:1]


def test_a_record_that_no_checkpoint_covers_yet(box: Box) -> None:
    box.keep(9)
    with pytest.raises(InputError, match="no checkpoint covers the record of c9 yet"):
        exported(box, "c9")
    made = exported(box, "c9", without_proof=True)
    assert (made.size, made.is_cosigned) == (0, False)
    assert not {name for name in made.files if "proof" in name or "checkpoint" in name}


def test_a_checkpoint_without_the_hub(box: Box) -> None:
    box.keep(9)
    assert box.sign(cosigned=False) == 4
    assert not exported(box, "c9").is_cosigned
    assert exported(box, "c1").is_cosigned  # by the one before, that the hub has signed


def test_an_act_has_a_bundle_too(tmp_path: Path) -> None:
    acts = ActLog(tmp_path / "acts", lambda: NOW)
    acts.keep({"act": "mode", "text": "ALA-INT enforces."})
    acts.close()
    name = f"{NOW:x}-1"
    made = export(tmp_path / "acts", name, print, without_proof=True)
    assert f"{name}/frames.pcapng" not in made.files
    assert made.files[f"{name}/reasons.txt"].endswith(b"\n\nALA-INT enforces.")


def test_what_is_damaged_is_not_handed_out(box: Box) -> None:
    for path, old, new, why in (
        (
            box.file(VERDICTS),
            b'"call":"c2"',
            b'"call":"c2","x":1',
            "is not what it was when signed",
        ),
        (box.file(FRAMES), b"mirror", b"mirr0r", "the frames were changed"),
        (
            box.log / LEAVES,
            read_leaves(box.log)[2 * WIDTH :],
            b"",
            "leaves that were signed are gone",
        ),
        (box.file(FRAMES), None, None, "No such file"),
    ):
        before = path.read_bytes()
        if old is None:
            path.unlink()
        else:
            path.write_bytes(before.replace(old, new or b""))
        with pytest.raises(InputError, match=why):
            exported(box)
        path.write_bytes(before)
    exported(box)


def test_a_record_whose_id_is_no_name_of_a_folder(box: Box) -> None:
    line = b'{"id":"../../x","leaf":0,"text":"","call":"c7"}\n'
    box.file(VERDICTS).write_bytes(line)
    with pytest.raises(InputError, match="is no id of a record"):
        exported(box, "c7")


def test_no_record(box: Box) -> None:
    with pytest.raises(InputError, match="no record of c7"):
        exported(box, "c7")


def test_the_archive_is_a_tar_and_always_the_same(box: Box, tmp_path: Path) -> None:
    made = exported(box)
    octets = pack(made.files)
    assert octets == pack(dict(sorted(exported(box).files.items(), reverse=True)))
    with tarfile.open(fileobj=BytesIO(octets)) as archive:
        assert {member.name.removeprefix("evidence/") for member in archive} == set(made.files)
        assert all(member.isreg() and not member.mtime for member in archive)
    (tmp_path / "case.tar").write_bytes(octets)
    assert read(tmp_path / "case.tar") == made.files
    write_folder(made.files, tmp_path / "case")
    assert read(tmp_path / "case") == made.files
    with pytest.raises(InputError, match="File exists"):
        write_folder(made.files, tmp_path / "case")


def test_coreutils_agree_on_the_sums(box: Box, tmp_path: Path) -> None:
    write_folder(exported(box).files, tmp_path / "case")
    command = ["sha256sum", "--check", "--strict", "--quiet", SUMS]
    subprocess.run(command, cwd=tmp_path / "case", check=True)


PACKED = pack(FILES)


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_no_octet_of_an_archive_is_without_meaning(at: int, bits: int) -> None:
    wrong = PACKED[:at] + bytes([PACKED[at] ^ bits]) + PACKED[at + 1 :]
    try:
        assert unpack(wrong) != FILES
    except InputError as said:
        assert "octet" in str(said)  # noqa: PT017 - both are an answer


@given(st.binary(max_size=2000) | st.integers(0, len(PACKED) - 1).map(lambda at: PACKED[:at]))
def test_no_octets_are_an_archive_by_chance(octets: bytes) -> None:
    with pytest.raises(InputError):
        unpack(octets)


def test_what_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "none")
    write_folder(FILES, tmp_path / "case")
    (tmp_path / "case" / "link").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="is not a plain file"):
        read(tmp_path / "case")
    (tmp_path / "case" / "link").unlink()
    (tmp_path / "case.tar").write_bytes(PACKED)
    monkeypatch.setattr(bundle, "MOST_OCTETS", 500)
    for name in ("case", "case.tar"):
        with pytest.raises(InputError, match="longer than 500 octets"):
            read(tmp_path / name)


def test_a_proof_is_written_for_people() -> None:
    proof = Proof(2, 3, (b"\1" * 32,))
    assert proof.text() == f"leaf 2\nsize 3\nleft {'01' * 32}\n"


def test_a_checkpoint_of_a_folder_elsewhere(box: Box, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(box.folder, moved)
    assert export(moved / "evidence", "c1", print).files == exported(box, "c1").files
    assert json.loads(beside(moved / "evidence").read_bytes().splitlines()[0])["before"] == 0
