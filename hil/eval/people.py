# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: PLR2004, S311 - a model is made of numbers, and drawn from seeds
"""Honest callers: private persons, roamers, offices, and those who call many.

It is a model. What it assumes, and why: lengths of calls are log-normal (Bolotin 1994; Guo et al.
2007), some 60 to 70 % are answered, a tenth of the answered is over within ten seconds (wrong
number, voice box), people call the few they know again and again. Shares of banks, clinics,
couriers and schools are guesses that err on the side of what looks like fraud.
"""

import random
from collections.abc import Iterator, Sequence

from hil.eval import scene, stacks
from hil.eval.scene import Course, Day, Made, Place

CARRIERS = (
    ("192.0.2.10", "192.0.2.110", stacks.SBC_A), ("192.0.2.11", "192.0.2.111", stacks.SBC_B),
    ("192.0.2.12", "192.0.2.112", stacks.SBC_A), ("192.0.2.13", "192.0.2.113", stacks.SBC_B),
)  # fmt: skip
"Peers abroad: address, media address, border controller."
MOBILE = ("192.0.2.40", "192.0.2.140", stacks.SBC_A)
"The mobile operator of the region, likewise."
OPC_ABROAD = 4400


def course(
    rng: random.Random, answered: float, mean_s: float, *, short: float = 0.1, busy: float = 0.1
) -> Course:
    """Draw what becomes of a call: how often answered, how long on average, how often cut short."""
    if rng.random() < answered:
        if rng.random() < short:
            return Course(
                rng.uniform(4, 20), rng.uniform(1, 9.9), rng.choice(("called", "calling"))
            )
        talk = min(7200.0, 10 + rng.lognormvariate(0, 1.0) * mean_s / 1.65)
        return Course(rng.uniform(4, 20), talk, rng.choice(("called", "calling")))
    if rng.random() < busy:
        return Course(rng.uniform(1, 3), 0, "busy")
    return Course(rng.uniform(12, 40), 0, "calling" if rng.random() < 0.6 else "called")


def carrier(rng: random.Random) -> Place:
    """Draw the way of a private call from abroad: a carrier, and one of many devices behind it."""
    if rng.random() < 0.15:
        return Place("international", "", "", None, opc=OPC_ABROAD)
    peer, media, controller = rng.choice(CARRIERS)
    stack = stacks.behind(controller, rng.choice(stacks.MEDIA))
    return Place("international", peer, media, stack)


def residents(seed: int, calls: int = 1500, people: int = 1500) -> Day:
    """People abroad who call home."""
    rng = random.Random(seed)
    known = []
    for _ in range(people):
        friends = [scene.callee(rng) for _ in range(rng.randrange(1, 7))]
        known.append((scene.foreign(rng), friends, carrier(rng)))

    def day(number: int, rng: random.Random) -> Iterator[Made]:
        for _ in range(calls):
            me, friends, place = known[int(rng.paretovariate(0.7) * 3) % people]
            called = rng.choice(friends) if rng.random() < 0.85 else scene.callee(rng)
            when = scene.moment(number, scene.HOURS_OF_PEOPLE, rng)
            yield Made(when, "resident", "", place, me, called, course(rng, 0.65, 150))

    return day


def roamers(seed: int, calls: int = 300, people: int = 250) -> Day:
    """Our own subscribers abroad: national numbers on international trunks."""
    rng = random.Random(seed)
    known = [
        (scene.mobile(rng), [scene.callee(rng) for _ in range(rng.randrange(1, 6))], carrier(rng))
        for _ in range(people)
    ]

    def day(number: int, rng: random.Random) -> Iterator[Made]:
        for _ in range(calls):
            me, friends, place = rng.choice(known)
            when = scene.moment(number, scene.HOURS_OF_PEOPLE, rng)
            called = rng.choice(friends) if rng.random() < 0.8 else scene.callee(rng)
            yield Made(when, "roamer", "", place, me, called, course(rng, 0.68, 120))

    return day


def mobile_way(rng: random.Random) -> Place:
    """Draw the way of a call from a mobile phone of the country."""
    peer, media, controller = MOBILE
    return Place("national", peer, media, stacks.behind(controller, rng.choice(stacks.MEDIA[2:4])))


def subscribers(seed: int, calls: int = 1200, people: int = 1500) -> Day:
    """People of the region with a mobile phone, who call fixed numbers."""
    rng = random.Random(seed)
    known = [
        (scene.mobile(rng), [scene.callee(rng) for _ in range(rng.randrange(1, 6))])
        for _ in range(people)
    ]

    def day(number: int, rng: random.Random) -> Iterator[Made]:
        for _ in range(calls):
            me, friends = known[int(rng.paretovariate(0.7) * 3) % people]
            called = rng.choice(friends) if rng.random() < 0.7 else scene.callee(rng)
            when = scene.moment(number, scene.HOURS_OF_PEOPLE, rng)
            way = course(rng, 0.65, 110)
            yield Made(when, "subscriber", "", mobile_way(rng), me, called, way)

    return day


