# SPDX-License-Identifier: Apache-2.0
"""A week without a hub, then the hub is back: all arrives once, or is told; what is dear first."""

import asyncio
from collections import Counter
from typing import NamedTuple

import pytest

from edge.report.event import LIVE, Class
from edge.report.hub.drain import Pace
from edge.report.outbox.quota import Limits
from tests.sim.box import CORE, UPLINK, Box, Traits
from tests.sim.country import Country, country
from tests.sim.loop import run

DAY_S = 86_400.0
SEED = 7
DEFAULT = Limits(1_024_000_000)
"What each process has where the configuration says nothing."
SMALL = Limits(1 << 20)
EVERY_S = 900.0
AT_ONCE = 30
STEPS = int(7 * DAY_S / EVERY_S)
ALARMS = 30


class Week(NamedTuple):
    """What came of it."""

    figures: Counter[str]
    dear: list[tuple[int, int]]
    "Acts and blocks of each stream: recorded, and in the hub's database."
    told_s: float
    "From the first calm moment until all was told."
    alarms_s: list[float]
    "How long acts and blocks took to the hub's database while the backlog went up."
    ahead_s: float
    "How long the last act or block of the week was there before the first call."


def happen(box: Box) -> None:
    """Have a few things happen at a box, one act and one block among them."""
    for number in range(AT_ONCE):
        cls, octets = (Class.CALL, 300) if number else (Class.BLOCK, 100)
        box.put(box.keepers[CORE], cls, octets)
    box.put(box.keepers[UPLINK], Class.AUDIT, 300)


async def offline(told: Country, box: Box) -> None:
    """Let a week pass; the clock is set back in its midst, and stays so."""
    told.broker.darken(box.name)
    for step in range(STEPS):
        await asyncio.sleep(EVERY_S)
        if step == STEPS // 2:
            box.step_ns = -20 * 365 * 86_400 * 10**9
        happen(box)
    told.broker.lighten(box.name)


async def alarm(told: Country, box: Box) -> set[tuple[str, int]]:
    """Have acts and blocks happen while the backlog goes up; return what was recorded of them."""
    await told.until(lambda: box.drain is not None and bool(box.drain.gate.online))
    await asyncio.sleep(10)
    before = {key for book in box.books.values() for key in book.at_s}
    for _ in range(ALARMS):
        box.put(box.keepers[CORE], Class.BLOCK, 300)
        box.put(box.keepers[UPLINK], Class.AUDIT, 300)
        await asyncio.sleep(0.5)
    assert box.keepers[CORE].waiting > 100, "the backlog was gone before"
    return {key for book in box.books.values() for key in book.at_s} - before


def spent(limits: Limits, kbit: int) -> Week:
    """Spend a week, and look at what came of it."""
    with country(SEED) as told:
        box = told.add_box("astana-1", Traits(limits, Pace(kbit=kbit), deaf=0.0, most=0))
        live: set[tuple[str, int]] = set()

        async def trouble(_told: Country) -> None:
            await offline(told, box)
            live.update(await alarm(told, box))

        run(told.live(trouble))
        there = told.hub.desk.committed_s
        kept = {key: at_s for book in box.books.values() for key, at_s in book.at_s.items()}
        dear = [
            (len(book.kept[stream]), len(told.truth.events(box.name, stream)))
            for book in box.books.values()
            for cls, stream in book.streams.items()
            if cls in LIVE
        ]
        last_s = max(at_s for key, at_s in there.items() if key not in live)
        return Week(
            told.figures(),
            dear,
            told.told_s,
            sorted(there[key] - kept[key] for key in live),
            told.hub.desk.backlog_s - last_s,
        )


@pytest.mark.long
@pytest.mark.parametrize(
    ("limits", "kbit"), [(DEFAULT, 256), (SMALL, 16)], ids=["default", "small"]
)
def test_after_a_week_all_is_there_or_told_and_alarms_go_first(limits: Limits, kbit: int) -> None:
    week = spent(limits, kbit)
    happened = STEPS * (AT_ONCE + 1) + 2 * ALARMS
    assert week.figures["kept"] + week.figures["lost"] == happened
    assert week.dear == [(STEPS + ALARMS, STEPS + ALARMS)] * 2
    if limits is DEFAULT:
        assert week.figures["gaps"] == 0
        assert week.figures["events"] == happened
    else:
        assert week.figures["gaps"] > 0
        assert week.figures["events"] < happened / 3
    assert week.told_s < 3600
    assert len(week.alarms_s) == 2 * ALARMS
    assert week.alarms_s[-1] < 1.0, week.alarms_s[-5:]
    assert week.ahead_s > 0
