# SPDX-License-Identifier: Apache-2.0
"""The list against a naive one that asks every entry, and against the precedence as written."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from edge.blocklist.entry import Blocklist, Entry, Hit, Listed, Shape
from edge.blocklist.simple import SimpleBlocklist
from edge.model.event import Trunk, TrunkClass
from edge.model.verdict import Action

ABROAD = Trunk("ALA-INT", TrunkClass.INTERNATIONAL)
NATIONAL = Trunk("AST-NAT", TrunkClass.NATIONAL)
NUMBER = "447700900123"


def entry(pattern: str, action: Action = Action.BLOCK, **fields: Any) -> Entry:
    low, _, high = pattern.removesuffix("*").partition("..")
    shape = Shape.RANGE if high else Shape.PREFIX if pattern.endswith("*") else Shape.EXACT
    values: dict[str, Any] = {"party": Listed.CALLING, "category": "", "basis": "AST-1"} | fields
    return Entry(shape, low, high or low, action=action, **values)


def found(
    blocklist: Blocklist,
    digits: str = NUMBER,
    party: Listed = Listed.CALLING,
    trunk: Trunk = ABROAD,
    at_s: int = 100,
) -> Entry | None:
    hit = blocklist.find(digits, party, trunk, at_s)
    return hit.entry if hit else None


EXACT = entry(NUMBER)
LONG = entry("447700900*")
SHORT = entry("4477*")
NARROW = entry("447700900120..447700900129")
WIDE = entry("447700900000..447700900999")


@pytest.mark.parametrize(
    ("entries", "speaks"),
    [
        pytest.param([SHORT, LONG, WIDE, NARROW, EXACT], EXACT, id="exact before all"),
        pytest.param([SHORT, LONG, WIDE, NARROW], LONG, id="longest prefix before ranges"),
        pytest.param([SHORT, NARROW], SHORT, id="any prefix before any range"),
        pytest.param([WIDE, NARROW], NARROW, id="narrowest range"),
        pytest.param([entry("447700900124")], None, id="another number"),
        pytest.param([entry("44770090012")], None, id="a shorter number is no prefix"),
        pytest.param([entry("4477009001234*")], None, id="a prefix longer than the number"),
        pytest.param([entry("447700900123*")], entry("447700900123*"), id="prefix as a whole"),
        pytest.param([entry("44770090012..44770090013")], None, id="a range of shorter numbers"),
        pytest.param([entry(NUMBER, party=Listed.CALLED)], None, id="of another party"),
        pytest.param([], None, id="an empty list"),
    ],
)
def test_the_most_specific_entry_speaks(entries, speaks):
    assert found(SimpleBlocklist("a", 1, entries)) == speaks
    assert found(SimpleBlocklist("a", 1, reversed(entries))) == speaks


ACTIONS = [Action.ALLOW, Action.BLOCK, Action.DIVERT, Action.OBSERVE]


@pytest.mark.parametrize("pattern", [NUMBER, "4477*", "447700900000..447700900999"])
@pytest.mark.parametrize("first", range(len(ACTIONS)))
def test_at_equal_width_allow_beats_block_beats_divert_beats_observe(pattern, first):
    entries = [entry(pattern, action) for action in ACTIONS[first:]]
    for order in (entries, entries[::-1]):
        assert found(SimpleBlocklist("a", 1, order)) == entries[0]


def test_at_equal_width_and_action_the_narrower_scope_speaks():
    scopes = ["trunk:ALA-INT", "class:international", "all"]
    entries = [entry(NUMBER, scope=scope) for scope in scopes]
    for order in (entries, entries[::-1]):
        assert found(SimpleBlocklist("a", 1, order)) == entries[0]
        assert found(SimpleBlocklist("a", 1, order), trunk=NATIONAL) == entries[2]


@pytest.mark.parametrize(
    ("fields", "at_s", "holds"),
    [
        pytest.param({"valid_from": 100}, 99, False, id="not yet"),
        pytest.param({"valid_from": 100}, 100, True, id="first second"),
        pytest.param({"valid_until": 100}, 99, True, id="last second"),
        pytest.param({"valid_until": 100}, 100, False, id="no more"),
        pytest.param({"scope": "class:international"}, 100, True, id="this class"),
        pytest.param({"scope": "class:national"}, 100, False, id="another class"),
        pytest.param({"scope": "trunk:ALA-INT"}, 100, True, id="this trunk"),
        pytest.param({"scope": "trunk:AST-NAT"}, 100, False, id="another trunk"),
    ],
)
@pytest.mark.parametrize("pattern", [NUMBER, "44770090*", "447700900120..447700900129"])
def test_an_entry_out_of_validity_or_scope_gives_way_to_the_next_wider(
    pattern, fields, at_s, holds
):
    narrow = entry(pattern, Action.ALLOW, **fields)
    wider = entry("447700000000..447799999999") if ".." in pattern else entry("447*")
    assert found(SimpleBlocklist("a", 1, [narrow, wider]), at_s=at_s) == (
        narrow if holds else wider
    )
    assert found(SimpleBlocklist("a", 1, [narrow]), at_s=at_s) == (narrow if holds else None)


def test_a_hit_names_its_list_and_a_list_knows_its_size():
    blocklist = SimpleBlocklist("national", 42, [EXACT, entry("1*", valid_until=1), LONG])
    assert blocklist.find(NUMBER, Listed.CALLING, ABROAD, 0) == Hit(EXACT, "national", 42)
    assert len(blocklist) == 3
    assert len(SimpleBlocklist("empty", 1)) == 0


# A world small enough that numbers, widths, times and scopes collide all the time.

digits = st.text("12", min_size=1, max_size=4)
SCOPES = ["all", "class:international", "class:national", "trunk:ALA-INT", "trunk:AST-NAT"]


@st.composite
def patterns(draw):
    if draw(st.booleans()):
        return draw(digits) + draw(st.sampled_from(["", "*"]))
    size = draw(st.integers(1, 4))
    of_size = st.text("12", min_size=size, max_size=size)
    return "..".join(sorted([draw(of_size), draw(of_size)]))


entries_drawn = st.builds(
    entry,
    patterns(),
    st.sampled_from(Action),
    party=st.sampled_from(Listed),
    category=st.sampled_from("ab"),
    valid_from=st.integers(0, 3),
    valid_until=st.integers(0, 4),
    scope=st.sampled_from(SCOPES),
)


def naive(
    entries: list[Entry], number: str, party: Listed, trunk: Trunk, at_s: int
) -> Entry | None:
    """Ask every entry, by the words of the design."""
    best, best_key = None, None
    for each in entries:
        covers = {
            Shape.EXACT: number == each.low,
            Shape.PREFIX: number.startswith(each.low),
            Shape.RANGE: len(number) == len(each.low)
            and int(each.low) <= int(number) <= int(each.high),
        }[each.shape]
        over = each.valid_until != 0 and at_s >= each.valid_until
        scopes = ["trunk:" + trunk.name, "class:" + trunk.kind.value, "all"]
        if not covers or over or at_s < each.valid_from or each.party is not party:
            continue
        if each.scope not in scopes:
            continue
        width = {
            Shape.EXACT: (1, 0),
            Shape.PREFIX: (2, -len(each.low)),
            Shape.RANGE: (3, int(each.high) - int(each.low)),
        }[each.shape]
        rest = (each.low, each.category, each.basis, each.valid_from, each.valid_until)
        key = (width, ACTIONS.index(each.action), scopes.index(each.scope), *rest)
        if best_key is None or key < best_key:
            best, best_key = each, key
    return best


@given(
    st.lists(entries_drawn, max_size=12),
    digits,
    st.sampled_from(Listed),
    st.sampled_from([ABROAD, NATIONAL]),
    st.integers(0, 5),
)
def test_it_answers_as_the_naive_list(entries, number, party, trunk, at_s):
    expected = naive(entries, number, party, trunk, at_s)
    assert found(SimpleBlocklist("a", 1, entries), number, party, trunk, at_s) == expected


@given(st.lists(entries_drawn, max_size=6), st.randoms(), digits)
def test_the_order_of_lines_never_matters(entries, random, number):
    shuffled = random.sample(entries, len(entries))
    assert found(SimpleBlocklist("a", 1, entries), number, at_s=2) == found(
        SimpleBlocklist("a", 1, shuffled), number, at_s=2
    )


@given(st.lists(entries_drawn, max_size=6), st.text(max_size=6))
def test_any_text_may_be_asked_for(entries, text):
    hit = SimpleBlocklist("a", 1, entries).find(text, Listed.CALLING, ABROAD, 2)
    if hit:
        assert hit.entry.low <= text[: len(hit.entry.low)] <= hit.entry.high
