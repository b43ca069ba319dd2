# SPDX-License-Identifier: Apache-2.0
"""The map is built as the file says: every key that is set has its effect."""

from pathlib import Path

import pytest

from edge import clock
from edge.config import Config, parse
from edge.detect.stats import Kind as KeyKind
from edge.errors import ConfigError, ListError
from edge.judging import build, build_pipeline, lists_of, pcap_part, rules_of
from edge.model.answer import GO_ON
from edge.model.event import CallOffered, CallProgressed, CallReleased
from edge.model.message import Flow
from edge.model.number import Kind
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Mode
from edge.origin.suspects import suspects_of
from edge.pipeline import Decided
from hil.e1.calls import Call, Link, Number, isup_frames, q931_frames
from tests.call.sip_talk import write
from tests.decode.test_signalling import udp

NS = 10**9
CONFIG = """\
[node]
name = "bench"

[numbering]
area = "7172"
emergency_callback = ["+447700900999"]
short_codes = { "1414" = "short-code" }

[trunk.world]
class = "international"
peers = ["192.0.2.0/24"]
mode = "enforce"

[trunk.nobody]
class = "pbx"
taps = []
peers = ["203.0.113.0/24"]
"""
LIST = "# version: {}\npattern,party,action,category,basis\n{},calling,block,bank,AST-1\n"


def hear(config: str, octets: bytes, folder: Path, *, now: int = 0) -> tuple[CallOffered, Decided]:
    """Return the call offered by an INVITE, and its verdict."""
    pipeline = build_pipeline(parse(config, folder / "edge.toml"), lambda _: None)
    offer, decided = pipeline.hear(udp(octets), now)
    assert isinstance(offer, CallOffered)
    assert isinstance(decided, Decided)
    return offer, decided


def caller(user: str) -> bytes:
    return write("INVITE").replace(b"+447700900123", user.encode())


def with_lists(folder: Path, *patterns: str) -> str:
    for number, pattern in enumerate(patterns, start=1):
        (folder / f"{number}.csv").write_text(LIST.format(number, pattern))
    names = ", ".join(f'"{number}.csv"' for number in range(1, len(patterns) + 1))
    return f"{CONFIG}\n[blocklist]\nfiles = [{names}]\n"


def test_trunk_mode_and_home(tmp_path: Path) -> None:
    offer, decided = hear(CONFIG, caller("87172000009"), tmp_path)
    assert (offer.trunk.name, offer.trunk.area) == ("world", "7172")
    assert offer.calling.number.e164 == "77172000009"
    assert (decided.verdict.mode, decided.verdict.action) == (Mode.ENFORCE, Action.BLOCK)


def test_own_home_of_a_trunk(tmp_path: Path) -> None:
    config = CONFIG.replace('class = "int', 'country_code = "44"\narea = "20"\nclass = "int')
    offer, _ = hear(config, caller("02079460001"), tmp_path)
    assert offer.calling.number.e164 == "442079460001"


def test_an_unknown_peer_has_the_home_of_the_house(tmp_path: Path) -> None:
    offer, decided = hear(CONFIG.replace("192.0.2.0", "198.51.100.0"), caller("000009"), tmp_path)
    assert (offer.trunk.name, offer.calling.number.e164) == ("unknown", "77172000009")
    assert decided.verdict.mode is Mode.OBSERVE


def test_short_codes(tmp_path: Path) -> None:
    offer, _ = hear(CONFIG, caller("1414"), tmp_path)
    assert offer.calling.number.kind is Kind.SHORT_CODE


def test_every_list_counts(tmp_path: Path) -> None:
    config = with_lists(tmp_path, "+447700900111", "+447700900122")
    for user in ("+447700900111", "+447700900122"):
        _, decided = hear(config, caller(user), tmp_path)
        assert (decided.verdict.rule, decided.verdict.list_version) == ("list.calling", 2)
    assert len(lists_of(parse(config, tmp_path / "edge.toml")).first(0).blocklist) == 2


def test_a_wrong_list_is_an_error(tmp_path: Path) -> None:
    config = parse(with_lists(tmp_path, "+447700900111", "+7*"), tmp_path / "edge.toml")
    with pytest.raises(ListError, match=r"2\.csv:3: "):
        lists_of(config)


def test_emergency_callback_is_never_stopped(tmp_path: Path) -> None:
    _, decided = hear(with_lists(tmp_path, "+447700900999"), caller("+447700900999"), tmp_path)
    assert decided.verdict.rule == "guardrail.emergency-calling"


def test_rules_are_as_configured(tmp_path: Path) -> None:
    config = CONFIG + '[policy.rules]\n"spoof.fixed-cli-abroad" = "observe"\n'
    _, decided = hear(config, caller("+77172000009"), tmp_path)
    assert decided.verdict.action is Action.OBSERVE


