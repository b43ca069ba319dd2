# SPDX-License-Identifier: Apache-2.0
"""The hour itself: looks at everything each second, has faults happen when they are due."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from threading import Event
from typing import NamedTuple

from edge import clock
from edge.evidence.checkpoint import beside, read_kept
from edge.evidence.merkle import WIDTH
from edge.evidence.shelf import read_leaves
from hil.bench.measure import BACK_AFTER, Run, Scenario
from hil.hour.balance import Count
from hil.hour.chart import Stripe
from hil.hour.faults import FAULTS
from hil.hour.flat import Sample, sample
from hil.hour.house import House, port_frames
from hil.hour.play import counted
from hil.hour.schedule import Slot
from hil.hour.wire import SETTLES_NS, Wire
from hil.scenarios import look

NS = 10**9
EVERY_S, WIRE_EVERY_S = 1.0, 10.0
LOOKS = 240
"At each process, in the whole time: more than a picture shows."
QUIET_S = 8.0
"After the last call was begun, until its frames are counted and its outcome is settled."
CATCH_UP_S, SIGNED_S = 180.0, 150.0
"Most that the hub may be behind at the end; a checkpoint is signed within a minute."


class Moment(NamedTuple):
    """How it stands, for people who look on."""

    at_s: float
    calls: int
    a_second: float
    refused: int
    memory_mb: float
    "Of `core`."
    now: str
    "What is the matter."


class Under(NamedTuple):
    """A fault that happens, or did and is not well again."""

    slot: Slot
    run: Scenario
    began_s: float
    stack: ExitStack


class Hour:
    """One hour, or as long as is wanted."""

    def __init__(
        self, house: House, slots: Iterable[Slot], total_s: float, run: Run,
        tell: Callable[[Moment], None],
    ) -> None:  # fmt: skip
        """Prepare; `tell` is called every ten seconds."""
        self.house = house
        self.total_s = total_s
        self.samples: list[Sample] = []
        self.counts: list[Count] = []
        self.rates: list[tuple[float, float]] = []
        self.stripes: list[Stripe] = []
        self.wire = Wire()
        self.deaths_s: list[float] = []
        "When `core` was found dead, since the epoch."
        self.lasted_s = 0.0
        "Of the traffic."
        self._due = list(slots)
        self._run = run
        self._tell = tell
        self._under: Under | None = None
        self._ill: list[tuple[Under, float]] = []
        "Faults that are over, since when, and all is not well yet."
        self._began_s = clock.monotonic_s()
        self._next_s = {"sample": 0.0, "wire": WIRE_EVERY_S}
        self._made = (0.0, 0)

    @property
    def at_s(self) -> float:
        """Time since it began."""
        return clock.monotonic_s() - self._began_s

    def go(self) -> None:
        """Have it all happen, until the time is over or Ctrl-C."""
        try:
            with self.house.traffic():
                while self.at_s < self.total_s:
                    self._tick()
        finally:
            self.lasted_s, self.wire.over_ns = self.at_s, look.now_ns()
            self._due.clear()
            if self._under:
                self._end(self._under)

    def settle(self) -> None:
        """Let what was begun come to its end, at the box and at the hub."""
        hub, state = self.house.hub, self.house.state
        quiet_s = self.at_s + QUIET_S
        self._until(lambda: self.at_s > quiet_s, 2 * QUIET_S)
        self.wire.take(self.house.region.watcher.calls(), look.now_ns() + SETTLES_NS)
        self._until(lambda: self._is_all_told() and not look.balance(hub).lost, CATCH_UP_S)
        size = len(read_leaves(state / "evidence")) // WIDTH
        self._until(lambda: _cosigned(self.house) >= size, SIGNED_S)
        for under, _ in self._ill:
            self._judge(under, None)

    def made(self) -> int:
        """Return how many calls were begun, by all senders."""
        played = sum(counted(self.house.counts).calls.values())
        circuits = sum(self.house.exchange.counts().values())
        return played + circuits + self.wire.kinds.total()

    def _is_all_told(self) -> bool:
        told = (
            self.house.is_fresh(name) and not self.house.value(name, "qalqan_outbox_events")
            for name in ("core", "uplink")
        )  # fmt: skip
        return all(told)

    def _until(self, there: Callable[[], bool], within_s: float) -> None:
        """Go on looking until something is so, but no longer than this."""
        end_s = self.at_s + within_s
        while self.at_s < end_s:
            self._tick()
            if there():
                return

    def _tick(self) -> None:
        began_s = self.at_s
        deaths = self.house.services["core"].deaths
        self.house.tend()
        if self.house.services["core"].deaths > deaths:
            self.deaths_s.append(clock.now_ns() / NS)
        self._count()
        if began_s >= self._next_s["sample"]:
            self._next_s["sample"] = began_s + max(self.total_s / LOOKS, 2 * EVERY_S)
            up = {"core": int(self.house.value("core", "qalqan_calls_up"))}
            pids = self.house.pids().items()
            found = (sample(began_s, name, pid, up.get(name, 0)) for name, pid in pids)
            self.samples += [one for one in found if one]
        if began_s >= self._next_s["wire"]:
            self._next_s["wire"] = began_s + WIRE_EVERY_S
            self._look_on()
        self._faults()
        Event().wait(max(EVERY_S - (self.at_s - began_s), 0))

    def _count(self) -> None:
        reading = self.house.reading("core")
        if reading is None:
            return
        heard, lost = (
            int(self.house.value("core", name, "mirror"))
            for name in ("qalqan_units_total", "qalqan_units_lost_total")
        )
        is_up = self.house.hears("mirror")
        self.counts.append(Count(reading.pid, is_up, port_frames(), heard, lost))

    def _look_on(self) -> None:
        self.wire.take(self.house.region.watcher.calls(), look.now_ns())
        at_s, calls = self.at_s, self.made()
        before_s, before = self._made
        self._made = (at_s, calls)
        a_second = (calls - before) / (at_s - before_s)
        self.rates.append((at_s, a_second))
        memory = [one.memory_mb for one in self.samples if one.name == "core"]
        now = self._under.slot.name if self._under else ""
        self._tell(
            Moment(at_s, calls, a_second, len(self.wire.refused), memory[-1] if memory else 0, now)
        )

    def _faults(self) -> None:
        for under, over_s in list(self._ill):
            if FAULTS[under.slot.name].is_well(self.house):
                self._ill.remove((under, over_s))
                self._judge(under, self.at_s - over_s)
        if self._under and self.at_s >= self._under.slot.ends_s:
            self._end(self._under)
        elif self._due and not self._under and self.at_s >= self._due[0].begins_s:
            self._begin(self._due.pop(0))

    def _begin(self, slot: Slot) -> None:
        run = self._run.scenario(slot.name, FAULTS[slot.name].says)
        self._under = Under(slot, run, self.at_s, ExitStack())
        try:
            self._under.stack.enter_context(FAULTS[slot.name].happens(self.house))
        except AssertionError as wrong:
            self._fail(self._under, str(wrong))

    def _end(self, under: Under) -> None:
        self._under = None
        self.stripes.append(Stripe(under.slot.name, under.began_s, self.at_s))
        try:
            under.stack.close()
        except AssertionError as wrong:
            self._fail(under, str(wrong))
        if under.run.outcome == "running":
            self._ill.append((under, self.at_s))

    def _fail(self, under: Under, why: str) -> None:
        under.run.end("failed", self.at_s - under.began_s, why)

    def _judge(self, under: Under, back_s: float | None) -> None:
        """Note how long it took until all was well; None if that never came."""
        under.run.note(f"{under.began_s / 60:.1f} min after the beginning")
        took_s = self.at_s - under.began_s
        if back_s is None:
            self._fail(under, "all was not well again")
            return
        figure = under.run.measure(BACK_AFTER, round(back_s, 1))
        under.run.end("passed" if figure.verdict == "kept" else "failed", took_s)


def _cosigned(house: House) -> int:
    """Return up to where the hub has signed the log of evidence."""
    kept = read_kept(beside(house.state / "evidence"))
    return max((one.checkpoint.size for one in kept if one.is_cosigned), default=0)
