# SPDX-License-Identifier: Apache-2.0
"""What a probe says: its records as units, and how it is.

Time is an argument. The serial port is in `drivers.taps.e1_serial.driver`.
"""

from collections.abc import Mapping
from enum import Enum
from struct import Struct
from typing import Literal

from msgspec.structs import replace

from drivers.taps.e1_serial.frame_clock import FrameClock
from drivers.taps.e1_serial.ledger import Ledger
from drivers.taps.e1_serial.wire import OTHER_VERSION, Reader, Record, Type
from edge.model.message import Malformed
from edge.model.unit import Alarm, ClockQuality, Direction, LinkType, Unit

Protocol = Literal["auto", "mtp2", "lapd"]

LINKS: Mapping[Protocol, LinkType] = {
    "auto": LinkType.E1_HDLC,
    "mtp2": LinkType.MTP2,
    "lapd": LinkType.LAPD,
}
"What a good frame is handed on as."
FCS = 2
"Octets at the end of a frame that the link types of MTP2 and LAPD do not have."
DIRECTIONS = {1: Direction.A_TO_B, 2: Direction.B_TO_A}
CLOCK = ClockQuality("probe", 4)
"A tick is 125 us: the fourth decimal of a second means something, the fifth does not."

HELLO = Struct("<IB")
"Start of the probe and its capabilities; its name follows."
COUNTERS = Struct("<I")
MAX_NAME = 64
PATIENCE_S = 3.0
"A probe says HELLO every second: two of them may be lost."
NEVER = float("-inf")


class State(Enum):
    """How it is with a probe, in the words of whoever stands before it."""

    LISTENING = "listening"
    "Just opened."
    SILENT = "silent"
    "Not an octet: no power, wrong port, crossed wires."
    GARBAGE = "wrong rate or garbage"
    "Octets, but no record."
    FOREIGN = OTHER_VERSION
    SYNCED = "synced"


class Probe:
    """One probe, from the opening of its port on."""

    def __init__(
        self, name: str, protocol: Protocol, channels: Mapping[str, Protocol], now_s: float
    ) -> None:
        """Hear for the tap `name`; frames are `protocol`, but on `channels` as said there."""
        self.identity = ""
        "Maker, model, serial number and firmware, as the probe names itself."
        self.alarms: dict[tuple[int, int], Alarm] = {}
        "By span and direction, as last heard."
        self.suppressed = 0
        "Repeated frames that the probe counted and did not send."
        self.ledger = Ledger()
        self._name = name
        self._protocol = protocol
        self._channels = channels
        self._reader = Reader()
        self._clock = FrameClock()
        self._units = 0
        self._start: int | None = None
        self._opened_s = now_s
        self._octets_s = self._foreign_s = self._record_s = NEVER
        "When there were last octets, records of another version, and records."

    def feed(self, octets: bytes, now_ns: int, now_s: float) -> list[Unit]:
        """Consume what the port gave; return the units in it."""
        units = []
        self._octets_s = now_s
        for record in self._reader.feed(octets):
            if isinstance(record, Malformed):
                self.ledger.damage(record.why)
                if record.why == OTHER_VERSION:
                    self._foreign_s = now_s
                continue
            self._record_s = now_s
            if unit := self._hear(record, now_ns):
                units.append(unit)
        return units

    def state(self, now_s: float) -> State:
        """Return how it is, by the last few seconds."""
        since = now_s - PATIENCE_S
        if self._record_s > since:
            return State.SYNCED
        if self._foreign_s > since:
            return State.FOREIGN
        if self._opened_s > since:
            return State.LISTENING
        return State.GARBAGE if self._octets_s > since else State.SILENT

    def _hear(self, record: Record, now_ns: int) -> Unit | None:
        if record.type == Type.HELLO:
            self._hello(record.payload)
        self.ledger.number(record.sequence)
        self.suppressed += record.repeats
        at = self._clock.at(record.ticks, now_ns)
        match record.type:
            case Type.RAW:
                return self._unit(record, at, LinkType.E1_RAW)
            case Type.FRAME:
                return self._frame(record, at)
            case Type.BAD_FRAME:
                return self._unit(record, at, LinkType.E1_HDLC)
            case Type.ALARMS:
                return self._alarmed(record, at)
            case Type.CAS:
                return self._unit(record, at, LinkType.E1_CAS)
            case Type.COUNTERS:
                self.ledger.overrun(*COUNTERS.unpack_from(record.payload))
            case _:  # HELLO, or what a later probe adds
                pass
        return None

    def _hello(self, payload: bytes) -> None:
        start, _capabilities = HELLO.unpack_from(payload)
        name = payload[HELLO.size :][:MAX_NAME].decode("ascii", "replace")
        self.identity = "".join(letter if letter.isprintable() else "?" for letter in name)
        if self._start not in {None, start}:
            self.ledger.restart()
        self._start = start

    def _frame(self, record: Record, at: int) -> Unit:
        """Return a good frame, as what its channel carries if that is known."""
        protocol = self._channels.get(f"{record.span}:{record.timeslot}", self._protocol)
        unit = self._unit(record, at, LINKS[protocol])
        return unit if protocol == "auto" else replace(unit, data=unit.data[:-FCS])

    def _alarmed(self, record: Record, at: int) -> Unit | None:
        """Return what has changed: a probe says every second how it is."""
        key = (record.span, record.direction)
        alarms = Alarm(record.payload[0])
        if self.alarms.get(key) == alarms:
            return None
        self.alarms[key] = alarms
        return self._unit(record, at, LinkType.E1_ALARMS)

    def _unit(self, record: Record, at: int, link: LinkType) -> Unit:
        self._units += 1
        return Unit(
            self._name,
            link,
            at,
            record.payload,
            self._units,
            CLOCK,
            DIRECTIONS.get(record.direction, Direction.UNKNOWN),
            channel=f"{record.span}:{record.timeslot}",
        )