def offices(seed: int, calls: int = 600, count: int = 40) -> Day:
    """Businesses with an exchange of their own and one to three numbers, here and abroad."""
    rng = random.Random(seed)
    programs = (stacks.PBX, stacks.SWITCH, stacks.ROUTER, stacks.OLD_PBX, stacks.PHONE)
    known = []
    for number in range(count):
        abroad = number % 2
        draw = scene.foreign if abroad else scene.home
        place = Place(
            "international" if abroad else "national", "192.0.2.20" if abroad else "192.0.2.30",
            f"198.51.100.{10 + number}", rng.choice(programs),
        )  # fmt: skip
        mine = [draw(rng) for _ in range(rng.randrange(1, 4))]
        known.append((mine, [scene.callee(rng) for _ in range(rng.randrange(10, 60))], place))

    def day(number: int, rng: random.Random) -> Iterator[Made]:
        for _ in range(calls):
            mine, partners, place = rng.choice(known)
            when = scene.moment(number, scene.HOURS_OF_OFFICES, rng)
            called = rng.choice(partners) if rng.random() < 0.7 else scene.callee(rng)
            yield Made(when, "office", "", place, rng.choice(mine), called, course(rng, 0.6, 160))

    return day


class Caller:
    """Somebody who calls many, every working day."""

    def __init__(self, who: str, place: Place, numbers: Sequence[str], calls: int) -> None:
        """Make about `calls` a day, showing `numbers`."""
        self.who, self.place, self.numbers, self.calls = who, place, numbers, calls
        self.answered, self.mean_s, self.short, self.again = 0.55, 90.0, 0.1, 0.1
        self.burst = False
        "All at one hour, as a notice to parents."

    def day(self, number: int, rng: random.Random) -> Iterator[Made]:
        """Yield the calls of a day."""
        hour = rng.randrange(10, 18)
        called = ""
        for _ in range(round(self.calls * rng.uniform(0.7, 1.3))):
            when = scene.moment(number, scene.HOURS_OF_OFFICES, rng)
            if self.burst:
                when = scene.BEGAN_S + number * scene.DAY_S + hour * 3600 - scene.ZONE_S
                when += rng.random() * 1800
            called = called if called and rng.random() < self.again else scene.callee(rng)
            way = course(rng, self.answered, self.mean_s, short=self.short)
            yield Made(when, self.who, "", self.place, rng.choice(self.numbers), called, way)


def _caller(who: str, place: Place, numbers: Sequence[str], calls: int, **how: float) -> Day:
    one = Caller(who, place, numbers, calls)
    for name, value in how.items():
        setattr(one, name, value)
    return one.day


def callers(seed: int) -> list[Day]:
    """Banks, clinics, couriers, schools, a taxi with masked numbers, a cloud of small firms.

    One that reminds of appointments has bought the program that a robocall uses.
    """
    rng = random.Random(seed)

    def at(
        last: int, stack: stacks.Stack, trunk: str = "national", peer: str = "192.0.2.30"
    ) -> Place:
        return Place(trunk, peer, f"203.0.113.{last}", stack)

    def some(count: int) -> list[str]:
        return [scene.home(rng) for _ in range(count)]

    abroad = [scene.foreign(rng) for _ in range(2)]
    cloud = [scene.foreign(rng) for _ in range(180)]
    return [
        _caller("bank", at(1, stacks.PBX), some(3), 700, answered=0.5, mean_s=90, short=0.16),
        _caller("bank", at(2, stacks.ROUTER), some(2), 300, answered=0.45, mean_s=70, short=0.18),
        _caller("bank", at(3, stacks.SWITCH, "international", "192.0.2.20"), abroad, 200,
                answered=0.5, mean_s=80, short=0.15),
        _caller("clinic", at(4, stacks.OLD_PBX), some(1), 150, answered=0.75, mean_s=25,
                short=0.12),
        _caller("clinic", at(5, stacks.PBX), some(2), 90, answered=0.7, mean_s=40),
        _caller("delivery", at(6, stacks.PBX), some(25), 500, answered=0.6, mean_s=30, short=0.18,
                again=0.25),
        _caller("delivery", at(7, stacks.SWITCH), some(12), 250, answered=0.6, mean_s=35,
                short=0.15, again=0.25),
        _caller("school", at(8, stacks.PBX), some(1), 180, answered=0.7, mean_s=20, short=0.15,
                burst=True),
        _caller("taxi", at(9, stacks.SWITCH), some(60), 500, answered=0.8, mean_s=25, short=0.2,
                again=0.2),
        _caller("cloud", at(10, stacks.SWITCH, "international", "192.0.2.20"), cloud, 600,
                answered=0.6, mean_s=120, short=0.11),
        _caller("reminder", at(11, stacks.SCRIPT), some(2), 220, answered=0.6, mean_s=20,
                short=0.17, again=0.2),
    ]  # fmt: skip


def everybody(seed: int) -> list[Day]:
    """All honest callers of the region."""
    many = [residents(seed), roamers(seed + 1), offices(seed + 2), *callers(seed + 3)]
    return [*many, subscribers(seed + 40)]
