# SPDX-License-Identifier: Apache-2.0
"""Builds every part from a unit to its verdict, as the configuration says, by hand."""

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple

from edge import clock, plugins
from edge.blocklist.csvfile import Guards, read_csv_files
from edge.blocklist.entry import Blocklist
from edge.call import isup_offer, q931_offer
from edge.call.isup import IsupCalls
from edge.call.offer import Offers
from edge.call.q931 import Q931Calls
from edge.call.seizure import Bounds
from edge.call.sip import SipCalls
from edge.call.sip_offer import SipOffers
from edge.call.tracker import Tracker
from edge.call.trunks import TrunkRule, Trunks
from edge.config import Config
from edge.decode.signalling import Signalling
from edge.decode.sip.uri import parse_uri
from edge.enforce.rulings import Rulings
from edge.intake.asked import Asked
from edge.lists import Lists, ListWatch
from edge.model.event import UNKNOWN_TRUNK, Trunk
from edge.model.verdict import Action, Mode
from edge.modes import ModeWatch
from edge.numbering.normalise import Home, home_of
from edge.origin.suspects import Suspects
from edge.pipeline import Pipeline
from edge.places import places_of
from edge.settings.keys import Part
from edge.verdict.breaker import Limits
from edge.verdict.engine import Engine
from edge.verdict.guardrail import Alarm, Guardrail, Protected
from edge.verdict.policy import Policy, nobody
from edge.verdict.rule import CAMPAIGN, RulePolicy
from edge.verdict.spoof import Roaming, not_known

NS = 1_000_000_000


class Judging(NamedTuple):
    """What decides calls."""

    pipeline: Pipeline
    watch: ListWatch
    "Brings new lists into the pipeline while it runs."
    modes: ModeWatch
    "Brings in the modes that commands set."
    engine: Engine
    rulings: Rulings
    "What was decided of late, for every ear of the same call."
    asked: Asked
    "Decides what gates ask."


