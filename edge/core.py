# SPDX-License-Identifier: Apache-2.0
"""THE MAP of the process `core`: taps to verdicts, and what becomes of these, built by hand.

    taps ─► ears ──┐               ┌─► journal (evidence)
                   ├─► judging ─► hand ─► teller ─► writer ─► outbox, for `uplink`
    gates ◄─► asked┘               └─► stopping ─► posts ─► enforcers ─► switches

Nothing here reaches the hub, checks a signature, or waits for a disk.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

import structlog

from edge import clock, counters
from edge.config import Config
from edge.counting import Numbers
from edge.enforce.answer import Answers
from edge.enforce.cap import Cap
from edge.enforce.post import Post
from edge.errors import RestartAsked
from edge.evidence.journal import Journal
from edge.hand import CoreHand
from edge.intake.absence import Absences
from edge.intake.ear import Beside, Ear, Pulse, ears_of, hear_all
from edge.intake.gatehouse import Gatehouse
from edge.judging import Judging, build
from edge.keeping import let_go, sync_alone
from edge.moment import Moments
from edge.origin.suspects import Suspects, Tell, suspects_of
from edge.places import Places, places_of
from edge.process.heap import map_large_blocks
from edge.process.hint import ACKED, LISTS, MODES, OUTBOX, RESTART, Hints
from edge.process.service import Notifier, Trouble, credentials, halting
from edge.report import pseudonym
from edge.report.event import Class, Event
from edge.report.outbox.figures import Figures, OutboxFigures
from edge.report.outbox.quota import Limits
from edge.report.outbox.writer import Hooks, Writer
from edge.report.telling import Hashing, Teller
from edge.report.untold import untold
from edge.roaming import RoamingFigures, roamers_of
from edge.seen.figures import CoreFigures, DetectFigures, LoadedFigures, StopFigures
from edge.seen.readings import Meter, Recorder
from edge.seen.recent import Recent
from edge.stopping import Ends, Stopping, Times, Way
from edge.verdict.guardrail import Alarm
from edge.verdict.spoof import not_known

NAME = "core"
TELL_EVERY_S = 1.0
SETTLE_EVERY_S = 0.1
MISS_EVERY_S = 1.0
COMPACT_EVERY_S = 20.0
COMPACT_APART_S = 0.1
NS = 1_000_000_000
MS = 1_000_000


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
    gates: list[Gatehouse]
    posts: list[Post]
    beside: list[Beside]
    pulse: Pulse


async def run_core(config: Config, notify: Notifier) -> bool:
    """Run until all taps have ended or we are told to stop; whether nothing was lost below them.

    Raises `RestartAsked` where it is to begin anew.
    """
    map_large_blocks()
    with ExitStack() as stack:
        core = build_core(config, stack)
        try:
            reload = core.judging.watch.look_now
            await hear_all(core.ears, notify, core.beside, reload, core.pulse)
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
    roamers = roamers_of(config, places.run)
    hand.suspects = suspect(house, told, hand.alarm)
    judging = build(config, hand.alarm, roamers or not_known, hand.suspects)
    posts = stop(house, judging, hand)
    gates = [
        Gatehouse(name, part, partial(judging.asked.decide, take=hand.asked))
        for name, part in config.gate.items()
    ]
    for damage in journal.damage:
        hand.alarm(Alarm("evidence-damaged", "", clock.now_ns(), damage))
    judging.modes.first(clock.now_ns())
    stack.enter_context(halting(lambda: judging.modes.stop_now(clock.now_ns())))
    ears = ears_of(config.tap, judging.pipeline, hand.take, config.trunk)
    figures: list[Figures] = [
        CoreFigures(numbers, judging.pipeline, ears, journal),
        StopFigures(numbers, hand.stopping, (*gates, *posts)),
        LoadedFigures(numbers, judging.watch),
    ]
    if told:
        figures.append(OutboxFigures(numbers, told.writer, moments.now))
    others = beside(house, judging, told, figures, hand)
    ways: list[Gatehouse | Post] = [*gates, *posts]
    others += [*(way.forever for way in ways), partial(miss, hand, ears, ways)]
    if roamers:
        stack.callback(roamers.close)
        roamers.known = partial(hand.known, judge=judging.engine)
        figures.append(RoamingFigures(numbers, roamers))
        others.append(roamers.forever)
    return Core(judging, ears, hand, gates, posts, others, pulse_of(judging, ears, ways, told))


def pulse_of(
    judging: Judging, ears: list[Ear], ways: list[Gatehouse | Post], told: Told | None
) -> Pulse:
    """Return what systemd is told of the process."""
    troubles: tuple[Trouble, ...] = (told.writer.trouble,) if told else ()
    return Pulse(troubles, partial(standing, judging, ears, ways, told))


def standing(
    judging: Judging, ears: list[Ear], ways: list[Gatehouse | Post], told: Told | None
) -> str:
    """Return how the process stands, for whoever asks `systemctl status`."""
    deaf = [ear.name for ear in ears if not ear.is_open]
    away = [way.name for way in ways if way.part.lost]
    said = [f"{len(ears) - len(deaf)} of {len(ears)} taps hear"]
    said += [f"not {', '.join(deaf)}"] if deaf else []
    said += [f"no way to {', '.join(away)}"] if away else []
    said.append(f"{judging.pipeline.tracker.up} calls")
    said.append(f"{judging.engine.policy.entries} entries of lists")
    said += ["ALL TRUNKS ONLY OBSERVED"] if judging.modes.is_stopped else []
    said += [f"{told.writer.queued} events wait for the disk"] if told else []
    return ", ".join(said)


def suspect(house: House, told: Told | None, alarm: Callable[[Alarm], None]) -> Suspects | None:
    """Build what finds out who is behind calls, as it was when the process ended."""
    suspects = suspects_of(house.config, house.places.campaigns)
    if suspects:
        suspects.alarm = alarm
        suspects.tell = Tell(told.writer.put, house.moments.of) if told else None
        suspects.restore()
    return suspects


def watch_suspects(house: House, figures: list[Figures], hand: CoreHand) -> list[Beside]:
    """Have it seen how detection stands; returns what goes on for it beside the ears."""
    if hand.suspects is None:
        return []
    figures.append(DetectFigures(house.numbers, hand.suspects))
    return [hand.suspects.forever]


def keep_recent(house: House, hand: CoreHand) -> list[Beside]:
    """Have the latest calls in a file, if there is a page; returns what goes on for it."""
    if not house.config.page.people:
        return []
    hand.recent = Recent(house.places.run)
    return [hand.recent.forever]


def keep_evidence(house: House, told: Told | None, hand: CoreHand) -> list[Beside]:
    """Have evidence on disk, if no commit of the outbox does, and let go of what is old."""
    days = house.config.report.evidence_days
    old = partial(let_go, house.journal, house.moments.now, days, hand.alarm)
    return [old] if told else [old, partial(sync_alone, house.journal.sync, hand.alarm)]


def stop(house: House, judging: Judging, hand: CoreHand) -> list[Post]:
    """Build what stops calls, and give it to `hand`; returns the ways to switches."""
    config = house.config
    enforce = config.enforce
    times = Times(enforce.deadline_ms * MS, enforce.within_s * NS, enforce.again_s * NS)
    ends = Ends(hand.settle, hand.alarm, judging.engine.enforces, clock.now_ns)
    ways: dict[str, Way] = {}
    stopping = Stopping(Answers(config.answer.terms()), ways, times, ends)
    hand.stop_by(judging.rulings, stopping)
    posts = {
        name: Post(name, part, stopping.told, stopping.may)
        for name, part in config.enforcer.items()
    }
    for name, trunk in config.trunk.items():
        if trunk.gates or trunk.enforcer:
            post = posts[trunk.enforcer] if trunk.enforcer else None
            ways[name] = Way(bool(trunk.gates), post, Cap(trunk.stops_per_min))
    return list(posts.values())


async def settle(hand: CoreHand) -> None:
    """Settle what became of calls, as time passes."""
    while True:
        await asyncio.sleep(SETTLE_EVERY_S)
        hand.stopping.pass_time()


async def miss(hand: CoreHand, ears: list[Ear], ways: list[Gatehouse | Post]) -> None:
    """Say what is away, and what is there again."""
    absences = Absences([*(ear.there for ear in ears), *(way.there for way in ways)])
    while True:
        await asyncio.sleep(MISS_EVERY_S)
        for alarm in absences.look(clock.now_ns()):
            hand.alarm(alarm)


async def compact(judging: Judging, told: Told | None, hand: CoreHand) -> None:
    """Keep the tables of calls small, one after the other: each takes some milliseconds."""
    while True:
        await asyncio.sleep(COMPACT_EVERY_S)
        judging.pipeline.tracker.sip.compact()
        if hand.suspects:
            await asyncio.sleep(COMPACT_APART_S)
            hand.suspects.detector.behaviour.compact()
        if told:
            await asyncio.sleep(COMPACT_APART_S)
            told.teller.compact()


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
    left = untold(places.outbox(NAME), places.evidence)  # before the writer adds to it
    limits = Limits(report.octets_each, archive_days=report.archive_days)
    writer = Writer(places.outbox(NAME), limits, places.acked, hooks)
    writer.start()  # its alarms come back to it
    house.stack.callback(writer.close)
    hashing = None
    if report.calls:
        pseudonyms = pseudonym.load(credentials() or places.identity)
        hashing = Hashing(pseudonyms.of, pseudonyms.key_id)
    teller = Teller(writer.put, house.moments.of, hashing, house.config.calls.max)
    again = sum(map(teller.again, left.records))
    if again:
        structlog.get_logger(NAME).info("told again", records=again)
    if left.more:
        alarm("evidence-untold", f"the hub will not hear of {left.more} records of evidence")
    return Told(writer, teller)


def beside(
    house: House, judging: Judging, told: Told | None, figures: list[Figures], hand: CoreHand
) -> list[Beside]:
    """Return what goes on beside the ears."""
    ended = asyncio.Event()
    others = [
        *watch_suspects(house, figures, hand), *keep_recent(house, hand),
        *keep_evidence(house, told, hand),
    ]  # fmt: skip
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
        while told:
            told.teller.pass_time(clock.now_ns(), house.numbers.flat)
            await asyncio.sleep(TELL_EVERY_S)

    meter = Meter(NAME, house.numbers, house.moments, look)
    recorder = Recorder(house.places.run, meter)
    return [
        judging.watch.forever, judging.modes.forever, recorder.forever, begin_anew, tell_time,
        partial(settle, hand), partial(compact, judging, told, hand), *others,
    ]  # fmt: skip
