# SPDX-License-Identifier: Apache-2.0
"""The memory that the kernel shares with a packet socket: blocks of TPACKET_V3, and its filter.

linux/if_packet.h, Documentation/networking/{packet_mmap,filter}.rst. Octets in, units out.
"""

from collections.abc import Sequence
from mmap import mmap
from struct import Struct
from typing import NamedTuple

from edge.model.unit import ClockQuality, Direction, LinkType, Unit

CLOCK = ClockQuality("kernel", 9)

_NS = 1_000_000_000

BLOCK_STATUS_AT = 8
"Of `block_status` in a block: KERNEL while it is written, USER once it is ours."
KERNEL, USER = 0, 1
_BLOCK = Struct("=12xII")
"Version, offset to private, status; packets; offset to the first."
_PACKET = Struct("=IIIIIIH6xIH")
"""tpacket3_hdr: next, seconds, nanoseconds, captured, on the wire, status, offset of the frame;
network offset and hash; VLAN tag, its EtherType."""
_VLAN_VALID, _VLAN_TPID_VALID = 0x10, 0x40
_TAG = Struct(">HH")
_ADDRESSES, _8021Q = 12, 0x8100

_ETHERNET: int = LinkType.ETHERNET


def units_of(ring: mmap | bytes, at: int, tap: str, before: int) -> list[Unit]:
    """Return the packets of the block that begins `at`, numbered on from `before`.

    The kernel takes the outermost VLAN tag out of the frame; it is put back, so that evidence is
    what was on the wire.
    """
    count, first = _BLOCK.unpack_from(ring, at)
    at += first
    units = []
    for number in range(before + 1, before + 1 + count):
        following, seconds, ns, size, length, status, start, tag, kind = _PACKET.unpack_from(
            ring, at
        )
        start += at
        data = ring[start : start + size]
        cut = length - size
        if status & _VLAN_VALID:
            data = _tagged(data, kind if status & _VLAN_TPID_VALID else _8021Q, tag)
        units.append(
            Unit(
                tap,
                _ETHERNET,
                seconds * _NS + ns,
                data,
                number,
                CLOCK,
                Direction.UNKNOWN,
                cut,
            )
        )
        at += following
    return units


def _tagged(frame: bytes, kind: int, tag: int) -> bytes:
    """Return a frame with a VLAN tag behind its addresses (IEEE 802.1Q 9.3)."""
    return frame[:_ADDRESSES] + _TAG.pack(kind, tag) + frame[_ADDRESSES:]


_INSTRUCTION = Struct("=HBBI")
INSTRUCTION_SIZE = _INSTRUCTION.size
_LENGTH, _HALF, _OCTET = 0x80, 0x28, 0x30
"BPF_LD: the length of the packet, two octets of it, one."
_EQUAL, _AT_LEAST, _ANY_BIT = 0x15, 0x35, 0x45
"BPF_JMP with a constant: JEQ, JGE, JSET."
_AND, _RETURN = 0x54, 0x06

_IPV4, _IPV6, _UDP = 0x0800, 0x86DD, 17
_NO_OPTIONS, _FRAGMENT = 0x45, 0x3FFF
"Version and header length; more fragments, or an offset."
_MEDIA_VERSION, _MEDIA_MASK = 0x80, 0xC0


class Instruction(NamedTuple):
    """One step of a filter. An empty target is the next step; jumps only lead on."""

    code: int
    constant: int
    yes: str = ""
    no: str = ""
    label: str = ""


def filter_of(snaplen: int, *, media: bool, passed_ports: tuple[int, ...] = ()) -> bytes:
    """Return a classic BPF program that keeps `snaplen` octets of what it passes.

    Without `media` it drops the one kind of packet that is surely no signalling: a whole UDP
    datagram over plain IP, to none of `passed_ports`, whose first octet has the version bits of
    RTP and RTCP (10, RFC 3550 5.1). SIP is text, STUN begins with 00 and SigComp with 11, so no
    message is among them. Fragments, TCP, SCTP and all that is tunnelled or tagged twice pass.
    """
    program = [] if media else _without_media(passed_ports)
    program += [Instruction(_RETURN, snaplen, label="pass"), Instruction(_RETURN, 0, label="drop")]
    return assembled(program)


def _without_media(passed_ports: tuple[int, ...]) -> list[Instruction]:
    """Tell media from the rest. The kernel has put the outermost VLAN tag aside."""
    return [
        # Reading past the end drops a packet: what is shorter than the farthest octet passes.
        Instruction(_LENGTH, 0),
        Instruction(_AT_LEAST, 63, no="pass"),
        Instruction(_HALF, 12),
        Instruction(_EQUAL, _IPV6, yes="ipv6"),
        Instruction(_EQUAL, _IPV4, no="pass"),
        Instruction(_OCTET, 14),
        Instruction(_EQUAL, _NO_OPTIONS, no="pass"),
        Instruction(_HALF, 20),
        Instruction(_ANY_BIT, _FRAGMENT, yes="pass"),
        Instruction(_OCTET, 23),
        *_without_media_over_ip(34, passed_ports),
        Instruction(_OCTET, 20, label="ipv6"),
        *_without_media_over_ip(54, passed_ports),
    ]


def _without_media_over_ip(at: int, passed_ports: tuple[int, ...]) -> list[Instruction]:
    """Go on with the protocol loaded, and what would be a UDP header `at` so many octets."""
    return [
        Instruction(_EQUAL, _UDP, no="pass"),
        Instruction(_HALF, at + 2),
        *(Instruction(_EQUAL, port, yes="pass") for port in passed_ports),
        Instruction(_OCTET, at + 8),
        Instruction(_AND, _MEDIA_MASK),
        Instruction(_EQUAL, _MEDIA_VERSION, yes="drop", no="pass"),
    ]


def assembled(program: Sequence[Instruction]) -> bytes:
    """Return a program as `struct sock_filter`s: targets become distances."""
    places = {step.label: at for at, step in enumerate(program)}
    return b"".join(
        _INSTRUCTION.pack(
            step.code,
            places[step.yes] - at - 1 if step.yes else 0,
            places[step.no] - at - 1 if step.no else 0,
            step.constant,
        )
        for at, step in enumerate(program)
    )
