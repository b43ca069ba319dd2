# SPDX-License-Identifier: Apache-2.0
"""What scenarios look at: the box's own numbers, the hub's table, and whether both agree."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from edge import clock
from edge.seen.readings import SUFFIX, Reading
from hil.bench.box import Box, NotSeen, Refused
from hil.bench.console import STARTS
from hil.bench.measure import RANG, Measure, Scenario
from hil.hub.store import EVENTS, GAPS, STREAMS
from hil.region.ladder import ladder, steps
from hil.region.tables import BOX, HONEST, LISTED
from hil.region.watch import NS, Message, Seen
from hil.region.world import Region, until
from hil.rig.hub import RigHub, Told

HEARS = "Started .*qalqan-core"
_CORE = "/proc/$(systemctl show -P MainPID qalqan-core)"
_PRIVATE = f"awk '/^Private/ {{sum += $2}} END {{print sum}}' {_CORE}/smaps_rollup"
"KiB that the process that hears has for itself (proc(5))."
_TICKS = f"awk '{{print $14 + $15}}' {_CORE}/stat"
"In user and system mode, hundredths of a second; no blank is in the name of our processes."
STATE = "/var/lib/qalqan"
SLOW_S = 180.0
"Patience with a box in software, on a machine that does something else too."


def numbers(box: Box, process: str = "core") -> Reading:
    """Return the numbers of a process of the box. Raises `Refused` if it writes none."""
    text = box.ask(f"cat {STATE}/run/{process}{SUFFIX}")
    try:
        return msgspec.json.decode(_object(text), type=Reading)
    except msgspec.DecodeError as torn:
        raise Refused(f"numbers of {process}: {torn}") from torn


def _object(said: str) -> str:
    """Return the line that is an object of JSON: the kernel may speak on the same console."""
    return next((line for line in said.splitlines() if line.startswith("{")), "")


def value(box: Box, name: str, *labels: str, process: str = "core") -> float:
    """Return one number of the box, summed over all series that have these labels."""
    found = numbers(box, process).numbers.get(name, [])
    return sum(values[0] for told, values in found if set(labels) <= set(told))


def private_mb(box: Box) -> float:
    """Return the private memory of the process that hears and decides, MB."""
    return int(box.ask(_PRIVATE)) * 1024 / 1e6


def cpu_s(box: Box) -> float:
    """Return the time that it has computed since it began, seconds."""
    return int(box.ask(_TICKS)) / 100


def switch_on(box: Box) -> float:
    """Switch the box on; return how long it takes until it says that it hears, seconds."""
    box.start()
    box.until(STARTS, SLOW_S)
    box.until(HEARS, SLOW_S)
    return box.seconds()


def is_up(box: Box, part: str) -> bool:
    """Return whether a part of the box, a tap or a gate, says that it runs."""
    try:
        return bool(value(box, "qalqan_part_up", part))
    except (Refused, NotSeen):
        return False


def after(there: Callable[[], object], what: str, within_s: float = SLOW_S) -> float:
    """Wait for something, and return how long it took, seconds."""
    began_s = clock.monotonic_s()
    until(there, what, within_s)
    return clock.monotonic_s() - began_s


def is_stopping(region: Region) -> bool:
    """Have a listed caller call once, and return whether he was refused before anything rang."""
    return region.is_refused(LISTED)


def well(box: Box, region: Region, within_s: float = SLOW_S) -> float:
    """Wait until the box hears and stops calls again, and honest people get through to each other.

    Returns how long that took, seconds.
    """
    taken_s = after(lambda: is_up(box, "mirror"), "its mirror port hears", within_s)
    taken_s += after(lambda: is_stopping(region), "a listed caller is refused", within_s)
    if not region.talks(HONEST):
        raise NotSeen("an honest caller did not get through")
    return taken_s


class Balance(NamedTuple):
    """What the hub has of a box's streams."""

    held: int
    "Events."
    lost: int
    "Numbers below the highest that the box says there is, which neither came nor were told lost."
    gaps: int
    "Numbers that the box has told to be lost."
    back: int
    "Notes that a stream went back: what was acknowledged is not there any more."

    def missing_since(self, before: "Balance") -> int:
        """Return the numbers that are missing now, and those lost since then, told or not."""
        return self.lost + self.gaps - before.gaps + self.back - before.back


