# SPDX-License-Identifier: Apache-2.0
"""What came of the hour: every figure against its promise, and the picture of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from edge.evidence.note import read_key
from hil.bench.measure import (
    CALLS_A_SECOND,
    CALLS_FAILED,
    DESCRIPTORS,
    EMERGENCY_STOPPED,
    GATE_P99,
    MEMORY,
    MEMORY_GROWTH,
    MEMORY_RISE,
    RANG,
    RECORDS_LOST,
    RECORDS_TWICE,
    STOPS_UNPROVEN,
    STOPS_UNTOLD,
    THREADS,
    UNHEARD,
    OverLimit,
    Run,
    Scenario,
)
from hil.hour import proof
from hil.hour.balance import Balance, Count, balance
from hil.hour.chart import Band, svg
from hil.hour.flat import Flat, judged
from hil.hour.hour import Hour
from hil.hour.house import SIPP
from hil.hour.play import counted
from hil.hub import cosign
from hil.scenarios import look

GATED = "abroad"
"The trunk whose switch asks, and refuses: the wire is a witness of that."
SHOWN = 5
"Of what is wrong, at most, in a note."


def verdict(hour: Hour, run: Run, rate: float, seed: int) -> None:
    """Judge all of it into a run."""
    for name, says, judge in (
        ("the_traffic", TRAFFIC, lambda one: _traffic(hour, one, rate)),
        ("the_balance", BALANCE, lambda one: _balance(hour, one)),
        ("the_stops", STOPS, lambda one: _stops(hour, one, seed)),
        ("the_processes", PROCESSES, lambda one: _processes(hour, one)),
    ):
        _judged(run.scenario(name, says), judge, hour.lasted_s)
    run.scenarios[:] = [*run.scenarios[-4:], *run.scenarios[:-4]]


def _judged(one: Scenario, judge: Callable[[Scenario], None], took_s: float) -> None:
    try:
        judge(one)
        one.judge()
    except OverLimit as broken:
        one.end("failed", took_s, str(broken))
    else:
        one.end("passed", took_s)


TRAFFIC = """Honest people, listed callers, spoofed numbers and calls for help, without a pause.
Some by a real switch that asks the box about each; most are told into its mirror port."""
BALANCE = """Every frame that came to the mirror port was heard, or counted as lost; over all lives
of the process that hears."""
STOPS = """What the box says it has stopped is proven: by its evidence, by the wire, by the check
that a court would make; and the hub knows of each, once."""
PROCESSES = """Memory, open files and threads of every process stay as they were."""


def _traffic(hour: Hour, one: Scenario, rate: float) -> None:
    wire, played = hour.wire, counted(hour.house.counts)
    circuits = sum(hour.house.exchange.counts().values())
    made, lasted_s = hour.made() - played.calls.get("flood", 0), hour.lasted_s
    one.measure(CALLS_A_SECOND._replace(limit=rate), round(made / lasted_s, 1))
    one.measure(CALLS_FAILED, len(wire.harmed))
    one.measure(RANG, wire.rang)
    one.measure(EMERGENCY_STOPPED, wire.help_stopped)
    if wire.waits_ms:
        one.measure(GATE_P99, round(look.p99(wire.waits_ms), 2))
    told_s = sum(played.calls.values()) / lasted_s
    one.note(f"told into the mirror port, {told_s:.0f} a second: {_sums(played.calls)}; "
             f"{played.uncarried} frames while the cable was out")  # fmt: skip
    one.note(f"SIPp by Kamailio, {wire.kinds.total() / lasted_s:.0f} a second ({SIPP} wanted): "
             f"{_sums(wire.kinds)}")  # fmt: skip
    one.note(f"on circuits of an E1: {_sums(hour.house.exchange.counts())}, {circuits} in all")
    one.note(f"{wire.unasked} calls by Kamailio that were to be stopped went on: the box was away, "
             "late, or had no room for evidence")  # fmt: skip
    if wire.harmed:
        one.note(f"honest calls that failed: {_some(wire.harmed)}")
    faults = (f"{n} {one.title.replace('_', ' ')}" for n, one in enumerate(hour.stripes, 1))
    one.chart(f"Stripes are the faults: {', '.join(faults)}", picture(hour))


def _balance(hour: Hour, one: Scenario) -> None:
    found = balance(from_zero(hour.counts))
    one.measure(UNHEARD, abs(found.missing))
    one.note(in_words(found))


def in_words(found: Balance) -> str:
    """Return a balance in words."""
    return (
        f"{found.sent} frames sent = {found.heard} heard + {found.lost} counted as lost + "
        f"{found.untold} sent while no process heard, or told by none before it was killed + "
        f"{found.missing} missing"
    )


def from_zero(counts: Sequence[Count]) -> list[Count]:
    """Return counts since the first of them, in whose life some was heard before."""
    if not counts:
        return []
    base = counts[0]
    return [
        one._replace(
            sent=one.sent - base.sent,
            heard=one.heard - base.heard * (one.pid == base.pid),
            lost=one.lost - base.lost * (one.pid == base.pid),
        )
        for one in counts
    ]


def _stops(hour: Hour, one: Scenario, seed: int) -> None:
    house = hour.house
    log = house.state / "evidence"
    found, damaged = proof.read_log(log), proof.damage(log)
    key = read_key(cosign.load(house.hub.folder / "hub").vkey)
    checked, wrong = proof.unverified(log, found.stops, key, seed)
    unseen = proof.unwitnessed(found.stops, hour.wire.refused, GATED)
    outcomes = [str(event.body["record"]) for event in house.hub.told("outcome")]
    untold, twice = proof.told_wrongly(found.outcomes, outcomes)
    cut_off = proof.cut_off(untold, found.outcomes, hour.deaths_s)
    untold = sorted({*untold} - {*cut_off})
    held = look.balance(house.hub)
    one.measure(STOPS_UNPROVEN, len({*found.unproven, *wrong, *unseen, *damaged}))
    one.measure(STOPS_UNTOLD, len(untold))
    one.measure(RECORDS_TWICE, len(twice))
    one.measure(RECORDS_LOST, held.lost + held.back)
    one.measure(EMERGENCY_STOPPED, found.emergencies)
    one.note(f"{found.records} records of evidence, {len(found.stops)} stops, {checked} of them "
             "made into bundles and checked")  # fmt: skip
    one.note(f"the hub holds {held.held} events; told as lost: {held.gaps}")
    for name, those in (("without a refusal or its frames", found.unproven), ("damaged", damaged),
                        ("not proven", wrong), ("not seen on the wire", unseen),
                        ("not told", untold), ("told twice", twice),
                        ("written in the last seconds of a life of core, and told by none",
                         cut_off)):  # fmt: skip
        if those:
            one.note(f"{name}: {_some(those)}")


def _processes(hour: Hour, one: Scenario) -> None:
    lives = list(judged(hour.samples))
    own = [each.memory_mb for each in hour.samples if each.name == "core"]
    if own:
        one.measure(MEMORY, round(max(own), 1))
    for measure, of in (
        (MEMORY_GROWTH, _growth), (MEMORY_RISE, _rise), (DESCRIPTORS, _opened),
        (THREADS, _threads),
    ):  # fmt: skip
        if lives:
            one.measure(measure, round(max(of(flat) for *_, flat in lives), 2))
    for line in flatness(lives):
        one.note(line)


def flatness(lives: Sequence[tuple[str, int, Flat]]) -> Iterator[str]:
    """Yield a line a life."""
    for name, pid, flat in lives:
        yield (f"{name} {pid}: memory grew {flat.growth_mb:+.1f} MB, rose {flat.rise_mb:+.1f} MB; "
               f"files {flat.descriptors:+}, threads {flat.threads:+}")  # fmt: skip


def _growth(flat: Flat) -> float:
    return flat.growth_mb


def _rise(flat: Flat) -> float:
    return flat.rise_mb


def _opened(flat: Flat) -> float:
    return flat.descriptors


def _threads(flat: Flat) -> float:
    return flat.threads


def picture(hour: Hour) -> str:
    """Return the picture of the hour."""
    names = dict.fromkeys(one.name for one in hour.samples)
    of_all = {name: [one for one in hour.samples if one.name == name] for name in names}
    memory = {name: [(one.at_s, one.memory_mb) for one in of_all[name]] for name in names}
    files = {name: [(one.at_s, float(one.descriptors)) for one in of_all[name]] for name in names}
    bands = [
        Band("calls a second", {"all": hour.rates}), Band("memory, MB", memory),
        Band("open files and sockets", files),
    ]  # fmt: skip
    total_s = max(hour.at_s, hour.total_s)
    return svg(bands, hour.stripes, total_s, max(total_s / 20, 15.0))


def _sums(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))


def _some(those: Sequence[str]) -> str:
    return ", ".join(those[:SHOWN]) + (f" and {len(those) - SHOWN} more" if those[SHOWN:] else "")
