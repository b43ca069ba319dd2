# SPDX-License-Identifier: Apache-2.0
"""A delta turns one list into another, octet by octet; what does not fit is refused."""

import random
from array import array
from io import BytesIO

import pytest
from hypothesis import given, settings, strategies as st

from edge.blocklist.codec import Head, read_wire, write_wire
from edge.blocklist.delta import changed, read_change
from edge.blocklist.entry import Shape
from edge.blocklist.sheet import Block, from_entries
from edge.errors import ListError
from tests.blocklist.images import (
    columns,
    delta_of,
    entry,
    groups,
    likely_groups,
    likely_keys,
    opened,
    snapshot_of,
)
from tests.blocklist.test_snapshot import entries


def applied(old, wire):
    reading = read_wire(BytesIO(wire))
    return opened(changed(old, read_change(reading), reading.head))


@settings(max_examples=250, deadline=None)
@given(st.sets(entries(), max_size=25), st.sets(entries(), max_size=25), st.booleans())
def test_a_delta_turns_one_list_into_the_other_octet_by_octet(one, other, related):
    old = opened(from_entries("fraud", 7, one))
    new = opened(from_entries("fraud", 9, one ^ set(list(other)[:3]) if related else other))
    result = applied(old, delta_of(old, new))
    assert result.layout == new.layout
    assert result.image == new.image


def test_a_delta_over_many_blocks_touches_each_rightly():
    rng = random.Random(1)
    keys = likely_keys(150_000)
    said = groups(3)
    old = opened(columns(keys, likely_groups(len(keys), of=3), said))
    kept = [key for key in keys if rng.random() > 0.001]
    more = sorted({*kept, *likely_keys(500, seed=9)})
    new = opened(columns(more, likely_groups(len(more), of=2), said[1:], version=2))
    assert applied(old, delta_of(old, new)).image == new.image


def test_a_delta_for_another_version_or_list_is_refused():
    old = opened(from_entries("fraud", 7, [entry("77172000001")]))
    new = opened(from_entries("fraud", 8, []))
    for name, version in (("fraud", 6), ("spam", 7)):
        wrong = opened(from_entries(name, version, [entry("77172000001")]))
        with pytest.raises(ListError, match="changes fraud 7"):
            applied(wrong, delta_of(old, new))


def test_a_delta_that_removes_what_is_not_there_is_refused():
    old = opened(from_entries("fraud", 7, [entry("77172000001")]))
    new = opened(from_entries("fraud", 8, []))
    empty = opened(from_entries("fraud", 7, []))
    with pytest.raises(ListError, match="removes what"):
        applied(empty, delta_of(old, new))


def test_a_delta_of_a_thousand_and_a_number_of_a_snapshot_are_small():
    keys = likely_keys(100_000)
    said = groups(40)
    old = opened(columns(keys, likely_groups(len(keys)), said))
    assert len(snapshot_of(old.sheet())) / len(keys) < 2.5
    more = sorted({*keys, *likely_keys(1100, seed=11)})
    groups_now = dict(zip(keys, likely_groups(len(keys)), strict=True))
    new = opened(columns(more, [groups_now.get(key, 7) for key in more], said, version=2))
    assert new.layout.numbers - old.layout.numbers > 1000
    assert len(delta_of(old, new)) < 3500


def test_changes_that_do_not_ascend_are_refused():
    block = Block(Shape.EXACT, array("Q", [18, 18]), array("Q"), array("I", [0, 0]))
    out = BytesIO()
    write_wire(out, Head("fraud", 1, 2, bytes(32), 2, 0, 0, 0), [], [block])
    with pytest.raises(ListError, match="do not ascend"):
        read_change(read_wire(BytesIO(out.getvalue())))
