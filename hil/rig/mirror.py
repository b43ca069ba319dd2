# SPDX-License-Identifier: Apache-2.0
"""A mirror port: what a switch would copy to the tap of a box, as Ethernet frames.

A virtual machine's mirror port is a network of QEMU whose frames are datagrams of loopback, so no
interface of this machine is made for it: `Mirror.nic` is its word for `-nic`.
"""

import itertools
import socket
import struct
from ipaddress import IPv4Address
from typing import NamedTuple

from hil.loopback import free_port

SIP = 5060
_MAC = bytes.fromhex("020000000001") + bytes.fromhex("020000000002") + b"\x08\x00"
_numbers = itertools.count(1)


class Call(NamedTuple):
    """Who calls whom, over which hosts of the trunk."""

    calling: str
    "As in From: `+447700900101`."
    called: str
    peer: IPv4Address = IPv4Address("198.51.100.10")
    switch: IPv4Address = IPv4Address("192.0.2.20")


def invite(call: Call) -> bytes:
    """Return the INVITE of a new call (RFC 3261, section 7)."""
    mark = f"rig{next(_numbers)}"
    lines = [
        f"INVITE sip:{call.called}@{call.switch};user=phone SIP/2.0",
        f"Via: SIP/2.0/UDP {call.peer}:{SIP};branch=z9hG4bK{mark}",
        "Max-Forwards: 70",
        f"From: <sip:{call.calling}@{call.peer};user=phone>;tag=f{mark}",
        f"To: <sip:{call.called}@{call.switch};user=phone>",
        f"Call-ID: {mark}@{call.peer}",
        "CSeq: 1 INVITE",
        f"Contact: <sip:{call.peer}:{SIP}>",
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def frame(call: Call, message: bytes) -> bytes:
    """Return a message from the peer to the switch in UDP, IPv4 and Ethernet."""
    udp = struct.pack("!HHHH", SIP, SIP, 8 + len(message), 0) + message  # no checksum (RFC 768)
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, call.peer.packed,
        call.switch.packed,
    )  # fmt: skip
    return _MAC + head[:10] + _checksum(head).to_bytes(2) + head[12:] + udp


def _checksum(octets: bytes) -> int:
    """Return the ones' complement of the sum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


class Mirror:
    """One mirror port of a virtual machine."""

    def __init__(self) -> None:
        """Take two ports of loopback."""
        self._from, self._to = free_port(), free_port()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", self._from))

    @property
    def nic(self) -> str:
        """Return the interface in the words of QEMU's `-nic`."""
        return f"socket,udp=127.0.0.1:{self._from},localaddr=127.0.0.1:{self._to}"

    def play(self, call: Call) -> None:
        """Have the box hear the INVITE of a new call."""
        self._socket.sendto(frame(call, invite(call)), ("127.0.0.1", self._to))

    def close(self) -> None:
        """Give the ports back."""
        self._socket.close()
