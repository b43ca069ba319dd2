# SPDX-License-Identifier: Apache-2.0
"""The chain of reasons as text and as JSON."""

import json
from datetime import UTC, datetime

from hypothesis import given, strategies as st

from edge.blocklist.simple import SimpleBlocklist
from edge.model.number import Party, Refusal
from edge.model.verdict import Mode
from edge.verdict.breaker import Limits
from edge.verdict.engine import Engine
from edge.verdict.explain import explain, explanation, utc
from edge.verdict.guardrail import Guardrail, Protected
from edge.verdict.policy import Policy
from tests.verdict.calls import (
    ABROAD,
    FIXED,
    GB,
    NOW,
    NOW_S,
    POLICE,
    call,
    entry,
    no_alarm,
    refused,
)

LISTED = entry("4477009*", valid_from=NOW_S - 86_400, valid_until=NOW_S + 86_400, source="op 7")
BLOCKLIST = SimpleBlocklist("national", 42, [LISTED])


def decide(offer, mode=Mode.ENFORCE):
    guardrail = Guardrail(Protected(), Limits(), no_alarm)
    return Engine(Policy(BLOCKLIST), guardrail, {ABROAD.name: mode}).decide(offer, NOW)


def test_a_block_is_explained_by_list_entry_and_legal_basis():
    offer = call(GB, FIXED)
    assert (
        explain(offer, decide(offer))
        == """\
BLOCK
  call 9f3c@192.0.2.1, attempt 1, sip, at 2026-01-01T00:00:00Z
  from +447700900123 to +77172000001
  trunk ALA-INT (international), mode enforce
  decided by list.calling, basis list
  list version 42
  legal basis AST-1
  category bank
1. A calling number is listed. [list.calling]
     from: +447700900123
     list: national
     version: 42
     entry: +4477009*
     action: block
     category: bank
     legal basis: AST-1
     valid from: 2025-12-31T00:00:00Z
     valid until: 2026-01-02T00:00:00Z
     scope: all
     source: op 7
"""
    )


def test_an_observed_block_says_what_would_have_been_done():
    offer = call(GB, FIXED)
    assert explain(offer, decide(offer, Mode.OBSERVE)).startswith(
        "OBSERVE, in enforce mode BLOCK\n"
    )


def test_a_guardrail_is_explained_by_what_it_overruled():
    offer = call(GB, POLICE)
    text = explain(offer, decide(offer))
    assert text.startswith("ALLOW\n")
    assert "  from +447700900123 to 102\n" in text
    assert "\n1. A calling number is listed. [list.calling]\n" in text
    assert text.endswith(
        "\n2. The call goes to an emergency service. [guardrail.emergency-called]\n"
    )


def test_an_ordinary_call_is_explained_by_silence():
    offer = call(refused("", Refusal.ABSENT), trunk=type(ABROAD)("T", ABROAD.kind.PBX))
    text = explain(offer, decide(offer))
    assert "  from (none) to +77172000001\n" in text
    assert text.endswith("No list and no rule spoke of this call.\n")


def test_what_the_wire_said_cannot_write_to_the_terminal():
    offer = call(Party("from", refused("\x1b[2J\n1. ALLOW", Refusal.NOT_DIGITS)))
    text = explain(offer, decide(offer))
    assert "\x1b" not in text
    assert "\n1. ALLOW" not in text


def test_json_says_the_same():
    offer = call(GB, FIXED)
    said = json.loads(json.dumps(explanation(offer, decide(offer, Mode.OBSERVE))))
    assert said.pop("reasons") == [
        {
            "rule": "list.calling",
            "text": "A calling number is listed.",
            "facts": [
                ["from", "+447700900123"], ["list", "national"], ["version", "42"],
                ["entry", "+4477009*"], ["action", "block"], ["category", "bank"],
                ["legal_basis", "AST-1"], ["valid_from", str(NOW_S - 86_400)],
                ["valid_until", str(NOW_S + 86_400)], ["scope", "all"], ["source", "op 7"],
            ],
        }
    ]  # fmt: skip
    assert said == {
        "schema": 1, "time": NOW_S, "trunk": "ALA-INT", "class": "international", "proto": "sip",
        "call": "9f3c@192.0.2.1", "attempt": 1, "calling": "+447700900123",
        "called": "+77172000001", "action": "observe", "wanted": "block", "mode": "observe",
        "basis": "list", "rule": "list.calling", "list_version": 42, "legal_basis": "AST-1",
        "category": "bank",
    }  # fmt: skip


@given(st.integers(0, 253_402_300_799))
def test_moments_are_those_of_the_calendar(at_s):
    assert utc(at_s) == datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
