# SPDX-License-Identifier: Apache-2.0
"""Changes the link layer of a recorded capture, octet by octet, and cleans pcapng of its host.

The kernel that records may have no VLAN devices and no BSD loopback; the packets above the link
header stay those that were recorded. Frames that are not IP are left out where the link is IP only.
"""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

MAGIC_US = 0xA1B2C3D4
DLT_NULL, DLT_EN10MB, DLT_RAW = 0, 1, 101
ETHERTYPE_IP4, ETHERTYPE_IP6 = 0x0800, 0x86DD
BSD_AF_INET, BSD_AF_INET6 = 2, 30
"Address families as macOS writes them into a NULL header, in the writer's octet order."

SHB, IDB, EPB = 0x0A0D0D0A, 1, 6
KEPT_OPTIONS = {1, 2, 9, 11}
"Of an interface: comment, name, resolution, filter. Not: system, hardware, description."

Frame = bytes
Rewrite = Callable[[Frame], Frame | None]


def vlan(tci: int, tpid: int = 0x8100) -> Rewrite:
    """Insert one tag after the addresses: 802.1Q, or 802.1ad with its own type."""
    tag = struct.pack("!HH", tpid, tci)
    return lambda frame: frame[:12] + tag + frame[12:]


def qinq(outer: int, inner: int) -> Rewrite:
    """Insert an 802.1Q tag and an 802.1ad tag before it."""
    return lambda frame: vlan(outer, 0x88A8)(vlan(inner)(frame) or b"")


def raw_ip(frame: Frame) -> Frame | None:
    """Take the link header away: LINKTYPE_RAW."""
    return frame[14:] if _ethertype(frame) in {ETHERTYPE_IP4, ETHERTYPE_IP6} else None


def null_loopback(frame: Frame) -> Frame | None:
    """Put the four octets of a BSD loopback in place of the link header: LINKTYPE_NULL."""
    family = {ETHERTYPE_IP4: BSD_AF_INET, ETHERTYPE_IP6: BSD_AF_INET6}.get(_ethertype(frame))
    return None if family is None else struct.pack("=I", family) + frame[14:]


def rewrite(source: Path, target: Path, link: int, change: Rewrite) -> None:
    """Copy a microsecond pcap with another link type, each frame changed or left out."""
    octets = source.read_bytes()
    magic, *_, snap, old = struct.unpack_from("=IHHiIII", octets)
    if (magic, old) != (MAGIC_US, DLT_EN10MB):
        raise ValueError(f"{source.name} is not a microsecond pcap of Ethernet")
    out = [struct.pack("=IHHiIII", MAGIC_US, 2, 4, 0, 0, snap, link)]
    for seconds, fraction, frame in _records(octets):
        changed = change(frame)
        if changed is not None:
            out += [struct.pack("=IIII", seconds, fraction, len(changed), len(changed)), changed]
    target.write_bytes(b"".join(out))


def clean_pcapng(path: Path) -> None:
    """Keep the packets and the interfaces of a pcapng; drop what tells of the recording host."""
    octets = path.read_bytes()
    out = []
    at = 0
    while at < len(octets):
        kind, size = struct.unpack_from("=II", octets, at)
        body = octets[at + 8 : at + size - 4]
        if kind == SHB:
            out.append(_block(SHB, body[:8] + b"\xff" * 8))
        elif kind == IDB:
            out.append(_block(IDB, body[:8] + b"".join(_options(body[8:]))))
        elif kind == EPB:
            out.append(_block(EPB, body))
        at += size
    path.write_bytes(b"".join(out))


def _ethertype(frame: Frame) -> int:
    return int.from_bytes(frame[12:14])


def _records(octets: bytes) -> Iterator[tuple[int, int, Frame]]:
    at = 24
    while at < len(octets):
        seconds, fraction, size, _ = struct.unpack_from("=IIII", octets, at)
        yield seconds, fraction, octets[at + 16 : at + 16 + size]
        at += 16 + size


def _block(kind: int, body: bytes) -> bytes:
    size = len(body) + 12
    return struct.pack("=II", kind, size) + body + struct.pack("=I", size)


def _options(octets: bytes) -> Iterator[bytes]:
    at = 0
    while at + 4 <= len(octets):
        code, size = struct.unpack_from("=HH", octets, at)
        end = at + 4 + (size + 3) // 4 * 4
        if code in KEPT_OPTIONS:
            yield octets[at:end]
        at = end
    yield b"\0\0\0\0"
