# SPDX-License-Identifier: Apache-2.0
"""What a tap yields: the octets as heard, when, where and by which clock.

Link types are the LINKTYPE numbers of pcap and pcapng files, so that what was heard can be
written as evidence without translation.
"""

from enum import Enum, IntEnum

import msgspec


class LinkType(IntEnum):
    """What the first octet of a unit belongs to (LINKTYPE registry of the pcap formats)."""

    NULL = 0
    ETHERNET = 1
    RAW = 101
    LOOP = 108
    LINUX_SLL = 113
    MTP2_WITH_PHDR = 139
    MTP2 = 140
    MTP3 = 141
    LINUX_LAPD = 177
    LAPD = 203
    IPV4 = 228
    IPV6 = 229
    LINUX_SLL2 = 276


class Direction(Enum):
    """Which of the two directions of a link; a mirror port does not tell."""

    UNKNOWN = "unknown"
    A_TO_B = "a-b"
    B_TO_A = "b-a"


class ClockQuality(msgspec.Struct, frozen=True, gc=False):
    """How far a unit's time can be trusted; one object per tap, shared by its units."""

    source: str
    "Who stamped it: `capture file`, `kernel`, `hardware`, `probe`."
    digits: int = 9
    "Decimal digits of a second that carry meaning: 6 for microseconds, 9 for nanoseconds."


class Unit(msgspec.Struct, frozen=True, gc=False):
    """One thing heard: a frame on a mirror port, a signal unit on a timeslot."""

    tap: str
    link: int
    "A `LinkType`, as a bare number: what is unknown is kept, not refused."
    at: int
    "Nanoseconds since the epoch."
    data: bytes
    number: int = 0
    "Ordinal within the tap, from 1."
    clock: ClockQuality = ClockQuality("capture file")
    direction: Direction = Direction.UNKNOWN
    cut: int = 0
    "Octets that were on the wire but not captured (snap length)."
    channel: str = ""
    "Span and timeslot of an E1 unit (`1:16`); empty on a packet tap."
