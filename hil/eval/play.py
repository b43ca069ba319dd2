# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S311 - drawn from seeds
"""Plays a made-up region to the detector, by the appliance's own decoders, and keeps the score."""

import heapq
import random
import tracemalloc
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from edge.call import isup_offer
from edge.call.offer import Offers
from edge.call.sip_offer import SipOffers
from edge.decode.isup.message import IsupMessage, parse
from edge.decode.mtp3 import ISUP, Label
from edge.decode.sip.framer import read_datagram
from edge.decode.sip.message import SipMessage
from edge.detect.detector import Detector
from edge.model.event import CallOffered, CallReleased, Trunk, TrunkClass
from edge.model.message import NO_FLOW, Flow
from edge.model.unit import LinkType, Unit
from edge.numbering.normalise import home_of
from hil.e1.calls import Call, Number, iam
from hil.eval import fraud, people, scene
from hil.eval.scene import NS, Day, Made
from hil.eval.stacks import Drawn, invite

TRUNKS = {
    "international": Trunk("international", TrunkClass.INTERNATIONAL, "7", "7172"),
    "national": Trunk("national", TrunkClass.NATIONAL, "7", "7172"),
}
OURS = bytes([192, 0, 2, 1])
OUR_CODE = 100
EXPIRE_S = 600.0


class Tally:
    """What became of the calls of one class."""

    def __init__(self) -> None:
        """Begin with none."""
        self.calls = 0
        self.touched = 0
        self.until: list[int] = []
        "For each campaign that was found: its calls until then."
        self.groups: set[str] = set()
        self.found: set[str] = set()


class Played(NamedTuple):
    """What a run came to."""

    classes: dict[str, Tally]
    memory_kb: list[int]
    "Held by Python at the end of each day."
    keys: list[int]
    "Held by the detector at the end of each day."
    detector: Detector


class Region:
    """The detector, and the decoders that read for it."""

    def __init__(self, seed: int) -> None:
        """Build them."""
        homes = {name: home_of(trunk) for name, trunk in TRUNKS.items()}
        default = homes["national"]
        self.detector = Detector(secret=seed)
        self._sip = SipOffers(homes, default)
        self._isup = Offers(isup_offer.identities, homes, default)
        self._rng = random.Random(seed)
        self._number = 0

    def offer(self, made: Made) -> CallOffered:
        """Return a call as it is heard: octets are written, then read."""
        self._number += 1
        at = int(made.at_s * NS)
        trunk = TRUNKS[made.place.trunk]
        if made.place.stack is None:
            return self._circuit(made, at, trunk)
        drawn = Drawn(made.calling, made.called, made.place.media, made.place.media)
        if made.place.stack.name.startswith("sbc"):
            drawn = drawn._replace(ip=made.place.peer)
        octets = invite(made.place.stack, drawn, self._rng)
        unit = Unit("tap", LinkType.ETHERNET, at, octets, self._number)
        source = bytes(map(int, made.place.peer.split(".")))
        (message,) = read_datagram(unit, Flow(source, OURS, 5060, 5060, "udp"), octets)
        if not isinstance(message, SipMessage):
            raise TypeError(f"not read: {octets!r}")
        return self._sip.offer(message, trunk, 1)

    def _circuit(self, made: Made, at: int, trunk: Trunk) -> CallOffered:
        octets = iam(Call(Number(made.calling), Number(made.called)))
        cic = self._number % 30 + 1
        label = Label(made.place.opc, OUR_CODE, cic & 15, ISUP, 2)
        unit = Unit("e1", LinkType.MTP2, at, octets, self._number)
        (message,) = parse(unit, NO_FLOW, label, cic.to_bytes(2, "little") + octets)
        if not isinstance(message, IsupMessage):
            raise TypeError(f"not read: {octets.hex()}")
        return self._isup.offer(message, trunk, self._number, at)


def released(offer: CallOffered, made: Made) -> CallReleased:
    """Return the end of a call, as its course says."""
    course = made.course
    at = offer.at + int((course.ring_s + course.talk_s) * NS)
    busy = course.end == "busy"
    lasted = int(course.talk_s * NS)
    return CallReleased(
        at, offer.call, offer.attempt, "BYE" if lasted else "486" if busy else "CANCEL",
        "called" if busy else course.end, bool(lasted), lasted, 486 if busy else 0,
    )  # fmt: skip


def day_of(days: Sequence[Day], number: int, seed: int) -> list[Made]:
    """Return all calls of a day, in order."""
    found = [
        made
        for place, day in enumerate(days)
        for made in day(number, random.Random(f"{seed}/{place}/{number}"))
    ]
    found.sort(key=lambda made: made.at_s)
    return found


def everything(seed: int) -> list[Day]:
    """Return honest callers and campaigns of a seed."""
    return [*people.everybody(seed * 1000), *fraud.campaigns(seed * 1000 + 500)]


class Run:
    """One region over some days."""

    def __init__(self, seed: int) -> None:
        """Begin."""
        self.region = Region(seed)
        self.classes: dict[str, Tally] = defaultdict(Tally)
        self._seed = seed
        self._up: list[tuple[int, int, CallOffered, Made]] = []
        self._count = 0
        self._of: dict[str, int] = defaultdict(int)
        self._expired = 0.0
        self._groups: dict[str, set[str]] = defaultdict(set)

    def play(self, days: int, *, trace: bool = False) -> Played:
        """Play it."""
        memory: list[int] = []
        keys: list[int] = []
        schedule = everything(self._seed)
        if trace:
            tracemalloc.start()
        for number in range(days):
            for made in day_of(schedule, number, self._seed):
                self._call(made)
            self._end(int((scene.BEGAN_S + (number + 1) * scene.DAY_S - scene.ZONE_S) * NS))
            keys.append(len(self.region.detector.behaviour))
            if trace:
                memory.append(tracemalloc.get_traced_memory()[0] // 1024)
        if trace:
            tracemalloc.stop()
        return Played(dict(self.classes), memory, keys, self.region.detector)

    def _call(self, made: Made) -> None:
        offer = self.region.offer(made)
        self._end(offer.at)
        detector = self.region.detector
        if made.at_s - self._expired > EXPIRE_S:
            self._expired = made.at_s
            detector.expire(offer.at)
        tally = self.classes[made.who]
        tally.calls += 1
        if made.group:
            tally.groups.add(made.group)
            self._of[made.group] += 1
        suspicion = detector.offered(offer)
        if suspicion:
            tally.touched += 1
            detector.note(suspicion, f"{offer.at:x}-{self._count}", self._count)
        self._count += 1
        end = released(offer, made)
        heapq.heappush(self._up, (end.at, self._count, offer, made))

    def _end(self, now: int) -> None:
        while self._up and self._up[0][0] <= now:
            _, _, offer, made = heapq.heappop(self._up)
            if self.region.detector.released(released(offer, made)) is None or not made.group:
                continue
            tally = self.classes[made.who]
            if made.group not in tally.found:
                tally.found.add(made.group)
                tally.until.append(self._of[made.group])


def honest(classes: dict[str, Tally]) -> Iterator[Tally]:
    """Yield the classes that are no campaign."""
    return (tally for tally in classes.values() if not tally.groups)
