# SPDX-License-Identifier: Apache-2.0
"""The words of the evaluation: a call that somebody makes, from a place, with its course."""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from hil.eval.stacks import Stack

NS = 1_000_000_000
DAY_S = 86_400
BEGAN_S = 1_764_115_200
"26 November 2025, 00:00 UTC; all simulated days follow."
ZONE_S = 5 * 3600
"Kazakhstan is at UTC+5."


class Place(NamedTuple):
    """Where calls come from."""

    trunk: str
    "`international` or `national`."
    peer: str
    "Address that hands them to us."
    media: str
    "Address that speech goes to; empty on circuits."
    stack: Stack | None
    "None: an IAM on a circuit."
    opc: int = 0


class Course(NamedTuple):
    """What becomes of a call."""

    ring_s: float
    talk_s: float
    "0 if it is not answered."
    end: str = "called"
    "`called`, `calling`, `busy`: who ends it, or why."


class Made(NamedTuple):
    """A call that somebody makes."""

    at_s: float
    who: str
    "Class of the caller: `bank`, `rotation`, ..."
    group: str
    "Of a fraud: which campaign; else empty."
    place: Place
    calling: str
    called: str
    course: Course


Day = Callable[[int, random.Random], Iterator[Made]]
"Yields the calls of one day, in any order; days are numbered from 0."

FRANCE = ("33199", "33261", "33353", "33465", "33536", "33639")
"Ranges that the French regulator keeps for films: 01 99 00, 02 61 91, ..., four digits each."
_FRENCH = ("3319900", "3326191", "3335301", "3346571", "3353649", "3363998")
_BRITISH = ("441214960", "441134960", "441144960", "441154960", "441614960", "447700900")
"As Ofcom keeps them for drama, three digits each."


def callee(rng: random.Random) -> str:
    """Draw a number of the region that can be called."""
    return f"771729{rng.randrange(100_000):05}"


def foreign(rng: random.Random) -> str:
    """Draw a number from abroad that belongs to nobody: of films, and of North America's 555 01."""
    kind = rng.randrange(3)
    if kind == 0:
        return f"{rng.choice(_FRENCH)}{rng.randrange(10_000):04}"
    if kind == 1:
        return f"{rng.choice(_BRITISH)}{rng.randrange(1000):03}"
    return f"1{rng.choice((212, 303, 415, 617, 702, 808))}55501{rng.randrange(100):02}"


def home(rng: random.Random) -> str:
    """Draw a number of a business of the region."""
    return f"7717200{rng.randrange(10_000):04}"


def mobile(rng: random.Random) -> str:
    """Draw a mobile number of the country."""
    return f"7701000{rng.randrange(10_000):04}"


HOURS_OF_PEOPLE = (
    1,
    1,
    1,
    1,
    1,
    2,
    4,
    8,
    14,
    18,
    20,
    20,
    19,
    19,
    20,
    20,
    20,
    22,
    24,
    24,
    20,
    14,
    7,
    3,
)
HOURS_OF_OFFICES = (0, 0, 0, 0, 0, 0, 0, 1, 6, 20, 24, 24, 20, 14, 22, 24, 22, 18, 8, 2, 1, 0, 0, 0)
"Calls by the hour of the day, local time, in any unit."


def moment(day: int, hours: tuple[int, ...], rng: random.Random) -> float:
    """Draw when on a day somebody calls, seconds since the epoch."""
    hour = rng.choices(range(24), hours)[0]
    return BEGAN_S + day * DAY_S + hour * 3600 + rng.random() * 3600 - ZONE_S
