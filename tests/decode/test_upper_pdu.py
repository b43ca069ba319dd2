# SPDX-License-Identifier: Apache-2.0
"""Exported PDUs: what we write is read by tshark, by `qalqan decode`, and by ourselves."""

import json
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from typer.testing import CliRunner

from edge.cli import app
from edge.decode.chain import Chain, Heard
from edge.decode.pcapng import PcapngWriter
from edge.decode.transport import Datagram
from edge.decode.upper_pdu import wrap
from edge.model.message import Flow, Malformed, address_text
from edge.model.unit import LinkType, Unit

INVITE = (
    b"INVITE sip:77172000001@192.0.2.2 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1\r\n"
    b"From: <sip:+447700900123@192.0.2.1>;tag=a\r\n"
    b"To: <sip:77172000001@192.0.2.2>\r\n"
    b"Call-ID: one@192.0.2.1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
)
V4 = Flow(bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2)), 5070, 5060, "udp")
TCP = Flow(V4.source, V4.destination, 40_000, 5060, "tcp")
V6 = Flow(bytes.fromhex("20010db8" + "00" * 11 + "01"), bytes(15) + b"\1", 5070, 5061, "tcp")
FLOWS = {"udp": V4, "tcp": TCP, "ipv6": V6}


def unit(data: bytes) -> Unit:
    return Unit("gate", LinkType.UPPER_PDU, 1_764_000_000_000_000_000, data)


def opened(data: bytes) -> Heard:
    (heard,) = Chain().feed(unit(data))
    return heard


def tag(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4)


END = bytes(4)
SIP = tag(12, b"sip")
ENDS = tag(20, V4.source) + tag(21, V4.destination)
PORTS = tag(25, b"\0\0\x13\xce") + tag(26, b"\0\0\x13\xc4")


def capture(path: Path, flow: Flow) -> Path:
    writer = PcapngWriter()
    path.write_bytes(writer.header() + writer.write(unit(wrap(INVITE, flow))))
    return path


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_what_is_written_is_read(flow: Flow) -> None:
    heard = opened(wrap(INVITE, flow))
    assert isinstance(heard, Datagram)
    assert (heard.flow, heard.data) == (flow, INVITE)


@pytest.mark.peer("tshark")
@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_tshark_reads_message_and_ends(tmp_path: Path, flow: Flow) -> None:
    names = ("sip.Method", "sip.r-uri.user", "exported_pdu.prot_name", "_ws.col.Source",
             "_ws.col.Destination", "exported_pdu.src_port", "exported_pdu.dst_port",
             "exported_pdu.port_type")  # fmt: skip
    fields = [word for name in names for word in ("-e", name)]
    path = capture(tmp_path / "gate.pcapng", flow)
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-T", "fields", *fields],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    *shown, port_type = done.stdout.rstrip("\n").split("\t")
    source, destination = map(address_text, (flow.source, flow.destination))
    assert shown == [
        "INVITE", "77172000001", "sip", source, destination,
        str(flow.source_port), str(flow.destination_port),
    ]  # fmt: skip
    assert int(port_type) == {"tcp": 2, "udp": 3}[flow.transport]


def test_qalqan_decode_shows_it(tmp_path: Path) -> None:
    path = capture(tmp_path / "gate.pcapng", V4)
    done = CliRunner().invoke(app, ["decode", str(path), "--json"])
    first, last = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["type"], first["calling"], first["called"]) == (
        "INVITE", "+447700900123", "77172000001",
    )  # fmt: skip
    assert last["summary"]["malformed"] == 0


@pytest.mark.parametrize(
    ("data", "flow"),
    [
        (PORTS + ENDS + SIP + END, "192.0.2.1:5070 > 192.0.2.2:5060 udp"),
        (tag(99, b"unknown") + SIP + ENDS + PORTS + END, "192.0.2.1:5070 > 192.0.2.2:5060 udp"),
        (SIP + tag(24, b"\0\0\0\2") + ENDS + PORTS + END, "192.0.2.1:5070 > 192.0.2.2:5060 tcp"),
        (tag(12, b"sip\0") + ENDS + ENDS + END, "192.0.2.1:0 > 192.0.2.2:0 udp"),
    ],
    ids=["any-order", "unknown-tag", "port-type", "closed-name-no-ports"],
)
def test_tags_come_in_any_order(data: bytes, flow: str) -> None:
    heard = opened(data + INVITE)
    assert isinstance(heard, Datagram)
    assert (heard.flow.text(), heard.data) == (flow, INVITE)


@pytest.mark.parametrize(
    ("data", "offset", "why"),
    [
        (b"", 0, "4 octets wanted, 0 left"),
        (SIP, 8, "4 octets wanted, 0 left"),
        (SIP + END, 0, "no pair of addresses"),
        (SIP + tag(20, V4.source) + tag(23, V6.source) + END, 0, "no pair of addresses"),
        (SIP + tag(20, b"\xc0\0\2") + END, 12, "address of 3 octets"),
        (SIP + b"\0\x14\0\x04\xc0", 12, "4 octets wanted, 1 left"),
        (b"\0\x0c\0\x03sip", 7, "1 octets wanted, 0 left"),
    ],
    ids=["empty", "no-end", "no-ends", "half-an-end", "short-address", "cut", "no-filling"],
)
def test_a_lie_is_malformed(data: bytes, offset: int, why: str) -> None:
    heard = opened(data)
    assert isinstance(heard, Malformed)
    assert (heard.layer, heard.offset, heard.why) == ("upper pdu", offset, why)


def test_another_protocol_is_counted() -> None:
    chain = Chain()
    assert chain.feed(unit(tag(12, b"diameter") + ENDS + END + b"x")) == []
    assert chain.other == {"upper pdu 0": 1}


@given(st.binary(max_size=200))
def test_no_octets_raise(data: bytes) -> None:
    for heard in Chain().feed(unit(SIP + ENDS + data)):
        assert isinstance(heard, Datagram | Malformed)
