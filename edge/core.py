# SPDX-License-Identifier: Apache-2.0
"""THE MAP of the process `core`: every part from a unit to its verdict, built by hand.

`edge.ear` hears the taps with it. Nothing here reaches the hub.
"""

from collections.abc import Callable, Iterable
from ipaddress import ip_network
from pathlib import Path

from edge import clock, plugins
from edge.blocklist.csvfile import Guards, read_csv_files
from edge.blocklist.entry import Blocklist
from edge.call.sip import SipCalls
from edge.call.sip_offer import SipOffers
from edge.call.tracker import Tracker
from edge.call.trunks import TrunkRule, Trunks
from edge.config import Config
from edge.decode.signalling import Signalling
from edge.model.event import UNKNOWN_TRUNK, Trunk
from edge.numbering.normalise import Home, home_of
from edge.pipeline import Pipeline
from edge.settings import Part
from edge.verdict.breaker import Limits
from edge.verdict.engine import Engine
from edge.verdict.guardrail import Alarm, Guardrail, Protected
from edge.verdict.policy import Policy
from edge.verdict.rule import RulePolicy

NS = 1_000_000_000


def build_pipeline(config: Config, alarm: Callable[[Alarm], None]) -> Pipeline:
    """Build everything from a unit to its verdict. Raises `ListError` for a wrong list."""
    trunks = {name: _trunk(config, name) for name in config.trunk}
    homes = {name: _home(config, trunk) for name, trunk in trunks.items()}
    offers = SipOffers(homes, _home(config, _with_home(config, UNKNOWN_TRUNK)))
    calls = SipCalls(
        Trunks([_rule(config, name, trunk) for name, trunk in trunks.items()]),
        offers.offer,
        limit=config.calls.max,
        setup_idle_ns=config.calls.setup_idle_s * NS,
        talk_idle_ns=config.calls.idle_s * NS,
    )
    guardrail = Guardrail(_protected(config), _limits(config), alarm)
    policy = Policy(blocklist_of(config), rules=RulePolicy(config.policy.rules))
    modes = {name: table.mode for name, table in config.trunk.items()}
    engine = Engine(policy, guardrail, modes)
    return Pipeline(Signalling(), Tracker(calls), engine, clock.ticks_ns)


def blocklist_of(config: Config) -> Blocklist:
    """Read the lists that the configuration names. Raises `ListError`."""
    guards = Guards(least_prefix=config.blocklist.least_prefix_digits)
    return read_csv_files(config.blocklist.files, list_name="files", guards=guards)


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
    return TrunkRule(trunk, frozenset(table.taps), peers)


def _protected(config: Config) -> Protected:
    callbacks = (number.removeprefix("+") for number in config.numbering.emergency_callback)
    return Protected(callbacks=tuple(callbacks))


def _limits(config: Config) -> Limits:
    table = config.breaker
    return Limits(table.window_s * NS, table.most, table.share, table.floor, table.hold_s * NS)


def pcap_part(files: Iterable[Path], pace: float) -> Part:
    """Return the configuration of a tap that reads captures."""
    driver = plugins.load("taps", "pcap")
    return Part(driver="pcap", settings=driver.config(files=tuple(files), pace=pace))