def build(
    config: Config,
    alarm: Callable[[Alarm], None],
    roaming: Roaming = not_known,
    suspects: Suspects | None = None,
) -> Judging:
    """Build everything from a unit to its verdict. Raises `ListError` for a wrong table."""
    trunks = {name: _trunk(config, name) for name in config.trunk}
    homes = {name: _home(config, trunk) for name, trunk in trunks.items()}
    found_by = Trunks([_rule(config, name, trunk) for name, trunk in trunks.items()])
    sip_offers = SipOffers(homes, _home(config, _with_home(config, UNKNOWN_TRUNK)))
    tracker = _tracker(config, found_by, homes, sip_offers)
    guardrail = Guardrail(_protected(config), _limits(config), alarm)
    lists, rules = lists_of(config), rules_of(config)
    suspect = suspects.suspected if suspects else nobody
    found = lists.first(clock.now_ns() // NS)
    modes = {name: table.mode for name, table in config.trunk.items()}

    def policy(blocklist: Blocklist) -> Policy:
        return Policy(blocklist, rules=rules, roaming=roaming, suspect=suspect)

    engine = Engine(policy(found.blocklist), guardrail, modes)

    def swap(blocklist: Blocklist) -> None:
        engine.policy = policy(blocklist)

    for said in found.said:
        alarm(said)
    counting = suspects.before(engine) if suspects else engine
    gated = {name for name, trunk in config.trunk.items() if trunk.gates}
    rulings = Rulings(counting, {*gated, UNKNOWN_TRUNK.name})
    # Without a gate only taps hear, each call once: nothing need be remembered.
    judge = rulings if config.gate else counting
    pipeline = Pipeline(Signalling(), tracker, judge, clock.ticks_ns)
    asked = Asked(found_by, sip_offers.offer, rulings, (clock.now_ns, clock.ticks_ns))

    def set_modes(modes: Mapping[str, Mode]) -> None:
        rulings.forget()
        engine.set_modes(modes)

    mode_watch = ModeWatch(
        places_of(config).modes, modes, set_modes, alarm, stopped=config.enforce.stop
    )
    list_watch = ListWatch(lists, swap, alarm)
    return Judging(pipeline, list_watch, mode_watch, engine, rulings, asked)


def build_pipeline(config: Config, alarm: Callable[[Alarm], None]) -> Pipeline:
    """Build what judges by the lists as they are now. Raises `ListError` for a wrong table."""
    return build(config, alarm).pipeline


def _tracker(
    config: Config, trunks: Trunks, homes: dict[str, Home], sip_offers: SipOffers
) -> Tracker:
    calls = config.calls
    bounds = Bounds(calls.max, calls.setup_idle_s * NS, calls.idle_s * NS)
    default = _home(config, _with_home(config, UNKNOWN_TRUNK))
    sip = SipCalls(
        trunks,
        sip_offers.offer,
        limit=bounds.limit,
        setup_idle_ns=bounds.setup_idle_ns,
        talk_idle_ns=bounds.talk_idle_ns,
    )
    if config.answer.desk:
        desk = parse_uri(config.answer.desk.encode())
        sip.desks = frozenset({(desk.user, desk.host.lower())})
    return Tracker(
        sip,
        IsupCalls(trunks, Offers(isup_offer.identities, homes, default), bounds),
        Q931Calls(trunks, Offers(q931_offer.identities, homes, default), bounds),
    )


def rules_of(config: Config) -> RulePolicy:
    """Return what the rules do, and what detection does."""
    return RulePolicy({**config.policy.rules, CAMPAIGN.id: Action(config.detect.action)})


def lists_of(config: Config) -> Lists:
    """Find the lists that the configuration names. Raises `ListError` for a wrong table."""
    table = config.blocklist
    guards = Guards(least_prefix=table.least_prefix_digits)
    tables = read_csv_files(table.files, list_name="files", guards=guards)
    places = places_of(config)
    return Lists(places.lists, tables, places.spared)


def _trunk(config: Config, name: str) -> Trunk:
    table = config.trunk[name]
    own = Trunk(name, table.kind)
    return _with_home(config, own, table.country_code, table.area)


def _with_home(
    config: Config, trunk: Trunk, country_code: str | None = None, area: str | None = None
) -> Trunk:
    numbering = config.numbering
    return Trunk(
        trunk.name,
        trunk.kind,
        numbering.country_code if country_code is None else country_code,
        numbering.area if area is None else area,
    )


def _home(config: Config, trunk: Trunk) -> Home:
    return home_of(trunk, config.numbering.short_codes)


def _rule(config: Config, name: str, trunk: Trunk) -> TrunkRule:
    table = config.trunk[name]
    peers = tuple(ip_network(str(peer)) for peer in table.peers)
    return TrunkRule(
        trunk,
        frozenset((*table.taps, *table.gates)) if table.taps else frozenset(),
        peers,
        frozenset(table.opc),
        frozenset(table.dpc),
        tuple(_circuits(cics) for cics in table.cics),
        frozenset(table.channels),
        frozenset(config.gate) - frozenset(table.gates),
    )


def _circuits(cics: str) -> tuple[int, int]:
    first, _, last = cics.partition("-")
    return int(first), int(last or first)


def _protected(config: Config) -> Protected:
    callbacks = (number.removeprefix("+") for number in config.numbering.emergency_callback)
    return Protected(callbacks=tuple(callbacks))


def _limits(config: Config) -> Limits:
    table = config.breaker
    return Limits(table.window_s * NS, table.most, table.share, table.floor, table.hold_s * NS)


def pcap_part(files: Iterable[Path], pace: float, ts_rate: int = 0) -> Part:
    """Return the configuration of a tap that reads captures."""
    driver = plugins.load("taps", "pcap")
    settings = driver.config(files=tuple(files), pace=pace, raw_timeslot_kbit=ts_rate)
    return Part(driver="pcap", settings=settings)
