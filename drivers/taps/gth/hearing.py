# SPDX-License-Identifier: Apache-2.0
"""What a GTH delivers and tells, as units and losses. Time is an argument; no sockets."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from drivers.taps.gth.wire import Monitor, Record, Said, alarms
from edge.decode.hdlc import fcs_ok
from edge.model.unit import Alarm, ClockQuality, Direction, LinkType, Unit

MS = 1_000_000
FCS = 2
"Octets at the end of a frame that the link types of MTP2 and LAPD do not have."
CLOCK = ClockQuality("probe", 3)
OWN_CLOCK = ClockQuality("receiver", 3)
"Of alarms: events bear no time."
LINKS = {"mtp2": LinkType.MTP2, "lapd": LinkType.LAPD}
LOSSES = {"slip": "slip", "l2_socket_alert": "gth backlog"}
"Events that mean lost octets, and what we call that."


class Ear(msgspec.Struct, frozen=True):
    """One monitor: a timeslot of one direction."""

    span: str
    timeslot: int
    protocol: Monitor
    link: str
    "What both directions go by in `Unit.channel`: the span of the direction A to B."
    direction: Direction


class Hearing:
    """All monitors of a GTH. The tag of a record is the place of its ear in the sequence."""

    def __init__(self, name: str, ears: Sequence[Ear]) -> None:
        """Hear for the tap `name`."""
        self.alarms: dict[str, Alarm] = {}
        "By span, as last told."
        self.events: Counter[str] = Counter()
        "All that was told, by kind."
        self.lost: Counter[str] = Counter()
        self._name = name
        self._ears = ears
        self._spans = {ear.span: ear for ear in ears}
        self._heard = 0

    def record(self, record: Record) -> list[Unit]:
        """Return what a monitor heard."""
        if record.tag >= len(self._ears):
            self.lost["unknown tag"] += 1
            return []
        ear = self._ears[record.tag]
        link, data = LinkType.E1_RAW, record.payload
        if ear.protocol != "raw":
            # Its flags are not relied upon: the frame says itself whether it is good.
            good = fcs_ok(data)
            link = LINKS[ear.protocol] if good else LinkType.E1_HDLC
            data = data[:-FCS] if good else data
        return [self._unit(link, record.at_ms * MS, data, CLOCK, ear, ear.timeslot)]

    def event(self, said: Said, now_ns: int) -> list[Unit]:
        """Return the alarms that changed; count what else was told."""
        self.events[said.name] += 1
        if said.name in LOSSES:
            self.lost[LOSSES[said.name]] += 1
        span = said.attributes.get("name", "").removeprefix("pcm")
        ear = self._spans.get(span)
        if said.name != "l1_message" or not ear:
            return []
        self.alarms[span] = now = alarms(said.attributes.get("state", ""))
        return [self._unit(LinkType.E1_ALARMS, now_ns, bytes([now]), OWN_CLOCK, ear, 0)]

    def _unit(
        self, link: LinkType, at: int, data: bytes, clock: ClockQuality, ear: Ear, timeslot: int
    ) -> Unit:
        self._heard += 1
        channel = f"{ear.link}:{timeslot}"
        return Unit(self._name, link, at, data, self._heard, clock, ear.direction, channel=channel)