def balance(hub: RigHub) -> Balance:
    """Return how it stands now; a number may still be on its way."""
    held = sa.select(EVENTS.c.stream, sa.func.count().label("n")).group_by(EVENTS.c.stream)
    told = sa.select(GAPS.c.stream, sa.func.sum(GAPS.c.n).label("n")).group_by(GAPS.c.stream)
    with hub.store.reading() as connection:
        have = {row.stream: row.n for row in connection.execute(held)}
        gaps = {row.stream: int(row.n) for row in connection.execute(told)}
        streams = connection.execute(sa.select(STREAMS)).all()
        asked = sa.text("SELECT count(*) FROM notes WHERE name = 'went-back'")
        back = connection.execute(asked).scalar_one()
    lost = sum(
        max(row.top, row.last) - have.get(row.id, 0) - gaps.get(row.id, 0) for row in streams
    )
    return Balance(sum(have.values()), max(lost, 0), sum(gaps.values()), back)


def all_told(hub: RigHub, calls: Sequence[str], kind: str = "verdict") -> Mapping[str, int]:
    """Return how often each of these calls was told to the hub."""
    told = [one.body.get("call") for one in hub.told(kind)]
    return {call: told.count(call) for call in calls}


def outcome(hub: RigHub, call: str, within_s: float = SLOW_S) -> Told:
    """Wait until the hub is told what became of a call; return that."""

    def found() -> list[Told]:
        return [one for one in hub.told("outcome") if one.body["call"] == call]

    until(found, f"the hub is told what became of {call}", within_s)
    return found()[0]


def rang(calls: Sequence[Seen]) -> int:
    """Return how many of these callers heard it ring."""
    return sum(_heard(one, "180") is not None for one in calls)


def _heard(one: Seen, label: str) -> Message | None:
    """Return the first message of a kind that a call's caller was sent."""
    return one.first(label, destination=one.messages[0].source)


def refused_after_ms(one: Seen, status: int = 603) -> float:
    """Return the time from a call's INVITE to its refusal, both as its caller sees them."""
    refusal = _heard(one, str(status))
    if refusal is None:
        raise NotSeen(f"{one.call} was not refused: {one.result}")
    return (refusal.at_ns - one.at_ns) / 1e6


def setup_ms(one: Seen) -> float:
    """Return the time from a call's INVITE until its caller hears it ring."""
    rings = _heard(one, "180")
    if rings is None:
        raise NotSeen(f"{one.call} did not ring: {one.result}")
    return (rings.at_ns - one.at_ns) / 1e6


def show(run: Scenario, title: str, one: Seen) -> None:
    """Put a call into the report, drawn."""
    run.ladder(title, ladder(steps(one)))


class Answered(NamedTuple):
    """What the box answered its switch about a call."""

    label: str
    "Empty if it did not."
    after_ms: float

    @property
    def lets_through(self) -> bool:
        """Whether it said in time that the call goes on."""
        return self.label.startswith("404")


def answered(one: Seen) -> Answered:
    """Return what the box answered about a call, and how long after it was asked."""
    asked, said = one.first("INVITE", destination=BOX), None
    for message in one.messages:
        if message.source == BOX and not message.label.startswith("100"):
            said = message
            break
    if asked is None or said is None:
        return Answered("", 0.0)
    return Answered(said.label, (said.at_ns - asked.at_ns) / 1e6)


def late(run: Scenario, calls: Sequence[Seen]) -> list[Answered]:
    """Return what the box answered about calls that it did not stop, and note it."""
    found = [answered(one) for one in calls if _heard(one, "603") is None]
    for one in found:
        word = one.label or "no answer"
        run.note(f"a listed call went through: {word}, {one.after_ms:.0f} ms after it was asked")
    return found


def p99(values: Sequence[float]) -> float:
    """Return what 99 of 100 values do not exceed."""
    return sorted(values)[max(math.ceil(len(values) * 0.99) - 1, 0)]


def last(region: Region, calling: str) -> Seen:
    """Return the latest call of a caller. Raises `NotSeen` if he never called."""
    found = region.watcher.of(calling)
    if not found:
        raise NotSeen(f"no call of {calling}")
    return found[-1]


def worst(run: Scenario, measure: Measure, values: Sequence[float]) -> None:
    """Measure the worst of some values."""
    run.measure(measure, max(values))
    run.note(f"{measure.name}: {' '.join(f'{one:.0f}' for one in values)} {measure.unit}")


def none_rang(run: Scenario, calls: Sequence[Seen]) -> None:
    """Measure that no telephone rang for these calls."""
    run.measure(RANG, rang(calls))


def doctor(box: Box) -> str:
    """Return what the box itself says is wrong."""
    said = box.ask(f"qalqan doctor --json --config {STATE}/edge.toml || true", SLOW_S)
    found = msgspec.json.decode(_object(said))["findings"]
    return "; ".join(f"{one['check']} {one['text']}" for one in found if one["level"] != "ok")


def now_ns() -> int:
    """Return the time, nanoseconds."""
    return clock.now_ns()


def seconds_since(at_ns: int) -> float:
    """Return how long ago something was."""
    return (clock.now_ns() - at_ns) / NS
