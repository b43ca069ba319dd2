# SPDX-License-Identifier: Apache-2.0
"""The IAM within an INVITE: found, read as tshark reads it, and compared with the headers."""

import subprocess
from pathlib import Path

import pytest

from edge.decode.pcapng import PcapngWriter
from edge.decode.sip.encapsulated import disagreement, find_iam, is_alike
from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.model.message import NO_FLOW
from edge.model.unit import LinkType, Unit
from hil.e1.calls import Call, Number, iam
from tests.flows.e1_lines import packet

LONDON, ASTANA = Number("442079460123"), Number("7172000001", 3)
CALL = Call(LONDON, ASTANA, redirecting=Number("447700900456"))
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\n"


def invite(
    body: bytes, calling: str = "+442079460123", kind: str = "multipart/mixed;boundary=b"
) -> bytes:
    head = (
        "INVITE sip:+77172000001@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
        f"From: <sip:{calling}@a>;tag=a\r\nTo: <sip:+77172000001@b>\r\nCall-ID: c\r\n"
        f"CSeq: 1 INVITE\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def mixed(isup: bytes) -> bytes:
    return (
        b"--b\r\nContent-Type: application/sdp\r\n\r\n" + SDP + b"\r\n--b\r\n"
        b"Content-Type:application/ISUP;base=itu-t92+;version=itu-t92+\r\n"
        b"Content-Transfer-Encoding:binary\r\n\r\n" + isup + b"\r\n--b--\r\n"
    )


def read(octets: bytes) -> SipMessage:
    (message,) = read_datagram(Unit("t", 1, 0, octets), NO_FLOW, octets)
    assert isinstance(message, SipMessage)
    return message


def test_the_iam_of_a_multipart_body() -> None:
    message = read(invite(mixed(iam(CALL))))
    assert message.iam is not None
    assert (message.iam.type, message.iam.calling, message.iam.called) == (
        "IAM", "442079460123", "7172000001",
    )  # fmt: skip
    facts = message.facts()
    said = facts["isup"]
    assert isinstance(said, dict)
    assert (said["called"], said["calling_category"]["code"]) == ("7172000001", 10)
    assert facts["sdp_origin"] == "- 1 1 IN IP4 192.0.2.9"
    assert "isup_disagrees" not in facts


def test_a_body_that_is_nothing_else() -> None:
    message = read(invite(iam(CALL), kind="application/ISUP;version=itu-t92+"))
    assert message.iam is not None
    assert message.iam.called == "7172000001"


@pytest.mark.parametrize(
    "isup",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x0c\x02\x00\x02\x83\x9f", id="a REL"),
        pytest.param(b"\x01\x00\x60", id="cut short"),
        pytest.param(b"\x01" + b"\xff" * 20, id="pointers past the end"),
    ],
)
def test_what_is_no_iam(isup: bytes) -> None:
    message = read(invite(mixed(isup)))
    assert message.iam is None
    assert "isup" not in message.facts()


def test_a_disagreement_is_a_fact() -> None:
    facts = read(invite(mixed(iam(CALL)), calling="+77172000009")).facts()
    assert facts["isup_disagrees"] == {"calling": "isup 442079460123, sip +77172000009"}


@pytest.mark.parametrize(
    ("iam_says", "sip_says", "differs"),
    [
        ("442079460123", ["+442079460123"], False),
        ("7172000001", ["+77172000001"], False),
        ("87172000001", ["+77172000001"], False),
        ("000001", ["+77172000001"], False),
        ("7172000001", ["", "+77172000001"], False),
        ("7172000001", ["", ""], False),
        ("", ["+77172000001"], False),
        ("7172000002", ["+77172000001"], True),
        ("442079460123", ["77172000001", "anonymous"], True),
    ],
)
def test_disagreement(iam_says: str, sip_says: list[str], differs: bool) -> None:
    assert bool(disagreement(iam_says, sip_says)) is differs


def test_is_alike() -> None:
    assert is_alike("+77172000001", "87172000001")
    assert not is_alike("77172000001", "77172000011")


def test_find_iam_without_a_body() -> None:
    assert find_iam(Unit("t", 1, 0, b""), NO_FLOW, "", b"") is None


@pytest.mark.peer("tshark")
def test_tshark_reads_the_same(tmp_path: Path) -> None:
    path, writer = tmp_path / "sip_i.pcapng", PcapngWriter()
    octets = invite(mixed(iam(CALL)))
    unit = Unit("t", LinkType.IPV4, 0, packet(0, octets))
    path.write_bytes(writer.header() + writer.write(unit))
    fields = ("isup.message_type", "isup.called", "isup.calling", "isup.redirecting")
    command = ["tshark", "-r", str(path), "-T", "fields"]
    command += [word for field in fields for word in ("-e", field)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    message_type, called, calling, redirecting = done.stdout.strip("\n").split("\t")
    found = read(octets).iam
    assert found is not None
    assert int(message_type, 0) == 1
    assert called.rstrip("F") == found.called
    assert (calling, redirecting) == (found.calling, found.number("redirecting").digits)
