# SPDX-License-Identifier: Apache-2.0
"""Runs what `edge.uplink` builds: all parts in one task group, and what is done each second.

At its end, when it is told to stop, it gives the hub a moment to take what still waits.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

from edge import clock, config as config_file
from edge.box.decommission import refuse
from edge.config import Config
from edge.counting import Numbers
from edge.errors import ConfigError, DriverLost, RestartAsked, mendable
from edge.evidence.exports import Exports
from edge.places import places_of
from edge.process.hint import OUTBOX, REQUESTS, RESTART, Hints
from edge.process.service import Notifier, Vigil, signals, watchdog_s
from edge.report.command.register import Register
from edge.report.command.trial import usable_config
from edge.report.event import Clock
from edge.report.hub.figures import HubFigures
from edge.report.lists.figures import ListFigures
from edge.report.outbox.figures import Figures, OutboxFigures
from edge.seen.readings import Meter, Recorder, read
from edge.uplink import Uplink, build
from edge.uplink_parts import NAME, Start

TICK_S = 1.0
LAST_WORDS_S = 5.0
"How long the end waits for the hub to take what is there, while there is a connection."
LOOK_S = 0.05
QUIET_LOOKS = 6
"With nothing that waits, before it is believed: an event may be on its way to the disk."
ALIVE_S = 5.0
SETTLED_NS = 2 * 1_000_000_000
"Since `core` wrote its numbers, which it does each second."
PRUNE_EVERY_S = 3600.0
UNPRUNED = "acts-not-pruned"
NS = 1_000_000_000


class Begun(NamedTuple):
    """What the process begins with."""

    config: Config
    register: Register
    tried: bool
    "Whether a configuration was on trial: then `core` may run with another one than this."


def begin(path: Path) -> Begun:
    """Return the configuration to run with, and the register. Raises `ConfigError`.

    One on trial that cannot be read gives way to the one before it.
    """
    try:
        found = config_file.load(path)
    except ConfigError:
        before = path.with_name(path.name + ".before")
        if not before.exists():
            raise
        found = config_file.load(before)
    refuse(found.node.state_dir)
    register = Register(places_of(found).register, clock.now_ns() // NS)
    tried = register.trial() is not None
    return Begun(usable_config(path, register), register, tried)


async def run_uplink(path: Path, notify: Notifier) -> None:
    """Run until we are told to stop. Raises `RestartAsked` where it is to begin anew."""
    with ExitStack() as stack:
        config, register, tried = begin(path)
        stack.callback(register.close)
        places = places_of(config)
        hints = Hints(places.run, NAME)
        stack.callback(hints.close)
        anew = asyncio.Event()
        numbers = Numbers()
        uplink = build(Start(path, config, places, register, hints, numbers, stack, anew.set))
        hints.hear({
            OUTBOX: uplink.spoken.link.news, REQUESTS: uplink.requests.look_now, RESTART: anew.set,
        })  # fmt: skip
        upkeep = Upkeep(uplink, config, numbers, partial(hints.give, "core", RESTART))
        if tried:
            hints.give("core", RESTART)
        running = asyncio.ensure_future(upkeep.run(anew, notify))  # noqa: TID251 - awaited below
        with signals(stop=upkeep.stop, reload=lambda: None):
            notify.ready()
            await running
        notify.stopping()


class Upkeep:
    """The running process."""

    def __init__(
        self, uplink: Uplink, config: Config, numbers: Numbers, restart_core: Callable[[], object]
    ) -> None:
        """Run these parts."""
        self._uplink = uplink
        self._config = config
        self._restart_core = restart_core
        self._run_folder = places_of(config).run
        self._exports = Exports(places_of(config).exports)
        self._stop = asyncio.Event()
        self._began_ns = uplink.kept.moments.now().mono
        "What `core` wrote by then, or just after it, it may have written before a trial."
        self._greeted = 0
        "The connection on which the hub was last seen to be there."
        self._pruned_s = -PRUNE_EVERY_S
        self._figures = _figures(uplink, numbers)
        meter = Meter(NAME, numbers, uplink.kept.moments, self._look)
        self._recorder = Recorder(self._run_folder, meter)

    def _look(self) -> None:
        for figures in self._figures:
            figures.look()

    def stop(self) -> None:
        """End in good order."""
        self._stop.set()

    async def run(self, anew: asyncio.Event, notify: Notifier) -> None:
        """Run everything until told to stop. Raises `RestartAsked`, or what ends a part."""
        with mendable():
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_run(work)) for work in self._works(anew, notify)]
                await self._stop.wait()
                await self._uplink.signatures.finish()
                await self._last_words()
                await self._uplink.signatures.look()  # what the hub has signed meanwhile
                for task in tasks:
                    task.cancel()

    def _works(self, anew: asyncio.Event, notify: Notifier) -> list[Callable[[], Awaitable[None]]]:
        uplink = self._uplink

        vigil = Vigil(notify, watchdog_s(), [uplink.kept.writer.trouble], self._line)

        def all_anew() -> None:
            self._restart_core()
            anew.set()

        works: list[Callable[[], Awaitable[None]]] = [
            uplink.spoken.session.forever,
            uplink.kept.progress.forever,
            uplink.signatures.forever,
            self._recorder.forever,
            uplink.requests.forever,
            lambda: self._tick(vigil),
            lambda: uplink.trial.watch(all_anew),
            lambda: _begin_anew(anew),
        ]
        if uplink.follow:
            works.append(uplink.follow.forever)
        if uplink.roam:
            works.append(uplink.roam.forever)
        if uplink.firmware:
            works.append(uplink.firmware.forever)
        return works

    async def _last_words(self) -> None:
        """Wait until the hub has all there is, for a moment, if it is there at all."""
        spoken = self._uplink.spoken
        until_s, quiet = clock.monotonic_s() + LAST_WORDS_S, 0
        while spoken.session.broker and clock.monotonic_s() < until_s and quiet < QUIET_LOOKS:
            spoken.link.news()
            waits = self._uplink.kept.writer.queued or any(spoken.standing.queued().values())
            quiet = 0 if waits else quiet + 1
            await asyncio.sleep(LOOK_S)

    def _line(self) -> str:
        """Return how the process stands, for whoever asks `systemctl status`."""
        session, waits = self._uplink.spoken.session, self._uplink.spoken.standing.queued()
        hub = f"at {session.broker}" if session.broker else f"no hub: {session.error or 'not yet'}"
        return f"{hub}, {sum(waits.values())} events wait for it"

    async def _tick(self, vigil: Vigil) -> None:
        """See each second what has changed around us; it is this that feeds the watchdog."""
        while True:
            await self._greet()
            await self._renew()
            self._uplink.kept.alarms.follow("hub", self._uplink.spoken.drain.alarms)
            await self._prune()
            vigil.tick(clock.monotonic_s())
            vigil.show()
            await asyncio.sleep(TICK_S)

    async def _greet(self) -> None:
        """On each connection, once: the hub is there, ask for lists and tell what was missed."""
        session, link = self._uplink.spoken.session, self._uplink.spoken.link
        if not session.broker:
            if self._greeted and self._uplink.follow:
                self._uplink.follow.lost(session.error or "the connection has ended")
            self._greeted = 0
            return
        if self._greeted == session.connects or not (link.hub and link.hub.online):
            return
        if self._uplink.trial.runs and not self._core_lives():
            return  # a configuration with which no call is heard has not won
        self._greeted = session.connects
        if self._uplink.follow:
            self._uplink.follow.connected()
        if self._uplink.answers:
            try:
                await self._uplink.answers.reached()
            except DriverLost:
                self._greeted = 0

    def _core_lives(self) -> bool:
        """Whether `core` runs, and still did a while after we asked it to start anew."""
        core = read(self._run_folder).get("core")
        if core is None or core.mono < self._began_ns + SETTLED_NS:
            return False
        return core.age_s(self._uplink.kept.moments) < ALIVE_S

    async def _renew(self) -> None:
        """Ask for the next certificates, ours and the page's, in good time, once the hub hears."""
        spoken = self._uplink.spoken
        if not (spoken.session.broker and spoken.link.hub and spoken.link.hub.online):
            return
        for renewal in (self._uplink.renewal, self._uplink.page):
            asked = renewal and renewal.due(clock.now_ns() // NS, clock.monotonic_s())
            if asked:
                with suppress(DriverLost):
                    await spoken.link.send(asked)

    async def _prune(self) -> None:
        """Let go of old acts and of what was handed out, by a clock that can be believed."""
        now_s, moment = clock.monotonic_s(), self._uplink.kept.moments.now()
        if now_s - self._pruned_s < PRUNE_EVERY_S or moment.clock is not Clock.SYNCED:
            return
        self._pruned_s = now_s
        today = datetime.fromtimestamp(moment.at / NS, UTC).date()
        before = today - timedelta(days=self._config.report.evidence_days)
        kept, why = self._uplink.kept, ""
        try:
            await asyncio.to_thread(kept.minutes.prune, before.isoformat())
            await asyncio.to_thread(self._exports.prune, moment.at // NS)
        except OSError as refusal:
            why = f"they stay, and it is tried again in an hour: {refusal}"
        kept.alarms.stand(UNPRUNED, why)


def _figures(uplink: Uplink, numbers: Numbers) -> list[Figures]:
    kept, spoken = uplink.kept, uplink.spoken
    found: list[Figures] = [
        OutboxFigures(numbers, kept.writer, kept.moments.now),
        HubFigures(numbers, spoken.session, spoken.link, spoken.drain),
    ]
    if uplink.follow:
        found.append(ListFigures(numbers, uplink.follow))
    return found


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def _begin_anew(asked: asyncio.Event) -> None:
    await asked.wait()
    raise RestartAsked("a restart was asked for")
