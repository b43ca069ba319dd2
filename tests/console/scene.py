# SPDX-License-Identifier: Apache-2.0
"""The box that the pictures of README.md show: an hour in which calls were stopped.

Its times are fixed where the page lets them be, so that pictures taken anew are much the same.
Numbers are of ranges that are assigned to nobody.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from msgspec.structs import replace

from edge import counters
from edge.blocklist.sheet import from_entries
from edge.blocklist.store import State, Store
from edge.box.spared import Spared, write_spared
from edge.config import Config, load
from edge.console.history import History, Totals
from edge.counting import Numbers
from edge.evidence.journal import Journal
from edge.model.event import Trunk, TrunkClass
from edge.model.number import Kind, Number
from edge.model.outcome import Outcome, Result
from edge.model.unit import Unit
from edge.model.verdict import Action, Basis, Mode, Reason, Verdict
from edge.moment import Moments
from edge.pipeline import Decided
from edge.places import places_of
from edge.seen.readings import Meter, Recorder
from edge.seen.recent import Recent
from tests.blocklist.images import entry
from tests.call.sip_talk import write
from tests.decode.test_signalling import udp
from tests.evidence.box import decided
from tests.verdict.calls import call

NS = 1_000_000_000
AT = 1_795_497_308 * NS
"When the last call came."
DAY_S = 86_400
CALLER = "447700900123"
TOML = """
[node]
name = "astana-1"

[numbering]
area = "7172"

[tap.mirror]
driver = "afpacket"
interface = "mirror"

[tap.e1]
driver = "e1_serial"
port = "/dev/ttyUSB0"

[enforcer.switch]
driver = "observe"

[trunk.intl]
class = "international"
enforcer = "switch"
mode = "enforce"

[trunk.intl-new]
class = "international"

[trunk.natl]
class = "national"

[hub]
brokers = ["hub.example:8883"]
lists = ["fraud"]

[page]
people = "127.0.0.1:0"
"""
INTL = Trunk("intl", TrunkClass.INTERNATIONAL, area="7172")
NEW = Trunk("intl-new", TrunkClass.INTERNATIONAL, area="7172")
NATL = Trunk("natl", TrunkClass.NATIONAL, area="7172")
LISTED = Verdict(
    Action.BLOCK, Action.BLOCK, Basis.LIST, "list.calling", Mode.ENFORCE,
    (Reason(
        "list.calling", "A calling number is listed.",
        (("entry", f"+{CALLER}"), ("list", "fraud"), ("category", "fraud")),
    ),), 41, "AST-2026-114",
)  # fmt: skip
SPOOFED = Verdict(
    Action.OBSERVE, Action.BLOCK, Basis.RULE, "spoof.fixed-cli-abroad", Mode.OBSERVE,
    (Reason("spoof.fixed-cli-abroad", "A fixed Kazakh number calls from abroad."),),
)  # fmt: skip
EMERGENCY = Verdict(
    Action.ALLOW, Action.ALLOW, Basis.GUARDRAIL, "guardrail.emergency-called", Mode.ENFORCE
)
PLAIN = Verdict(Action.ALLOW, Action.ALLOW, Basis.NONE, "default", Mode.OBSERVE)


@dataclass
class Told:
    """A call of the scene."""

    before_s: int
    "Before the last one."
    trunk: Trunk
    calling: str
    called: str
    verdict: Verdict
    fate: Result | None = None


CALLS = (
    Told(63, NATL, "77272000118", "77172000342", PLAIN),
    Told(58, INTL, "442079460105", "77172000007", PLAIN),
    Told(51, NEW, "77172000457", "77172000019", SPOOFED),
    Told(47, INTL, "447700900123", "77172000055", LISTED, Result.STOPPED),
    Told(40, NATL, "77272000151", "112", EMERGENCY),
    Told(33, INTL, "447700900871", "77172000064", LISTED, Result.LEAKED),
    Told(29, NEW, "77172000458", "77172000021", SPOOFED),
    Told(21, NATL, "77212000142", "77172000310", PLAIN),
    Told(12, INTL, "447700900356", "77172000081", LISTED, Result.STOPPED_RINGING),
    Told(4, INTL, "12025550106", "77172000106", PLAIN),
    Told(0, INTL, CALLER, "77172000001", LISTED, Result.STOPPED),
)
"The oldest first."


def furnish(folder: Path) -> Config:
    """Have a box on which all of it has happened."""
    path = folder / "edge.toml"
    path.write_text(TOML, encoding="utf-8")
    config = load(path)
    store = Store(places_of(config).lists, "fraud")
    listed = [entry(f"4477009{number:05}", basis="AST-2026-114") for number in range(100, 900, 3)]
    store.write(from_entries("fraud", 41, [*listed, entry(CALLER, basis="AST-2026-114")]))
    store.commit(41)
    issued_s = AT // NS - 5 * 3600
    store.note(State(highest=41, issued_s=issued_s, applied_s=issued_s + 60))
    as_of_now(config)
    return config


def as_of_now(config: Config) -> None:
    """Have both processes have counted a moment ago."""
    core, uplink = Numbers(), Numbers()
    for name, heard, calls, stopped in (
        ("intl", 1_284_096, 9_418, 174), ("intl-new", 0, 1_206, 0), ("natl", 402_775, 21_533, 0),
    ):  # fmt: skip
        core[counters.CALLS_OFFERED][name,].value = calls
        core[counters.OUTCOMES]["stopped", name].value = stopped
        if heard:
            tap = "mirror" if name == "intl" else "e1"
            core[counters.UNITS][tap,].value = heard
            core[counters.PART_UP][tap,].value = 1
    core[counters.VERDICTS]["observe", "block", "spoof.fixed-cli-abroad", "intl-new"].value = 60
    core[counters.LIST_VERSION]["fraud",].value = 41
    core[counters.LIST_ENTRIES]["fraud",].value = 268
    core[counters.LIST_AGE]["fraud",].value = 5 * 3600
    uplink[counters.HUB_CONNECTED].of().value = 1
    uplink[counters.HUB_ONLINE].of().value = 1
    for name, numbers in (("core", core), ("uplink", uplink)):
        Recorder(places_of(config).run, Meter(name, numbers, Moments())).write()


def hear(config: Config) -> str:
    """Have the calls be heard; returns the id of the last one's record."""
    places = places_of(config)
    journal, recent, kept = Journal(places.evidence, lambda: AT), Recent(places.run), ""
    for number, told in enumerate(CALLS):
        at = AT - told.before_s * NS
        heard = _decided(number, told, at)
        kept = journal.keep(heard).record if told.verdict.reasons else ""
        recent.note(heard, kept)
        if told.fate:
            end = _end(heard, told.fate, kept, at)
            journal.settle(end, told.fate.value, _answers(number, at))
            recent.settle(end)
    journal.close()
    recent.write()
    return kept


