# SPDX-License-Identifier: Apache-2.0
"""E1 units to messages: raw timeslots, frames of them, and the links that frames make up.

Each timeslot and direction finds out on its own what it carries, and says so once. Signalling bits
(CAS) and alarms are named, and counted as what may have hidden a call.
"""

from collections import Counter

from msgspec.structs import replace

from edge.decode.classify import Carries, protocol_of
from edge.decode.hdlc import STANDARD, fcs_ok
from edge.decode.isdn import IsdnLink
from edge.decode.layer import LayerMessage, place
from edge.decode.ss7 import Ss7Link
from edge.decode.timeslot import Timeslot
from edge.model.message import Malformed, Message
from edge.model.unit import Alarm, LinkType, Unit

MAX_TIMESLOTS = 1024
FCS = 2
SAY_AGAIN_NS = 60_000_000_000
"How often it is said of a timeslot that its signalling bits are not read."
CAS_UNREAD = "cas heard, not supported"
LINKS = {Carries.MTP2: LinkType.MTP2, Carries.LAPD: LinkType.LAPD}
Found = list[Message | Malformed]


class E1:
    """All timeslots and links of all taps."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._timeslots: dict[tuple[str, str], Timeslot] = {}
        self._ss7 = Ss7Link()
        self._isdn = IsdnLink()
        self._counts: Counter[str] = Counter()
        self._cas: dict[str, int] = {}
        self._read = {
            LinkType.E1_RAW: self._raw,
            LinkType.E1_HDLC: self._framed,
            LinkType.E1_ALARMS: self._alarms,
            LinkType.E1_CAS: self._bits,
            LinkType.MTP2: self._signal_unit,
            LinkType.MTP2_WITH_PHDR: self._signal_unit,
            LinkType.MTP3: self._signal_unit,
            LinkType.LAPD: self._on_channel,
            LinkType.LINUX_LAPD: self._on_channel,
        }
        self.links = frozenset(map(int, self._read))
        "Link types whose units are for us."

    def feed(self, unit: Unit) -> Found:
        """Read one unit; fill-in units, repeats and pieces yield nothing."""
        return self._read[LinkType(unit.link)](unit)

    def losses(self) -> Counter[str]:
        """Return what may have hidden a message, by cause."""
        frames, segments = self._isdn.missed
        missed = {
            "mtp2 units missed": self._ss7.missed,
            "lapd frames missed": frames,
            "q931 segments missed": segments,
            "hdlc frames damaged": sum([slot.bad for slot in self._timeslots.values()]),
        }
        return Counter({cause: lost for cause, lost in missed.items() if lost} | self._counts)

    def _signal_unit(self, unit: Unit) -> Found:
        return [*self._ss7.feed(unit)]

    def _on_channel(self, unit: Unit) -> Found:
        return [*self._isdn.feed(unit)]

    def _raw(self, unit: Unit) -> Found:
        timeslot = self._timeslot(unit)
        carried, looks = timeslot.carries, timeslot.looks
        found: Found = []
        for frame in timeslot.feed(unit.data):
            if isinstance(frame, Malformed):
                found.append(replace(frame, unit=unit))
            else:
                found += self._frame(unit, timeslot, frame)
        if timeslot.looks > looks and timeslot.carries is Carries.CAS:
            self._counts[CAS_UNREAD] += 1
        if timeslot.carries is not carried:
            found.insert(0, _says(unit, timeslot))
        return found

    def _framed(self, unit: Unit) -> Found:
        """Read one frame together with its check sequence."""
        if not fcs_ok(unit.data):
            self._counts["hdlc frames damaged"] += 1
            return [Malformed("hdlc", len(unit.data), "bad FCS", unit.data, unit)]
        timeslot = self._timeslot(unit)
        carried = timeslot.carries
        found = self._frame(unit, timeslot, unit.data[:-FCS])
        return [_says(unit, timeslot), *found] if timeslot.carries is not carried else found

    def _frame(self, unit: Unit, timeslot: Timeslot, frame: bytes) -> Found:
        """Hand a frame to what its timeslot carries; one that could be either is a mere RR."""
        carries = timeslot.vote(protocol_of(frame))
        if carries is None:
            return []
        unit = replace(unit, link=LINKS[carries], data=frame)
        return [*(self._ss7 if carries is Carries.MTP2 else self._isdn).feed(unit)]

    def _timeslot(self, unit: Unit) -> Timeslot:
        key = (place(unit), unit.direction.value)
        if key not in self._timeslots:
            if len(self._timeslots) >= MAX_TIMESLOTS:
                del self._timeslots[next(iter(self._timeslots))]
            self._timeslots[key] = Timeslot()
        return self._timeslots[key]

    def _alarms(self, unit: Unit) -> Found:
        """Name the alarms of a span; while one stands, no call is heard there."""
        alarms = [alarm.name or "" for alarm in Alarm(unit.data[0] if unit.data else 0)]
        self._counts.update(f"e1 {name}" for name in alarms)
        return [_message(unit, "alarms", {"alarms": alarms})]

    def _bits(self, unit: Unit) -> Found:
        """Say of a timeslot, now and then, that its bits are heard and mean calls unseen."""
        key = place(unit)
        if len(self._cas) >= MAX_TIMESLOTS:
            self._cas.clear()
        if abs(unit.at - self._cas.get(key, -SAY_AGAIN_NS)) < SAY_AGAIN_NS:
            return []
        self._cas[key] = unit.at
        self._counts[CAS_UNREAD] += 1
        return [_message(unit, "CAS", {"supported": False})]


def _says(unit: Unit, timeslot: Timeslot) -> LayerMessage:
    """Return what a timeslot was found to carry, and how it is wired if not by the standard."""
    carries, line = timeslot.carries, timeslot.line
    details: dict[str, object] = {"supported": carries is not Carries.CAS}
    if line != STANDARD:
        details |= {"reversed": line.reverse, "inverted": line.invert, "rate": line.rate}
    return _message(unit, carries.name if carries else "frames", details)


def _message(unit: Unit, type_: str, details: dict[str, object]) -> LayerMessage:
    channel = {"channel": unit.channel, "direction": unit.direction.value}
    return LayerMessage(unit, "e1", type_, channel | details)
