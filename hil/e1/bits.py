# SPDX-License-Identifier: Apache-2.0
"""Frames to the bits of a timeslot, bit by bit, as a line card would (Q.703 3, Q.921 2, G.704).

Written from the Recommendations alone, without the appliance's decoder: each checks the other.
"""

from collections.abc import Iterable, Iterator

from hil.e1.probe import with_crc

FLAG = "01111110"
RUN = "11111"
"Ones after which a zero is stuffed."
FISU_HEAD = bytes([0xFF, 0xFF, 0x00])
IDLE = "1"


def bits_of(octets: bytes) -> str:
    """Return octets in the order of the line: the low bit first."""
    return "".join(f"{octet:08b}"[::-1] for octet in octets)


def stuffed(bits: str) -> str:
    """Return bits with a zero after every five ones."""
    found, ones = [], 0
    for bit in bits:
        found.append(bit)
        ones = ones + 1 if bit == "1" else 0
        if ones == len(RUN):
            found.append("0")
            ones = 0
    return "".join(found)


def frame(octets: bytes) -> str:
    """Return a frame as sent between two flags, its check sequence at the end."""
    return stuffed(bits_of(with_crc(octets)))


def aborted(octets: bytes) -> str:
    """Return a frame that its sender gave up: the flag that should end it is eight ones."""
    return frame(octets)[:-9] + "11111111"


def line(frames: Iterable[str], flags: int = 1) -> str:
    """Return frames with so many flags before each, and one at the end."""
    return "".join(FLAG * flags + body for body in frames) + FLAG


def octets_of(bits: str, idle: str = FLAG) -> bytes:
    """Return bits as the octets of a timeslot, first bit highest; filled up with `idle`."""
    missing = -len(bits) % 8
    whole = bits + (idle * 2)[:missing]
    return bytes(int(whole[at : at + 8], 2) for at in range(0, len(whole), 8))


def flipped(bits: str, *places: int) -> str:
    """Return bits of which some were heard wrong."""
    wrong = set(places)
    turned = ("10"[int(bit)] if place in wrong else bit for place, bit in enumerate(bits))
    return "".join(turned)


def slipped(octets: bytes, at: int, count: int = 1) -> bytes:
    """Return a timeslot from which octets are missing: a slip of the line's clock (G.822)."""
    return octets[:at] + octets[at + count :]


def blocks(octets: bytes, size: int = 160) -> Iterator[bytes]:
    """Yield a timeslot piece by piece."""
    for at in range(0, len(octets), size):
        yield octets[at : at + size]


def cas(frames: int, abcd: int = 0b1001) -> bytes:
    """Return timeslot 16 of a span with channel-associated signalling (G.704 5.1.3.2.1)."""
    multiframe = bytes([0x0B]) + bytes([abcd << 4 | abcd]) * 15
    return (multiframe * (frames // 16 + 1))[:frames]
