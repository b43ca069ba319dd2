# SPDX-License-Identifier: Apache-2.0
"""The shapes of `--json`, kept: whoever reads them must not wake up to other keys."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from edge.cli import jsonlines
from edge.model.event import TapBlind
from edge.model.number import Kind, Number, Party, Presentation, Refusal
from edge.model.unit import ClockQuality
from tests.cli.conftest import VECTORS, Qalqan
from tests.cli.test_decode import save
from tests.decode.test_signalling import BYE

MESSAGE = "n t proto type call calling called cseq from to via user_agent"
MALFORMED = "n t layer offset why octets data"
EVENT = "event t call attempt"

SHAPES = {
    "message": MESSAGE,
    "call_offered": f"{EVENT} n tap trunk class proto calling called identities facts",
    "call_progressed": f"{EVENT} stage cause",
    "call_answered": f"{EVENT} after_s",
    "call_released": f"{EVENT} cause by answered lasted_s",
    "verdict": f"{EVENT} trunk action wanted mode basis rule calling called reasons took_us",
}
"Keys that a line of a kind always has; those that it may have beside them stand below."

OPTIONAL = {
    "message": "oddities file",
    "call_released": "sip_status q850_cause",
    "verdict": "list_version legal_basis",
}

DECODE_SUMMARY = "version frames messages malformed other lost"
REPLAY_SUMMARY = (
    "version frames malformed other lost offered answered released allowed noted blocked"
    " would_block diverted would_divert by_rule by_trunk calls balance by_alarm alarms verdict_us"
)
BALANCE = {
    "tap": "offered heard lost",
    "decode": "heard messages parts copies malformed other",
    "verdict": "offered allowed noted blocked would_block diverted would_divert",
    "call": "offered released up",
}


def kind(line: dict[str, Any]) -> str:
    return line.get("event", "message")


def check(lines: list[dict[str, Any]]) -> set[str]:
    """Hold every line against the shape of its kind; return the kinds met."""
    for line in lines:
        always, maybe = (set(table.get(kind(line), "").split()) for table in (SHAPES, OPTIONAL))
        assert always <= line.keys() <= always | maybe, line
    return {kind(line) for line in lines}


def test_version() -> None:
    assert jsonlines.SCHEMA_VERSION == 1


def test_lines_of_decode(qalqan: Qalqan, tmp_path: Path) -> None:
    lines = qalqan("decode", VECTORS / "rejected.pcap", "--json").lines
    assert check(lines[:-1]) == {"message"}
    assert lines[-1].keys() == {"summary"}
    assert set(lines[-1]["summary"]) == set(DECODE_SUMMARY.split())
    save(tmp_path / "odd.pcapng")
    malformed, _ = qalqan("decode", tmp_path / "odd.pcapng", "--json").lines
    assert malformed.keys() == {"malformed"}
    assert set(malformed["malformed"]) == set(MALFORMED.split())


def test_lines_of_replay(qalqan: Qalqan, config: Path) -> None:
    lines = qalqan("replay", VECTORS / "spoofed_7172.pcap", "-c", config, "--json").lines
    assert check(lines[:-1]) == SHAPES.keys() - {"message"}
    summary = lines[-1]["summary"]
    assert set(summary) == set(REPLAY_SUMMARY.split())
    assert {stage: set(counts) for stage, counts in summary["balance"].items()} == {
        stage: set(names.split()) for stage, names in BALANCE.items()
    }
    (reason,) = next(line for line in lines if line["event"] == "verdict")["reasons"]
    assert reason.keys() == {"rule", "text", "facts"}


def test_oddities(qalqan: Qalqan, tmp_path: Path) -> None:
    save(tmp_path / "odd.pcapng", BYE.replace(b"Content-Length: 0", b"X: y") + b"body")
    line, *_ = qalqan("decode", tmp_path / "odd.pcapng", "--json").lines
    assert line["oddities"] == ["no Content-Length"]


@pytest.mark.parametrize(
    ("digits", "text"),
    [(9, "1.000000009"), (6, "1.000000"), (0, "1"), (3, "1.000")],
)
def test_seconds_have_just_the_digits_of_the_clock(digits: int, text: str) -> None:
    assert str(jsonlines.seconds(1_000_000_009, ClockQuality("x", digits))) == text


def test_times_are_numbers_in_full(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    jsonlines.put({"t": jsonlines.seconds(1_795_466_499_648_466_001)})
    out, _ = capfdbinary.readouterr()
    assert out == b'{"t":1795466499.648466001}\n'
    assert json.loads(out, parse_float=Decimal)["t"] == Decimal("1795466499.648466001")


FIXED = Number("+7", "77172000001", Kind.FIXED, "KZ")
PARTIES = [
    (
        Party("from", FIXED, display="A", host="h", uri="u"),
        {"number": "+77172000001", "kind": "fixed", "country": "KZ", "display": "A", "host": "h"}
        | {"uri": "u"},
    ),
    (
        Party("to", Number("x", refusal=Refusal.NOT_DIGITS), presentation=Presentation.RESTRICTED),
        {"number": "x", "kind": "unknown", "refusal": "not-digits", "presentation": "restricted"},
    ),
    (
        Party("calling", Number("8", "77172000001", Kind.FIXED, "KZ", None, "8 before")),
        {"number": "+77172000001", "kind": "fixed", "country": "KZ", "repaired": "8 before"},
    ),
]


@pytest.mark.parametrize(("party", "expected"), PARTIES)
def test_party(party: Party, expected: dict[str, str]) -> None:
    line = jsonlines.party_line(party)
    assert line == {"role": party.role, "raw": party.number.raw} | expected


def test_blind() -> None:
    line = jsonlines.blind_line(TapBlind(5, "mirror", ("intl",), "fragments missing", 2))
    assert line == {
        "event": "tap_blind",
        "t": Decimal("0.000000005"),
        "tap": "mirror",
        "trunks": ["intl"],
        "cause": "fragments missing",
        "lost": 2,
    }
