# SPDX-License-Identifier: Apache-2.0
"""The control protocol of osmo-e1d: packets of a Unix socket, and back.

As in its `include/osmocom/e1d/proto.h`, version 1. Opened timeslots come as file descriptors beside
the packets, which is the business of `drivers.taps.osmo_e1d.driver`.
"""

from enum import IntEnum
from struct import Struct

import msgspec

from edge.model.message import Malformed
from edge.model.unit import Alarm

MAGIC = 0x01E1
"Its high octet is the version of the protocol."
MAX_LENGTH = 4096
NONE = 0xFF
"A field of the header that means nothing here."
HEAD = Struct("=HHBBBB")
"Magic, length of all; type, interface, line, timeslot. The order is that of the machine."
TS_OPEN = 0x04
RAW = 0x10
"Mode of a timeslot: octets as on the wire. In the other, frames over 264 octets are lost."
READ_SIZE = 160
"Octets that the daemon collects before it hands them over: 20 ms."
_OPENING = Struct("=BBH")
"Mode, flags, octets to collect."


class Kind(IntEnum):
    """High two bits of a type."""

    REQUEST = 0x00
    EVENT = 0x40
    ANSWER = 0x80
    ERROR = 0xC0


KIND_MASK = 0xC0

ALARMS = {
    0x40: (Alarm.LOS, True), 0x41: (Alarm.LOS, False),
    0x42: (Alarm.AIS, True), 0x43: (Alarm.AIS, False),
    0x44: (Alarm.RAI, True), 0x45: (Alarm.RAI, False),
    0x46: (Alarm.LOF, True), 0x47: (Alarm.LOF, False),
}  # fmt: skip
"Events of a line that begin or end an alarm."


class Message(msgspec.Struct, frozen=True, gc=False):
    """One packet."""

    type: int
    interface: int = NONE
    line: int = NONE
    timeslot: int = NONE
    body: bytes = b""

    @property
    def kind(self) -> Kind:
        """Whether it is asked, answered, refused or told."""
        return Kind(self.type & KIND_MASK)


def packet(message: Message) -> bytes:
    """Return a message as sent."""
    size = HEAD.size + len(message.body)
    place = (message.interface, message.line, message.timeslot)
    return HEAD.pack(MAGIC, size, message.type, *place) + message.body


def open_raw(interface: int, line: int, timeslot: int) -> Message:
    """Return the request for a timeslot, not taking it from another who has it."""
    return Message(TS_OPEN, interface, line, timeslot, _OPENING.pack(RAW, 0, READ_SIZE))


def parse(octets: bytes) -> Message | Malformed:
    """Read a packet."""
    if len(octets) < HEAD.size:
        return Malformed("osmo-e1d", len(octets), "shorter than a header", octets)
    magic, length, kind, interface, line, timeslot = HEAD.unpack_from(octets)
    if magic != MAGIC:
        return Malformed("osmo-e1d", 0, f"magic {magic:04x}: another version?", octets)
    if length != len(octets):
        return Malformed("osmo-e1d", 2, f"length {length}, but {len(octets)} octets", octets)
    return Message(kind, interface, line, timeslot, octets[HEAD.size :])
