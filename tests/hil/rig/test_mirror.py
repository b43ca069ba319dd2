# SPDX-License-Identifier: Apache-2.0
"""What a mirror port brings, as tshark reads it."""

import json
import socket
import struct
import subprocess
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from hil.rig.mirror import Call, Mirror, frame, invite

CALL = Call("+447700900101", "+77172000001", IPv4Address("198.51.100.7"))
PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)


@pytest.mark.peer("tshark")
def test_tshark_reads_the_invite(tmp_path: Path) -> None:
    octets = frame(CALL, invite(CALL))
    path = tmp_path / "one.pcap"
    path.write_bytes(PCAP + struct.pack("<IIII", 0, 0, len(octets), len(octets)) + octets)
    words = ["tshark", "-r", str(path), "-T", "json", "-o", "ip.check_checksum:TRUE"]
    [packet] = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    layers: dict[str, Any] = packet["_source"]["layers"]
    assert (layers["ip"]["ip.src"], layers["ip"]["ip.dst"]) == ("198.51.100.7", "192.0.2.20")
    assert layers["ip"]["ip.checksum.status"] == "1"
    head = layers["sip"]["sip.msg_hdr_tree"]
    assert head["sip.From_tree"]["sip.from.addr"].startswith("sip:+447700900101@198.51.100.7")
    assert layers["sip"]["sip.Request-Line_tree"]["sip.Method"] == "INVITE"
    assert "_ws.malformed" not in layers


def test_two_calls_are_two() -> None:
    assert invite(CALL) != invite(CALL)


def test_frames_arrive_where_the_machine_listens() -> None:
    mirror = Mirror()
    words = dict(word.split("=") for word in mirror.nic.removeprefix("socket,").split(","))
    host, port = words["localaddr"].split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as box:
        box.bind((host, int(port)))
        box.settimeout(10)
        mirror.play(CALL)
        octets, sender = box.recvfrom(65_536)
    mirror.close()
    assert b"INVITE sip:+77172000001@" in octets
    assert f"127.0.0.1:{sender[1]}" == words["udp"]
