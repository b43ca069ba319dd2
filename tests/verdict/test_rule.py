# SPDX-License-Identifier: Apache-2.0
"""The table of rules, its defaults and what may be changed of it."""

import re

import pytest

from edge.errors import ConfigError
from edge.model.verdict import Action
from edge.verdict import rule
from edge.verdict.rule import (
    ANALYTICS,
    BY_ID,
    GUARDRAILS,
    LISTS,
    RULES,
    Rule,
    RulePolicy,
    markdown_table,
)


def test_every_rule_of_the_module_stands_in_the_table_once():
    declared = [value for value in vars(rule).values() if isinstance(value, Rule)]
    assert sorted(BY_ID) == sorted(each.id for each in declared)
    assert len(BY_ID) == len(GUARDRAILS) + len(LISTS) + len(RULES) + len(ANALYTICS)


@pytest.mark.parametrize("each", BY_ID.values(), ids=BY_ID)
def test_every_rule_has_an_id_and_one_sentence(each):
    assert re.fullmatch(r"(guardrail|list|spoof|cli|identity|analytics)\.[a-z-]+", each.id)
    assert re.fullmatch(r"[A-Z][^.|]+\.", each.title)


def test_defaults():
    block = {each.id for each in RULES if each.action is Action.BLOCK}
    assert block == {
        "cli.unallocated",
        "spoof.fixed-cli-abroad",
        "spoof.fixed-cli-behind-foreign",
        "spoof.mobile-cli-not-roaming",
    }
    assert {each.action for each in RULES + ANALYTICS if each.id not in block} == {Action.OBSERVE}
    assert {each.action for each in GUARDRAILS} == {Action.ALLOW}


def test_each_rule_can_be_changed_alone():
    for each in RULES + ANALYTICS:
        actions = RulePolicy({each.id: Action.DIVERT}).actions()
        assert actions == RulePolicy().actions() | {each.id: Action.DIVERT}
        assert len(actions) == len(RULES + ANALYTICS)


@pytest.mark.parametrize("each", GUARDRAILS + LISTS, ids=lambda each: each.id)
def test_guardrails_and_lists_have_no_switch(each):
    with pytest.raises(ConfigError, match="has no switch"):
        RulePolicy({each.id: Action.BLOCK})


@pytest.mark.parametrize(
    ("name", "hint"),
    [("cli.malfomed", "did you mean 'cli.malformed'"), ("zzz", "known: cli.unallocated, ")],
)
def test_a_wrong_id_is_named_with_the_nearest_right_one(name, hint):
    with pytest.raises(ConfigError, match=re.escape(hint)):
        RulePolicy({name: Action.BLOCK})


def test_the_documents_show_every_rule():
    lines = markdown_table().splitlines()
    assert len(lines) == 2 + len(BY_ID)
    assert {line.split("`")[1] for line in lines[2:]} == set(BY_ID)
    assert lines[2].startswith("| `guardrail.emergency-called` | allow, always | The call goes")
    assert "| `list.calling` | as listed | A calling number is listed. |" in lines
    assert {line.count("|") for line in lines} == {4}