def test_a_late_verdict_allows(tmp_path: Path) -> None:
    _, decided = hear(CONFIG, caller("+77172000009"), tmp_path, now=NS)
    assert (decided.verdict.action, decided.verdict.rule) == (Action.ALLOW, "guardrail.late")


def test_breaker_and_its_alarm(tmp_path: Path) -> None:
    alarms: list[str] = []
    config = parse(CONFIG + "[breaker]\nmost = 2\n", tmp_path / "edge.toml")
    pipeline = build_pipeline(config, lambda alarm: alarms.append(alarm.name))
    actions = []
    for number in range(4):
        octets = caller("+77172000009").replace(b"Call-ID: c1", b"Call-ID: %d" % number)
        actions.append(pipeline.hear(udp(octets), 0)[1].verdict.action)
    assert actions == [Action.BLOCK, Action.BLOCK, Action.ALLOW, Action.ALLOW]
    assert alarms == ["breaker-open"]


def test_calls_are_bounded_as_configured(tmp_path: Path) -> None:
    config = parse(CONFIG + "[calls]\nmax = 100\n", tmp_path / "edge.toml")
    pipeline = build_pipeline(config, lambda _: None)
    released = []
    for number in range(110):
        found = pipeline.hear(udp(write("INVITE", call=f"c{number}")), 0)
        released += [one for one in found if isinstance(one, CallReleased)]
    assert len(released) == 10


def test_pcap_part(tmp_path: Path) -> None:
    part = pcap_part([tmp_path / "a.pcap"], 10)
    said = {"driver": "pcap", "files": (tmp_path / "a.pcap",), "pace": 10.0}
    assert part.flat() == {**said, "raw_timeslot_kbit": 0}


CIRCUITS = """
[trunk.gate]
class = "international"
opc = [2057]
dpc = [4114]
cics = ["7", "17-31"]
[trunk.prime]
class = "pbx"
channels = ["1:16"]
"""


@pytest.mark.parametrize(
    ("cic", "trunk"), [(7, "gate"), (17, "gate"), (31, "gate"), (8, "unknown")]
)
def test_circuits_of_a_trunk(cic: int, trunk: str, tmp_path: Path) -> None:
    pipeline = build_pipeline(parse(CONFIG + CIRCUITS, tmp_path / "edge.toml"), lambda _: None)
    call = Call(Number("442079460123"), Number("000001", 1))
    (step, *_) = isup_frames([(call, Link(cic=cic))])
    offer, *_ = pipeline.hear(Unit("e1", LinkType.MTP2, 0, step.octets), 0)
    assert (offer.trunk.name, offer.called.number.e164) == (trunk, "77172000001")


@pytest.mark.parametrize(("channel", "trunk"), [("1:16", "prime"), ("2:16", "unknown")])
def test_channels_of_a_trunk(channel: str, trunk: str, tmp_path: Path) -> None:
    pipeline = build_pipeline(parse(CONFIG + CIRCUITS, tmp_path / "edge.toml"), lambda _: None)
    (step, *_) = q931_frames([Call(Number("442079460123"), Number("77172000001"))])
    offer, *_ = pipeline.hear(Unit("e1", LinkType.LAPD, 0, step.octets, channel=channel), 0)
    assert offer.trunk.name == trunk


@pytest.mark.parametrize(
    "key", ["opc = [16384]", 'cics = ["a-b"]', 'cics = ["9-7"]', 'channels = ["16"]']
)
def test_circuits_that_cannot_be(key: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"trunk\.gate"):
        parse(f'{CONFIG}\n[trunk.gate]\nclass = "pbx"\n{key}\n', tmp_path / "edge.toml")


def test_what_waits_for_digits_is_decided_when_time_passes(tmp_path: Path) -> None:
    pipeline = build_pipeline(parse(CONFIG + CIRCUITS, tmp_path / "edge.toml"), lambda _: None)
    call = Call(Number("442079460123"), Number("77172000001"), overlap=5)
    for cic in (7, 17):
        (step, *_) = isup_frames([(call, Link(cic=cic))])
        unit = Unit("e1", LinkType.MTP3, 0, step.octets[3:])
        assert pipeline.hear(unit, 0) == []
        end = pipeline.pass_time if cic == 7 else pipeline.finish
        offer, decided = end(4 * NS)
        assert isinstance(offer, CallOffered)
        assert isinstance(decided, Decided)


GATED = """
[gate.sbc]
driver = "sip_redirect"
peers = ["192.0.2.0/24"]
[gate.other]
driver = "sip_redirect"
port = 5070
peers = ["192.0.2.0/24"]
[tap.mirror]
driver = "memory"
"""


def gated(folder: Path, *keys: str) -> Config:
    """Return a configuration with two gates, and keys of the trunk `world`."""
    more = "".join(f"{key}\n" for key in keys)
    text = CONFIG.replace("[trunk.world]\n", f"[trunk.world]\n{more}") + GATED
    return parse(text, folder / "edge.toml")


