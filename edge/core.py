# SPDX-License-Identifier: Apache-2.0
"""THE MAP of the process `core`: taps to verdicts, and what becomes of these, built by hand.

    taps ─► ears ─► judging ─► hand ─┬─► journal (evidence)
                                     └─► teller ─► writer ─► outbox, for `uplink`

Nothing here reaches the hub, checks a signature, or waits for a disk.
"""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from edge import clock, counters
from edge.config import Config
from edge.counting import Numbers
from edge.ear import Beside, Ear, ears_of, hear_all
from edge.errors import RestartAsked
from edge.evidence.journal import Journal
from edge.figures import CoreFigures
from edge.hand import CoreHand
from edge.hint import ACKED, LISTS, MODES, OUTBOX, RESTART, Hints
from edge.judging import Judging, build
from edge.moment import Moments
from edge.places import Places, places_of
from edge.readings import Meter, Recorder
from edge.report import pseudonym
from edge.report.event import Class, Clock, Event
from edge.report.outbox.figures import Figures, OutboxFigures
from edge.report.outbox.quota import Limits
from edge.report.outbox.writer import Hooks, Writer
from edge.report.telling import Hashing, Teller
from edge.service import Notifier
from edge.verdict.guardrail import Alarm

NAME = "core"
TELL_EVERY_S = 1.0
PRUNE_EVERY_S = 3600.0
NS = 1_000_000_000


class House(NamedTuple):
    """What all parts of the process share."""

    config: Config
    places: Places
    moments: Moments
    numbers: Numbers
    hints: Hints
    journal: Journal
    stack: ExitStack
    "Closes all that is opened, the last first."


class Told(NamedTuple):
    """How the hub is told, where there is one."""

    writer: Writer
    teller: Teller


class Core(NamedTuple):
    """All parts of the process."""

    judging: Judging
    ears: list[Ear]
    hand: CoreHand
    beside: list[Beside]


async def run_core(config: Config, notify: Notifier) -> bool:
    """Run until all taps have ended or we are told to stop; whether nothing was lost below them.

    Raises `RestartAsked` where it is to begin anew.
    """
    with ExitStack() as stack:
        core = build_core(config, stack)
        try:
            await hear_all(core.ears, notify, core.beside, core.judging.watch.look_now)
        finally:
            core.hand.close(core.judging.pipeline, core.ears)
        return not any(ear.lost for ear in core.ears)


def build_core(config: Config, stack: ExitStack) -> Core:
    """Build everything, within the running loop. Raises `ConfigError`, `ListError`, `InputError`.

    What is opened is given to `stack`.
    """
    places, moments, numbers = places_of(config), Moments(), Numbers()
    journal = Journal(places.evidence)
    hints = Hints(places.run, NAME)
    stack.callback(hints.close)
    house = House(config, places, moments, numbers, hints, journal, stack)
    told = tell(house) if config.hub.brokers else None
    hand = CoreHand(journal, told.teller if told else None, numbers)
    judging = build(config, hand.alarm)
    for damage in journal.damage:
        hand.alarm(Alarm("evidence-damaged", "", clock.now_ns(), damage))
    judging.modes.first(clock.now_ns())
    ears = ears_of(config.tap, judging.pipeline, hand.take, config.trunk)
    figures: list[Figures] = [CoreFigures(numbers, judging.pipeline, ears, journal)]
    if told:
        figures.append(OutboxFigures(numbers, told.writer, moments.now))
    return Core(judging, ears, hand, beside(house, judging, told, figures))


def tell(house: House) -> Told:
    """Build what tells the hub: events, on disk in groups, each group hinted at."""
    report, places = house.config.report, house.places
    took = house.numbers[counters.OUTBOX_COMMIT_SECONDS].of()

    def alarm(name: str, text: str) -> None:
        if text:  # what is over is seen by its number
            fields: dict[str, object] = {"name": name, "trunk": "", "text": text}
            writer.put(Event(Class.AUDIT, "alarm", house.moments.now(), fields))

    def sync() -> None:
        if not house.journal.sync():
            raise OSError("evidence is not on disk yet")

    hooks = Hooks(
        before_commit=sync,
        committed=lambda: house.hints.give("uplink", OUTBOX),
        took=took.observe,
        alarm=alarm,
    )
    limits = Limits(report.octets_each, archive_days=report.archive_days)
    writer = Writer(places.outbox(NAME), limits, places.acked, hooks)
    house.stack.callback(writer.close)
    hashing = None
    if report.calls:
        pseudonyms = pseudonym.load(places.identity)
        hashing = Hashing(pseudonyms.of, pseudonyms.key_id)
    teller = Teller(writer.put, house.moments.of, hashing, house.config.calls.max)
    return Told(writer, teller)


def beside(
    house: House, judging: Judging, told: Told | None, figures: list[Figures]
) -> list[Beside]:
    """Return what goes on beside the ears."""
    ended = asyncio.Event()
    house.hints.hear({
        LISTS: judging.watch.look_now,
        MODES: judging.modes.look_now,
        RESTART: ended.set,
        ACKED: told.writer.acked if told else lambda: None,
    })  # fmt: skip

    def look() -> None:
        for each in figures:
            each.look()

    async def begin_anew() -> None:
        await ended.wait()
        raise RestartAsked("a restart was asked for")

    async def tell_time() -> None:
        pruned_s = -PRUNE_EVERY_S
        while True:
            if told:
                told.teller.pass_time(clock.now_ns(), house.numbers.flat)
            if clock.monotonic_s() - pruned_s >= PRUNE_EVERY_S:
                pruned_s = clock.monotonic_s()
                await asyncio.to_thread(prune, house)
            await asyncio.sleep(TELL_EVERY_S)

    meter = Meter(NAME, house.numbers, house.moments, look)
    recorder = Recorder(house.places.run, meter)
    return [
        judging.watch.forever, judging.modes.forever, recorder.forever, begin_anew, tell_time,
    ]  # fmt: skip


def prune(house: House) -> None:
    """Let go of evidence older than it is to be kept, by a clock that can be believed."""
    now = house.moments.now()
    if now.clock is Clock.SYNCED:
        days = timedelta(days=house.config.report.evidence_days)
        before = datetime.fromtimestamp(now.at / NS, UTC).date() - days
        house.journal.prune(before.isoformat())
