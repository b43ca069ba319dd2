# SPDX-License-Identifier: Apache-2.0
"""`qalqan decode`: every file says what is in it, or in one line why it cannot."""

from pathlib import Path

import pytest

from edge.decode.pcapng import PcapngWriter
from edge.model.unit import LinkType, Unit
from tests.cli.conftest import VECTORS, Qalqan
from tests.decode.test_signalling import BYE, udp

PLAIN = VECTORS / "plain_call.pcap"

BAD = {
    "empty": b"",
    "cut in the file header": PLAIN.read_bytes()[:10],
    "wrong magic": b"\xa1\xb2\xc3\xd5" + PLAIN.read_bytes()[4:],
    "JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)),
    "text": b"not a capture at all\n" * 10,
}


@pytest.mark.parametrize("octets", BAD.values(), ids=BAD)
def test_a_file_that_is_no_capture_is_one_clear_line(
    qalqan: Qalqan, tmp_path: Path, octets: bytes
) -> None:
    path = tmp_path / "file.pcap"
    path.write_bytes(octets)
    done = qalqan("decode", path, "--json")
    assert done.code == 1
    (line,) = done.err.splitlines()
    assert line.startswith(f"qalqan: {path}: ")
    assert done.lines[-1]["summary"]["frames"] == 0


@pytest.mark.parametrize("where", ["missing.pcap", "."])
def test_what_is_no_file(qalqan: Qalqan, tmp_path: Path, where: str) -> None:
    path = tmp_path / where
    done = qalqan("decode", path)
    assert (done.code, done.out) == (1, "")
    why = "Is a directory" if path.is_dir() else "No such file or directory"
    assert f"qalqan: {path}: {why}" in done.err.splitlines()


def test_a_cut_file_is_read_as_far_as_it_goes(qalqan: Qalqan, tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(PLAIN.read_bytes()[:-100])
    done = qalqan("decode", path, PLAIN, "--json")
    assert done.code == 1
    assert [line for line in done.err.splitlines() if line.startswith(f"qalqan: {path}: ")]
    whole = qalqan("decode", PLAIN, "--json").lines[-1]["summary"]["messages"]
    heard = done.lines[-1]["summary"]["messages"]
    assert sum(heard.values()) == 2 * sum(whole.values()) - 1
    assert {line["file"] for line in done.lines if "type" in line} == {str(path), str(PLAIN)}


def test_text(qalqan: Qalqan) -> None:
    done = qalqan("decode", PLAIN)
    assert done.code == 0
    lines = done.out.splitlines()
    assert len(lines) == 13
    assert "203.0.113.10:5060 > 203.0.113.1:5060 udp" in lines[0]
    assert "INVITE    +77270000101 > +77172000101" in lines[0]
    assert " frames; messages: 4 200, 2 INVITE, 2 180, 2 ACK, 2 BYE, 1 100\n" in done.err


def save(path: Path, *payloads: bytes) -> None:
    writer = PcapngWriter()
    units = [udp(payload) for payload in payloads]
    units.append(Unit("t", LinkType.IPV4, 0, b"\x45\x00"))
    path.write_bytes(writer.header() + b"".join(writer.write(unit) for unit in units))


def test_malformed_units_are_shown_and_kept(qalqan: Qalqan, tmp_path: Path) -> None:
    path, kept = tmp_path / "odd.pcapng", tmp_path / "kept.pcapng"
    save(path, BYE, b"SIP/2.0 2x0 broken\r\n\r\n")
    done = qalqan("decode", path, "--json", "--save-malformed", kept)
    assert done.code == 0
    malformed = [line["malformed"] for line in done.lines if "malformed" in line]
    assert [(one["n"], one["layer"], one["offset"]) for one in malformed] == [
        (2, "sip", 0),
        (3, "ipv4", 0),
    ]
    assert done.lines[-1]["summary"]["malformed"] == 2
    assert done.err.splitlines()[-1] == f"2 units written to {kept}"
    again = qalqan("decode", kept, "--json").lines
    assert [line["malformed"]["why"] for line in again[:-1]] == [one["why"] for one in malformed]


def test_text_of_malformed_units(qalqan: Qalqan, tmp_path: Path) -> None:
    path = tmp_path / "odd.pcapng"
    save(path)
    done = qalqan("decode", path)
    assert "1  malformed: ipv4 octet 0: " in done.out
    assert "could not be read: 1" in done.err


def test_what_is_kept_never_overwrites_what_is_read(qalqan: Qalqan, tmp_path: Path) -> None:
    path = tmp_path / "odd.pcapng"
    save(path)
    before = path.read_bytes()
    assert qalqan("decode", path, "--save-malformed", path).code == 2
    assert path.read_bytes() == before


def test_no_place_to_keep(qalqan: Qalqan, tmp_path: Path) -> None:
    done = qalqan("decode", PLAIN, "--save-malformed", tmp_path)
    assert (done.code, done.err) == (1, f"qalqan: {tmp_path}: Is a directory\n")


def test_escape_sequences_do_not_reach_the_terminal(qalqan: Qalqan, tmp_path: Path) -> None:
    path = tmp_path / "evil.pcapng"
    save(path, BYE.replace(b"c1", b"\x1b]0;owned\x07\x1b[2J"))
    out = qalqan("decode", path).out
    assert "owned" in out
    assert "\x1b" not in out
    assert qalqan("decode", path, "--json").lines[0]["call"] == "\x1b]0;owned\x07\x1b[2J"


def test_usage(qalqan: Qalqan) -> None:
    assert qalqan("decode").code == 2
    assert qalqan("decode", PLAIN, "--jsno").code == 2
    assert qalqan("nonsense").code == 2
    help_text = qalqan("decode", "--help")
    assert help_text.code == 0
    assert "Example: qalqan decode trunk.pcap --json" in " ".join(help_text.out.split())