def _decided(number: int, told: Told, at: int) -> Decided:
    invite = _frame(number, "INVITE", at)
    made = decided(number, invite)
    calling, called = (
        Number(one if len(one) == 3 else f"+{one}", one, Kind.FIXED, "KZ")
        for one in (told.calling, told.called)
    )
    offer = replace(
        call(calling, called, trunk=told.trunk, at=at), call=f"c{number}",
        message=made.offer.message,
    )  # fmt: skip
    return Decided(offer, told.verdict, 52_000)


def _end(heard: Decided, fate: Result, kept: str, at: int) -> Outcome:
    offer = heard.offer
    return Outcome(
        at + 22_000_000, fate, offer.call, 1, offer.trunk.name, kept, "switch", "done", "603",
        22_000_000,
    )  # fmt: skip


def _answers(number: int, at: int) -> tuple[Unit, ...]:
    return (
        _back(_frame(number, "100", at + 1_000_000)),
        _back(_frame(number, "603", at + 22_000_000)),
        _frame(number, "ACK", at + 23_000_000),
    )


def _frame(number: int, start: str, at: int) -> Unit:
    return replace(udp(write(start, call=f"c{number}")), at=at)


def _back(unit: Unit) -> Unit:
    """Return a frame as it goes from the switch to the caller."""
    head, source, destination, rest = (
        unit.data[:12], unit.data[12:16], unit.data[16:20], unit.data[20:],
    )  # fmt: skip
    return replace(unit, data=head + destination + source + rest)


def lift(config: Config, now_s: int) -> None:
    """Have the caller be spared for a day."""
    spared = Spared(now_s, now_s + DAY_S, "a1")
    write_spared(places_of(config).spared, {CALLER: spared})


def remember(history: History, now_s: float) -> None:
    """Have an hour be behind the box."""
    stopped = would = 0
    chance = Random(7)
    for minute in range(60):
        stopped += max(0, round(chance.gauss(2.4, 2)))
        would += chance.choice((0, 0, 0, 1, 1, 3))
        history.take(now_s - 60 * (59 - minute), Totals(99_999, stopped, would))
