# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: PLR2004, S311 - a model is made of numbers, and drawn from seeds
"""Campaigns of several kinds. A model: what it assumes stands beside each kind.

Vishing: people hang up. USTelecom's traceback group watches calls under 30 s, calls given up
before an answer and many caller numbers of one customer; shares here are in that spirit. Wangiri:
one ring, and the hope that somebody calls back. A robocall plays the same recording to all. A
SIM-box has cards of the mobile operator, bought a handful at a time, and comes by his own trunk.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from hil.eval import people, scene, stacks
from hil.eval.scene import Course, Day, Made, Place

Shows = Callable[[random.Random], str]


class Centre(NamedTuple):
    """One campaign."""

    kind: str
    places: Sequence[Place]
    shows: Shows
    calls: int
    "A day."
    course: Callable[[random.Random], Course]
    steps: bool = False
    "Dials one number after the other."
    begins: int = 0
    "Day of its first calls."


def vishing(rng: random.Random) -> Course:
    """Draw a call of somebody who says that he is the bank: half of those who answer hang up."""
    if rng.random() < 0.5:
        if rng.random() < 0.52:
            return Course(rng.uniform(5, 20), rng.uniform(1, 9.9), "called")
        return Course(rng.uniform(5, 20), 10 + rng.expovariate(1 / 120), "called")
    if rng.random() < 0.1:
        return Course(rng.uniform(1, 3), 0, "busy")
    return Course(rng.uniform(12, 25), 0, "calling")


def one_ring(rng: random.Random) -> Course:
    """Draw a call that is given up at once."""
    if rng.random() < 0.06:
        return Course(1.5, rng.uniform(1, 6), "called")
    return Course(rng.uniform(1.2, 3.5), 0, "calling")


def recorded(rng: random.Random) -> Course:
    """Draw a call that plays a recording of 24 seconds: many hang up, the others hear it out."""
    if rng.random() < 0.55:
        if rng.random() < 0.5:
            return Course(rng.uniform(5, 15), rng.uniform(1, 9), "called")
        return Course(rng.uniform(5, 15), rng.uniform(23, 26), "calling")
    return Course(rng.uniform(15, 22), 0, "calling")


def among(numbers: Sequence[str]) -> Shows:
    """Show one of these numbers, at random."""
    return lambda rng: rng.choice(numbers)


def in_block(prefix: str) -> Shows:
    """Show any number of a block of a thousand."""
    return lambda rng: f"{prefix}{rng.randrange(1000):03}"


def centre_day(centre: Centre, name: str, seed: int) -> Day:
    """Return the days of a campaign."""
    own = random.Random(seed)
    next_called = int(scene.callee(own))

    def day(number: int, rng: random.Random) -> Iterator[Made]:
        nonlocal next_called
        if number < centre.begins:
            return
        for at in sorted(
            scene.moment(number, scene.HOURS_OF_OFFICES, rng)
            for _ in range(round(centre.calls * rng.uniform(0.8, 1.2)))
        ):
            called = scene.callee(rng)
            if centre.steps:
                next_called = 77212000000 + (next_called + rng.randrange(1, 4)) % 100_000
                called = str(next_called)
            place = rng.choice(centre.places)
            shown = centre.shows(rng)
            yield Made(at, centre.kind, name, place, shown, called, centre.course(rng))

    return day


def _abroad(media: str, stack: stacks.Stack, peer: str = "192.0.2.20") -> Place:
    return Place("international", peer, media, stack)


def centres(seed: int) -> list[Centre]:
    """All campaigns of a region; each begins on a day of its own."""
    rng = random.Random(seed)
    many = [scene.foreign(rng) for _ in range(1000)]
    fixed = [scene.home(rng) for _ in range(400)]
    farm = [
        _abroad(f"203.0.113.{130 + number}", stack)
        for number, stack in enumerate((stacks.PHONE, stacks.PHONE, stacks.SCRIPT, stacks.OLD_PBX))
    ]
    peer, media, controller = people.CARRIERS[0]
    hidden = Place("international", peer, media, stacks.behind(controller, stacks.ODD_MEDIA))
    plain = Place("international", peer, media, stacks.behind(controller, stacks.MEDIA[1]))
    hopping = [_abroad(f"203.0.113.{160 + n}", stacks.SCRIPT) for n in range(12)]
    box = people.mobile_way(rng)
    cards = [f"7701000{rng.randrange(1000, 9000) // 100 * 100 + number:04}" for number in range(24)]
    french, british = "33199007", "441632960"
    return [
        Centre("rotation", [_abroad("203.0.113.120", stacks.SCRIPT)], among(many), 250, vishing,
               begins=1),
        Centre("devices", farm, among(fixed), 300, vishing, begins=2),
        Centre("slow", [_abroad("203.0.113.121", stacks.PBX)], among(many[:300]), 9, vishing),
        Centre("border", [hidden], among(many), 200, vishing, begins=1),
        Centre("border-mixed", [plain], among(many), 200, vishing, begins=4),
        Centre("imitator", [_abroad("203.0.113.122", stacks.PBX)], among(many), 150, vishing,
               begins=3),
        Centre("wangiri", [_abroad("203.0.113.123", stacks.SWITCH)], in_block(french), 400,
               one_ring, begins=4),
        Centre("wangiri-e1", [Place("international", "", "", None, opc=people.OPC_ABROAD)],
               in_block(british), 300, one_ring, begins=2),
        Centre("robocall", [_abroad("203.0.113.124", stacks.SCRIPT)], among(many[:3]), 300,
               recorded, begins=5),
        Centre("sequential", [_abroad("203.0.113.125", stacks.OLD_PBX)], among(many[:40]), 200,
               vishing, steps=True, begins=2),
        Centre("hopping", hopping, among(many), 200, vishing, begins=3),
        Centre("rented", [Place("national", "192.0.2.30", "203.0.113.126", stacks.SWITCH)],
               among(fixed[:4]), 120, vishing, begins=1),
        Centre("sim-box", [box], among(cards), 240, vishing, begins=2),
    ]  # fmt: skip


def campaigns(seed: int) -> list[Day]:
    """Return the days of all campaigns."""
    return [
        centre_day(centre, f"{centre.kind}-{seed}", seed + number)
        for number, centre in enumerate(centres(seed))
    ]