@pytest.mark.parametrize(
    ("keys", "ears"),
    [
        ((), {"mirror"}),
        (('gates = ["sbc"]',), {"mirror", "sbc"}),
        (('taps = ["mirror"]',), {"mirror"}),
        (('taps = ["mirror"]', 'gates = ["sbc"]'), {"mirror", "sbc"}),
    ],
)
def test_the_ears_of_a_trunk(keys: tuple[str, ...], ears: set[str], tmp_path: Path) -> None:
    trunks = build(gated(tmp_path, *keys), lambda _: None).asked._trunks
    flow = Flow(bytes([192, 0, 2, 1]), b"", 5060, 5060, "udp")
    names = ("mirror", "sbc", "other")
    found = {tap: trunks.of(Unit(tap, LinkType.IPV4, 1, b""), flow).name for tap in names}
    assert {tap for tap, name in found.items() if name == "world"} == ears


@pytest.mark.parametrize("with_gates", [True, False])
def test_only_where_there_are_gates_is_a_verdict_remembered(
    with_gates: bool, tmp_path: Path
) -> None:
    keys = ('gates = ["sbc"]',)
    config = gated(tmp_path, *keys) if with_gates else parse(CONFIG, tmp_path / "edge.toml")
    judging = build(config, lambda _: None)
    judging.pipeline.hear(udp(write("INVITE")), 0)
    assert len(judging.rulings) == with_gates
    assert (judging.pipeline.engine is judging.rulings) == with_gates
    if with_gates:
        judging.modes.first(1)  # other modes hold from now on
        assert len(judging.rulings) == 0


def test_the_stop_in_the_configuration_goes_before_every_mode(tmp_path: Path) -> None:
    alarms: list[str] = []
    config = parse(CONFIG + "[enforce]\nstop = true\n", tmp_path / "edge.toml")
    judging = build(config, lambda alarm: alarms.append(alarm.name))
    judging.modes.first(1)
    assert not judging.engine.enforces("world")
    found = judging.pipeline.hear(udp(caller("+77172000009")), 0)
    assert [one.verdict.action for one in found if isinstance(one, Decided)] == [Action.OBSERVE]
    assert alarms == ["enforcement-stopped"]


@pytest.mark.parametrize(
    ("desk", "uri", "told"),
    [
        ("sip:Desk@PBX.example:5070", b"sip:Desk@pbx.example", True),
        ("sip:desk@pbx.example", b"sip:desk@other.example", False),
        ("", b"sip:desk@pbx.example", False),
    ],
)
def test_a_leg_to_the_desk_is_heard(desk: str, uri: bytes, told: bool, tmp_path: Path) -> None:
    config = parse(f'{CONFIG}[answer]\ndesk = "{desk}"\n', tmp_path / "edge.toml")
    pipeline = build_pipeline(config, lambda _: None)
    pipeline.hear(udp(write("INVITE")), 0)
    leg = write("INVITE", via=("p", "a")).replace(b"sip:+77172000001@s SIP", uri + b" SIP")
    stages = [
        event.stage for event in pipeline.hear(udp(leg), 0) if isinstance(event, CallProgressed)
    ]
    assert stages == ["diverted"] * told


def test_detection_observes_unless_its_table_says_otherwise(tmp_path: Path) -> None:
    rules = rules_of(parse(CONFIG, tmp_path / "edge.toml"))
    assert rules.actions()["analytics.campaign"] is Action.OBSERVE
    text = CONFIG + '[detect]\naction = "block"\n[policy.rules]\n"cli.absent" = "block"\n'
    actions = rules_of(parse(text, tmp_path / "edge.toml")).actions()
    assert (actions["analytics.campaign"], actions["cli.absent"]) == (Action.BLOCK, Action.BLOCK)


GATE = '[gate.g]\ndriver = "sip_redirect"\nport = 5070\npeers = ["192.0.2.0/24"]\n'


@pytest.mark.parametrize("gate", ["", GATE], ids=["tap", "gate"])
def test_every_call_that_is_decided_is_counted_once(tmp_path: Path, gate: str) -> None:
    text = CONFIG.replace('mode = "enforce"', 'mode = "enforce"\ngates = ["g"]' if gate else "", 1)
    config = parse(text + gate, tmp_path / "edge.toml")
    suspects = suspects_of(config, tmp_path / "campaigns")
    assert suspects is not None
    judging = build(config, lambda _: None, suspects=suspects)
    unit = udp(write("INVITE"))
    offer, _ = judging.pipeline.hear(unit, clock.now_ns())
    assert isinstance(offer, CallOffered)
    if gate:  # what a tap heard, a gate asks about: the same call
        judging.asked.decide(offer.message, lambda decided: GO_ON)
    suspects.settle()
    assert suspects.detector.behaviour.up == 1
    attempts = [stats.attempts for stats in suspects.detector.behaviour.each(KeyKind.DEVICE)]
    assert attempts == [1]
