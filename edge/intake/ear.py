# SPDX-License-Identifier: Apache-2.0
"""Hears the taps: one ear a tap, each under a supervisor, all in one task group."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import structlog

from edge import clock, plugins
from edge.errors import mendable
from edge.intake.blind import BlindSpots
from edge.model.unit import Unit
from edge.pipeline import Finding, Pipeline
from edge.ports import Losses, Tap, Trait
from edge.process.garbage import held_back, look_shortly
from edge.process.service import Notifier, Trouble, Vigil, signals, watchdog_s
from edge.process.supervise import Backoff, Presence, Supervised
from edge.process.turns import short_turns
from edge.settings.keys import Part, TrunkTable

Hand = Callable[[Unit, list[Finding]], None]
"Takes what came of a unit: prints, keeps evidence, later orders and reports."

Beside = Callable[[], Awaitable[None]]
"Work that goes on beside the ears and ends with them: it watches lists, modes, hints."

AGAIN = Backoff(most_s=2.0)
"A tap that is away is deaf: looked for often, as nobody is disturbed by it."

LOOK_EVERY_S = 1.0
"How often time is let pass where nothing is heard."

DEAF_AFTER_S = 20.0
"A tap that hears nothing while units are lost below it, for so long, hangs."

AT_ONCE = 8
"Units of a live tap that are followed before others have their turn: a switch that asks waits."


class Pulse(NamedTuple):
    """How the work beside the ears goes on."""

    troubles: tuple[Trouble, ...] = ()
    line: Callable[[], str] = lambda: ""
    "How all of it stands, in a line for people."


class Ear:
    """One tap, opened anew by its supervisor whenever the device was lost."""

    def __init__(
        self, name: str, part: Part, pipeline: Pipeline, hand: Hand, trunks: tuple[str, ...] = ()
    ) -> None:
        """Prepare to hear; `hand` is given what comes of every unit, `trunks` are heard here."""
        self.name = name
        self.there = Presence(f"tap {name}")
        self.heard = 0
        self._lost: Counter[str] = Counter()
        "Below all openings of the tap but the last ..."
        self._lost_now: Counter[str] = Counter()
        "... and below the last."
        self._part = part
        self._pipeline = pipeline
        self._hand = hand
        self._blind = BlindSpots(name, trunks)
        self._last: Unit | None = None
        self._live = False
        self._tap: Tap | None = None
        self._hearing = (0, 0)
        "Heard, and lost below, when that was last looked at."
        self._deaf_s: tuple[float, float] | None = None
        "First and last time that units were lost since one was heard."

    @property
    def lost(self) -> dict[str, int]:
        """Return what was lost below the tap, by cause, however often it was opened."""
        return dict(self._lost + self._lost_now)

    @property
    def is_open(self) -> bool:
        """Whether the tap is there."""
        return self._tap is not None

    def hangs(self, now_s: float) -> str:
        """Say why the tap is deaf while its device is not; empty where it hears.

        A quiet trunk is no hung tap: what tells them apart is that units are lost below it.
        """
        before, since = self._hearing, self._deaf_s
        heard, lost = self.heard, self._tap.lost().total if self._tap else 0
        self._hearing = heard, lost
        if self._tap is None or heard != before[0]:
            self._deaf_s = None
        elif lost > before[1]:
            self._deaf_s = (since[0] if since else now_s, now_s)
        if self._deaf_s and self._deaf_s[1] - self._deaf_s[0] >= DEAF_AFTER_S:
            return f"tap {self.name} hears nothing, and units are lost below it"
        return ""

    async def hear(self, tick: Callable[[], None]) -> None:
        """Hear until the tap ends. Raises `DriverLost` if its device goes away."""
        driver = plugins.load("taps", self._part.driver)
        self._live = driver.trait is Trait.LIVE
        with self.there.noted():
            tap = self._tap = await driver.open(self.name, self._part.settings)
        self.there.back()
        if self._live:
            structlog.get_logger("core").info("open", tap=self.name, driver=self._part.driver)
        try:
            with self.there.noted():
                while units := await tap.read():
                    await self._follow(units, tap.lost(), tick)
            if self._last:
                self._wait_over(self._last, self._last.at, self._pipeline.finish)
        finally:
            self._tap = None
            await tap.close()
            self._end(tap.lost())

    def pass_time(self) -> None:
        """Let time pass where nothing is heard; a capture has its own time."""
        if self._live and self._last:
            self._wait_over(self._last, clock.now_ns(), self._pipeline.pass_time)

    def _wait_over(self, last: Unit, at: int, give_up: Callable[[int], list[Finding]]) -> None:
        """Follow what nothing more is heard of `at` a time; say what of it is a loss."""
        self._hand(last, give_up(at))
        self._say(last, at, self._pipeline.newly_lost())

    async def _follow(self, units: Sequence[Unit], lost: Losses, tick: Callable[[], None]) -> None:
        """Follow units that were read together, and let others have their turn in between.

        Who is told to stop meanwhile has read them, and follows them to the last.
        """
        most = AT_ONCE if self._live else len(units)
        for at in range(0, len(units), most):
            if at:
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError:
                    self._batch(units[at:], lost)
                    raise
            self._batch(units[at : at + most], lost)
            tick()

    def _batch(self, units: Sequence[Unit], lost: Losses) -> None:
        """Follow units that were read together; say what was lost below them and within them."""
        now = clock.now_ns() if self._live else 0
        for unit in units:
            self._hand(unit, self._pipeline.hear(unit, now or unit.at))
        self.heard += len(units)
        self._last = units[-1]
        self._say(self._last, self._last.at, self._grown(lost) + self._pipeline.newly_lost())

    def _say(self, last: Unit, at: int, lost: Counter[str]) -> None:
        """Say what was lost, and what could not be said a moment ago."""
        if said := self._blind.grow(at, lost):
            self._hand(last, [*said])

    def _grown(self, lost: Losses) -> Counter[str]:
        """Return what was lost below the tap since the last look."""
        before, self._lost_now = self._lost_now, Counter(dict(lost.by_cause))
        return self._lost_now - before

    def _end(self, lost: Losses) -> None:
        """Say the rest of the losses; the tap may be opened again and count from zero."""
        grown = self._grown(lost)
        if self._last:
            at = self._last.at
            self._hand(self._last, [*self._blind.grow(at, grown), *self._blind.rest(at)])
        self._lost, self._lost_now = self._lost + self._lost_now, Counter()


def ears_of(
    taps: Mapping[str, Part],
    pipeline: Pipeline,
    hand: Hand,
    trunks: Mapping[str, TrunkTable] | None = None,
) -> list[Ear]:
    """Return an ear for every tap that the configuration names."""
    return [
        Ear(name, part, pipeline, hand, _trunks_of(name, trunks or {}))
        for name, part in taps.items()
    ]


def _trunks_of(tap: str, trunks: Mapping[str, TrunkTable]) -> tuple[str, ...]:
    """Return the trunks that a tap hears; one that names no tap is heard by all."""
    return tuple(name for name, trunk in trunks.items() if not trunk.taps or tap in trunk.taps)


async def hear_all(
    ears: Sequence[Ear],
    notify: Notifier,
    beside: Sequence[Beside] = (),
    reload: Callable[[], object] = lambda: None,
    pulse: Pulse = Pulse(),  # noqa: B008 - frozen
) -> None:
    """Hear every tap until all have ended or we are told to stop.

    One tap that is lost is opened again; the others go on meanwhile. `reload` answers SIGHUP.
    """
    troubles = [*pulse.troubles, *(ear.hangs for ear in ears)]
    vigil = Vigil(notify, watchdog_s(), troubles, pulse.line)
    hearing = asyncio.ensure_future(_all(ears, vigil, beside))  # noqa: TID251 - awaited below
    with held_back(), short_turns(), signals(stop=hearing.cancel, reload=reload):
        notify.ready()
        try:
            await hearing
        except asyncio.CancelledError:
            notify.stopping()


async def _all(ears: Sequence[Ear], vigil: Vigil, beside: Sequence[Beside]) -> None:
    def tick() -> None:
        vigil.tick(clock.monotonic_s())

    with mendable():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_pass_time(ears, vigil), name="time")]
            tasks += [group.create_task(look_shortly(), name="garbage")]
            tasks += [group.create_task(_run(work)) for work in beside]
            await _each(ears, tick)
            for task in tasks:
                task.cancel()


async def _run(work: Beside) -> None:
    await work()


async def _each(ears: Sequence[Ear], tick: Callable[[], None]) -> None:
    async with asyncio.TaskGroup() as group:
        for ear in ears:
            part = Supervised(ear.name, partial(ear.hear, tick), AGAIN)
            group.create_task(part.forever(), name=ear.name)


async def _pass_time(ears: Sequence[Ear], vigil: Vigil) -> None:
    """Let time pass where nothing is heard: pieces are given up, silent calls ended.

    It is work as well, and feeds the watchdog: a trunk that is quiet at night is no hung process.
    """
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        for ear in ears:
            ear.pass_time()
        vigil.tick(clock.monotonic_s())
        vigil.show()
