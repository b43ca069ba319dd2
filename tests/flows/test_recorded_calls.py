# SPDX-License-Identifier: Apache-2.0
"""Every recorded capture through the whole pipeline: each call once, and what becomes of it."""

import csv
import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge.cli import app

VECTORS = Path(__file__).parents[1] / "vectors" / "sip"
CONFIG = VECTORS / "edge.toml"
INDEX = tomllib.loads((VECTORS / "index.toml").read_text("utf-8"))

Line = dict[str, Any]

SPOOFED = "would_block spoof.fixed-cli-abroad"
OUTCOMES = {
    ("spoofed_7172", "intl"): SPOOFED,
    ("pai_mismatch", "intl"): SPOOFED,
    ("hidden", "intl"): "noted cli.restricted",
}
"Of captures where not every call is simply let through."

CAUSES = {
    "answered": {"BYE"},
    "busy": {"486"},
    "declined": {"603"},
    "unknown": {"404"},
    "cancelled": {"487"},
    "unanswered": {"408", "487"},
}
"How a call ended by plan -> how it was heard to end."


def replay(capture: str, config: Path = CONFIG) -> list[Line]:
    done = CliRunner().invoke(
        app, ["replay", str(VECTORS / capture), "--config", str(config), "--json"]
    )
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def planned(name: str) -> list[dict[str, str]]:
    """Return what calls a capture was planned to hold."""
    entry = INDEX[name]
    if "listed_in" not in entry:
        return entry["call"]
    with (VECTORS / entry["listed_in"]).open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def outcome(verdict: Line) -> str:
    if verdict["wanted"] == "block":
        return f"would_block {verdict['rule']}"
    return f"noted {verdict['rule']}" if verdict["action"] == "observe" else "allowed"


@pytest.mark.parametrize("name", INDEX)
def test_each_call_is_offered_once_though_heard_on_every_hop(name: str) -> None:
    lines, calls = replay(INDEX[name]["file"]), planned(name)
    offers = [line for line in lines if line.get("event") == "call_offered"]
    assert sorted(offer["call"] for offer in offers) == sorted(call["call"] for call in calls)
    assert {offer["attempt"] for offer in offers} == {1}
    heard = {offer["call"]: offer for offer in offers}
    for call in calls:
        offer = heard[call["call"]]
        asserted = call["asserted"] if call["calling"] == "anonymous" else call["calling"]
        said = (offer["trunk"], offer["calling"], offer["called"])
        assert said == (call["peer"], asserted, call["called"])
    summary = lines[-1]["summary"]
    assert (summary["offered"], summary["malformed"]) == (INDEX[name]["calls"], 0)


@pytest.mark.parametrize("name", INDEX)
def test_each_call_ends_as_it_was_planned(name: str) -> None:
    lines = replay(INDEX[name]["file"])
    released = {line["call"]: line for line in lines if line.get("event") == "call_released"}
    for call in planned(name):
        release = released[call["call"]]
        assert release["cause"] in CAUSES[call["outcome"]]
        assert release["answered"] is (call["outcome"] == "answered")


@pytest.mark.parametrize("name", [name for name in INDEX if "listed_in" not in INDEX[name]])
def test_verdicts(name: str) -> None:
    for line in replay(INDEX[name]["file"]):
        if line.get("event") == "verdict":
            assert outcome(line) == OUTCOMES.get((name, line["trunk"]), "allowed")


def test_mixed_traffic_by_kind_of_caller() -> None:
    """The list that this capture was made for is not asked here: the rules alone speak."""
    kinds = {call["call"]: call["kind"] for call in planned("mixed_traffic")}
    verdicts = [line for line in replay("mixed_traffic.pcap") if line.get("event") == "verdict"]
    found = Counter((kinds[line["call"]], outcome(line)) for line in verdicts)
    spoofed = {outcome for kind, outcome in found if kind == "spoofed"}
    assert spoofed == {SPOOFED}
    assert {outcome for kind, outcome in found if kind.startswith("hidden")} == {
        "noted cli.restricted"
    }
    assert {kind for kind, outcome in found if outcome == SPOOFED} == {"spoofed"}
    assert {outcome for kind, outcome in found if kind in {"ordinary", "emergency"}} == {"allowed"}


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    """A configuration that enforces a list of every caller of the emergency capture, and more."""
    callers = [call["calling"] for call in planned("emergency") + planned("plain_call")]
    rows = [f"{caller},calling,block,fraud,AST-2026-1" for caller in callers]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["# version: 5", "pattern,party,action,category,basis", *rows, ""]))
    text = CONFIG.read_text("utf-8").replace("peers", 'mode = "enforce"\npeers')
    config = tmp_path / "edge.toml"
    config.write_text(text + '\n[blocklist]\nfiles = ["list.csv"]\n', "utf-8")
    return config


def test_an_emergency_call_is_allowed_even_to_a_listed_caller(listing: Path) -> None:
    verdicts = [
        line for line in replay("emergency.pcapng", listing) if line.get("event") == "verdict"
    ]
    assert {line["called"] for line in verdicts} == {"112", "102"}
    for line in verdicts:
        assert (line["action"], line["rule"]) == ("allow", "guardrail.emergency-called")
        assert [reason["rule"] for reason in line["reasons"]] == [
            "list.calling",
            "guardrail.emergency-called",
        ]


def test_a_listed_caller_is_blocked_where_the_trunk_enforces(listing: Path) -> None:
    (verdict,) = (
        line for line in replay("plain_call.pcap", listing) if line.get("event") == "verdict"
    )
    assert (verdict["action"], verdict["rule"]) == ("block", "list.calling")
    assert (verdict["list_version"], verdict["legal_basis"]) == (5, "AST-2026-1")
