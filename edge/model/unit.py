# SPDX-License-Identifier: Apache-2.0
"""What a tap yields: the octets as heard, when, where and by which clock.

Link types are the LINKTYPE numbers of pcap and pcapng files, so that what was heard can be
written as evidence without translation.
"""

from enum import Enum, IntEnum, IntFlag

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
    E1_RAW = 150
    """A timeslot of an E1, octet after octet, the first bit of the wire in the highest place.

    This and the next three are ours, of the range for private use (USER0 147 to USER15 162).
    """
    E1_HDLC = 151
    "One HDLC frame of a timeslot, good or bad: without flags, its check sequence included."
    E1_ALARMS = 152
    "One octet of `Alarm` bits: how a span is from now on, in one direction."
    E1_CAS = 153
    "One octet: the signalling bits a b c d of a timeslot (8 4 2 1) from now on."
    LINUX_LAPD = 177
    LAPD = 203
    IPV4 = 228
    IPV6 = 229
    UPPER_PDU = 252
    "What an endpoint heard itself, behind the addresses it came between (`edge.decode.upper_pdu`)."
    LINUX_SLL2 = 276


class Alarm(IntFlag):
    """What is wrong with an E1 span in one direction (G.775, G.706)."""

    LOS = 1
    "Loss of signal."
    LOF = 2
    "Loss of frame alignment."
    AIS = 4
    "Alarm indication signal: all ones."
    RAI = 8
    "Remote alarm indication: the far end cannot hear its side."
    CRC4 = 16
    "Errored CRC-4 blocks."


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
    "Span and timeslot of an E1 unit (`1:16`, `1:0` for the span); empty on a packet tap."
