# SPDX-License-Identifier: Apache-2.0
"""Everybody's calls, mixed: honest people, listed fraudsters, spoofed numbers, and one for help."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from hil.region import sipp
from hil.region.e1 import Exchange, Life
from hil.region.tables import DIVERTED, HELP, LISTED, PHONE, SPOOFED
from hil.region.world import Program, Region

ROWS = 500
"Of the table of callers, after which it begins anew."
SHARES = {"honest": 84, "listed": 7, "spoofed": 5, "diverted": 2, "help": 2}
"Of a hundred calls."
CIRCUITS = range(1, 16)
E1_APART_S = 3.0
FOREVER = 2_000_000_000


def who(kind: str, chance: random.Random) -> tuple[str, str]:
    """Return who calls whom, in a call of that kind."""
    phone = f"{PHONE[:-2]}{chance.randrange(100):02}"
    match kind:
        case "listed":
            return LISTED, phone
        case "spoofed":
            return f"{SPOOFED[:-1]}{chance.randrange(10)}", phone
        case "diverted":
            return DIVERTED, phone
        case "help":
            return LISTED, HELP
        case _:
            return f"+4477009002{chance.randrange(100):02}", phone


def mixed(count: int = ROWS, seed: int = 1) -> list[tuple[str, str]]:
    """Return who calls whom, one after the other."""
    chance = random.Random(seed)  # noqa: S311 - traffic, no secret
    kinds = chance.choices(list(SHARES), list(SHARES.values()), k=count)
    return [who(kind, chance) for kind in kinds]


def begin(
    region: Region, rate: float, lasts_ms: int = 2000, count: int = FOREVER, *, second: bool = False
) -> Program:
    """Have `rate` calls a second begin, until so many were made or the program is ended."""
    seed = 1 + second
    callers = sipp.table(region.folder / f"callers-{seed}.csv", mixed(seed=seed))
    often = ("-r", str(max(round(rate * 10), 1)), "-rp", "10000", "-m", str(count))
    more = (*often, "-inf", str(callers))
    return region.calls(sipp.anybody(region.folder, lasts_ms), "", second=second, more=more)


@contextmanager
def on_e1(exchange: Exchange, apart_s: float = E1_APART_S, seed: int = 1) -> Iterator[None]:
    """Have calls begin on the circuits of an exchange, one after the other."""
    over = Event()

    def calls() -> None:
        chance, n = random.Random(seed), 0  # noqa: S311 - as above
        while not over.wait(apart_s):
            kind = chance.choice(("honest", "honest", "honest", "listed"))
            calling, called = who(kind, chance)
            exchange.call(calling[1:], called, CIRCUITS[n % len(CIRCUITS)], Life(talks_s=2.0))
            n += 1

    thread = Thread(target=calls, name="e1 calls", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
