# SPDX-License-Identifier: Apache-2.0
"""A config with a typo or a value out of range refuses to start, and says what to write instead."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from edge import plugins
from edge.blocklist.csvfile import Guards
from edge.config import load, parse, schema, show
from edge.errors import ConfigError
from edge.model.event import TrunkClass
from edge.model.number import Kind
from edge.model.verdict import Action, Mode
from edge.settings.keys import BlocklistTable, BreakerTable
from edge.verdict.breaker import Limits

GOOD = """\
[node]
name = "astana-1"

[numbering]
area = "7172"
short_codes = { "109" = "short-code" }
emergency_callback = ["+77172000112"]

[tap.mirror]
driver = "pcap"
files = [
    "capture.pcap",
]

[trunk.intl]
class = "international"
taps = ["mirror"]
peers = ["198.51.100.0/24"]
mode = "enforce"

[blocklist]
files = ["list.csv"]

[policy.rules]
"spoof.fixed-cli-abroad" = "observe"

[enforcer.nobody]
driver = "observe"

[calls]
max = 5000
"""

# what is replaced in GOOD, by what, and the line that must be reported
WRONG = {
    "unknown key": ("class =", "clas =", "16: trunk.intl.clas: unknown key; did you mean 'class'?"),
    "unknown table": ("[calls]", "[cals]", "30: cals: unknown key; did you mean 'calls'?"),
    "missing": ('class = "international"\n', "", "15: trunk.intl.class: is required"),
    "choice": (
        '"enforce"',
        '"enforced"',
        "19: trunk.intl.mode: 'enforced' is no choice here; did you mean 'enforce'?",
    ),
    "choice, far off": (
        '"international"',
        '"x"',
        (
            "16: trunk.intl.class: 'x' is no choice here; "
            "known: international, national, mobile, local, pbx"
        ),
    ),
    "range": (
        "max = 5000",
        "max = 5",
        "31: calls.max: input should be greater than or equal to 100, not 5",
    ),
    "type": (
        "max = 5000",
        'max = "all"',
        (
            "31: calls.max: input should be a valid integer, unable to parse string as an integer, "
            "not 'all'"
        ),
    ),
    "number": (
        '"+77172000112"',
        '"112"',
        "7: numbering.emergency_callback.0: '112': a number is written in full, as +77172000001",
    ),
    "short code": (
        '"109" =',
        '"1o9" =',
        "6: numbering.short_codes.1o9: '1o9': a short code has two to six digits",
    ),
    "name": (
        "astana-1",
        "Astana 1",
        "2: node.name: 'Astana 1': a name is made of small Latin letters, digits, '-' and '_'",
    ),
    "network": (
        "198.51.100.0/24",
        "198.51.100.7/24",
        "18: trunk.intl.peers.0: value is not a valid IPv4 or IPv6 network, not '198.51.100.7/24'",
    ),
    "tap": (
        '["mirror"]',
        '[\n"miror"]',
        "18: trunk.intl.taps.0: no such tap; did you mean 'mirror'?",
    ),
    "gate": (
        'mode = "enforce"\n',
        'gates = ["sbc"]\n',
        "19: trunk.intl.gates.0: no such gate; none is known",
    ),
    "enforcer": (
        'mode = "enforce"\n',
        'enforcer = "nobdy"\n',
        "19: trunk.intl.enforcer: no such enforcer; did you mean 'nobody'?",
    ),
    "stops a minute": (
        'mode = "enforce"\n',
        "stops_per_min = 0\n",
        "19: trunk.intl.stops_per_min: input should be greater than or equal to 1, not 0",
    ),
    "deadline": (
        "[calls]\nmax = 5000",
        "[enforce]\ndeadline_ms = 10",
        "31: enforce.deadline_ms: input should be greater than or equal to 50, not 10",
    ),
    "rule": (
        "cli-abroad",
        "cli-abrod",
        (
            "25: policy.rules.spoof.fixed-cli-abrod: no such rule; "
            "did you mean 'spoof.fixed-cli-abroad'?"
        ),
    ),
    "driver": (
        '"pcap"',
        '"pcab"',
        (
            "10: tap.mirror.driver: no driver 'pcab' among the taps; did you mean 'pcap'? "
            f"(installed: {', '.join(plugins.names('taps'))})"
        ),
    ),
    "no driver": (
        'driver = "observe"\n',
        "",
        f"27: enforcer.nobody.driver: is required, one of: {', '.join(plugins.names('enforcers'))}",
    ),
    "no table": (
        '[enforcer.nobody]\ndriver = "observe"\n',
        '[enforcer]\nnobody = "observe"\n',
        "28: enforcer.nobody: is a table: a driver, and the driver's own keys",
    ),
    "driver's key": (
        "files = [\n",
        "pase = 1\nfiles = [\n",
        "11: tap.mirror.pase: unknown key; did you mean 'pace'?",
    ),
    "driver's range": (
        "files = [\n",
        "pace = -1\nfiles = [\n",
        "11: tap.mirror.pace: input should be greater than or equal to 0, not -1",
    ),
    "value for a table": (
        "[policy.rules]\n",
        "[policy]\nrules = 1 #",
        "25: policy.rules: is a table",
    ),
    "no TOML": ("[node]", "[node", "1: Expected ']' at the end of a table declaration"),
}


@pytest.mark.parametrize(("right", "wrong", "report"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(right: str, wrong: str, report: str) -> None:
    assert GOOD.count(right) == 1
    with pytest.raises(ConfigError) as told:
        parse(GOOD.replace(right, wrong), Path("edge.toml"))
    assert str(told.value) == f"edge.toml:{report}"


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    text = GOOD.replace("[calls]", "[cals]").replace('"pcap"', '"pcab"').replace("class", "clas")
    with pytest.raises(ConfigError) as told:
        parse(text, Path("edge.toml"))
    lines = [int(line.split(":")[1]) for line in str(told.value).splitlines()]
    assert lines == [10, 16, 30]


VALUES = st.recursive(
    st.sampled_from(["true", "-1", "1.5", '""', '"pcap"', "2027-01-01"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]"),
        inner.map(lambda item: f'{{ driver = "memory", "a b" = {item} }}'),
    ),
    max_leaves=4,
)


@given(
    table=st.sampled_from(["", "tap.mirror", "tap", "trunk.intl", "trunk", "gate.x", "policy"]),
    key=st.sampled_from(
        ["tap", "trunk", "driver", "files", "taps", "peers", "class", "rules", "x"]
    ),
    value=VALUES,
)
def test_no_value_anywhere_is_worse_than_a_config_error(table: str, key: str, value: str) -> None:
    head = f"[{table}]\n" if table else ""
    with pytest.raises(ConfigError, match=r"(?m)^edge\.toml:\d+: "):
        parse(f"{head}{key} = {value}", Path("edge.toml"))


def test_defaults_are_those_of_the_parts_they_are_for() -> None:
    table = BreakerTable()
    second_ns = 1_000_000_000
    assert Limits() == Limits(
        table.window_s * second_ns, table.most, table.share, table.floor, table.hold_s * second_ns
    )
    assert BlocklistTable().least_prefix_digits == Guards().least_prefix


def test_a_good_file_is_read_and_completed() -> None:
    config = parse(GOOD, Path("/etc/qalqan/edge.toml"))
    trunk = config.trunk["intl"]
    assert (trunk.kind, trunk.mode) == (TrunkClass.INTERNATIONAL, Mode.ENFORCE)
    assert [str(peer) for peer in trunk.peers] == ["198.51.100.0/24"]
    assert config.numbering.short_codes == {"109": Kind.SHORT_CODE}
    assert config.policy.rules == {"spoof.fixed-cli-abroad": Action.OBSERVE}
    assert (config.calls.max, config.calls.setup_idle_s) == (5000, 300)
    assert config.breaker.hold_s == 300


def test_paths_are_relative_to_the_file() -> None:
    text = GOOD.replace("list.csv", "/srv/list.csv")
    config = parse(text, Path("/etc/qalqan/edge.toml"))
    assert config.node.state_dir == Path("/etc/qalqan/state")
    assert config.blocklist.files == (Path("/srv/list.csv"),)
    assert config.tap["mirror"].settings.model_dump()["files"] == (
        Path("/etc/qalqan/capture.pcap"),
    )


def test_a_trunk_stops_nothing_unless_told_to() -> None:
    config = parse(GOOD.replace('mode = "enforce"\n', ""), Path("edge.toml"))
    assert config.trunk["intl"].mode is Mode.OBSERVE


GATE = '[gate.sbc]\ndriver = "sip_redirect"\npeers = ["192.0.2.1"]\n'


def test_how_calls_of_a_trunk_are_stopped() -> None:
    trunk = parse(GOOD, Path("edge.toml")).trunk["intl"]
    assert (trunk.gates, trunk.enforcer, trunk.stops_per_min) == ((), None, 600)
    text = GOOD.replace('mode = "enforce"\n', "{}\n") + GATE
    gated = parse(text.replace("{}\n", 'gates = ["sbc"]\n'), Path("edge.toml")).trunk["intl"]
    assert (gated.gates, gated.enforcer) == (("sbc",), None)
    told = parse(text.replace("{}\n", 'enforcer = "nobody"\n'), Path("edge.toml")).trunk["intl"]
    assert (told.gates, told.enforcer) == ((), "nobody")


def test_a_switch_asks_or_is_told_and_never_both() -> None:
    keys = 'gates = ["sbc"]\nenforcer = "nobody"\n'
    with pytest.raises(ConfigError) as told:
        parse(GOOD.replace('mode = "enforce"\n', keys) + GATE, Path("edge.toml"))
    assert str(told.value) == (
        "edge.toml:20: trunk.intl.enforcer: "
        "its switch asks at a gate, or is told by an enforcer: not both"
    )


def test_how_long_is_waited_unless_said() -> None:
    table = parse(GOOD, Path("edge.toml")).enforce
    assert (table.stop, table.deadline_ms, table.within_s, table.again_s) == (False, 2000, 10, 4)


def test_what_is_shown_reads_as_the_same_configuration() -> None:
    config = parse(GOOD, Path("/etc/qalqan/edge.toml"))
    shown = show(config)
    assert parse(shown, Path("/elsewhere/edge.toml")) == config
    assert "window_s = 60" in shown


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    absent = tmp_path / "edge.toml"
    with pytest.raises(ConfigError, match=r"edge\.toml: No such file"):
        load(absent)
    absent.write_bytes(b"[node]\nname = '\xff'")
    with pytest.raises(ConfigError, match=r"edge\.toml: octet 15 is not UTF-8"):
        load(absent)


def test_the_schema_describes_every_key_of_every_driver() -> None:
    tables = schema()
    (named,) = tables["properties"]["tap"]["patternProperties"].values()
    pcap = next(t for t in named["oneOf"] if t["properties"]["driver"]["const"] == "pcap")
    assert pcap["required"] == ["driver", "files"]
    assert pcap["additionalProperties"] is False
    described = tables["$defs"]["BreakerTable"]["properties"].values()
    assert all(key["description"] for key in described)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("status = 503", "answer.status"),
        ("status = 608", "answer.card_url: value error, status 608 needs it"),
        ('card_url = "http://redress.example/"', "answer.card_url: value error, this is no https"),
        ('url = "https://192.0.2.1/"', "answer.url: value error, this is no url"),
        ('tel = "87172000001"', "answer.tel: value error, this is no tel"),
        ('email = "redress"', "answer.email: value error, this is no email"),
        ('location = "moon"', "answer.location: value error, a location is one of user, private"),
        ('desk = "desk"', "answer.desk: value error, a desk is a SIP URI"),
    ],
)
def test_an_answer_that_may_not_be_given_is_refused(line: str, why: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse(f"{GOOD}[answer]\n{line}\n", Path("edge.toml"))
    assert f": {why}" in str(refusal.value)


def test_an_answer_is_read_in_any_order() -> None:
    text = f'{GOOD}[answer]\ncard_url = "https://redress.example/card"\nstatus = 608\n'
    assert parse(text, Path("edge.toml")).answer.terms().status == 608
