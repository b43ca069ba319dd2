# SPDX-License-Identifier: Apache-2.0
"""A list in columns: the same entries are the same octets, in whatever order they come."""

from array import array

import msgspec
import pytest

from edge.blocklist.entry import Shape
from edge.blocklist.sheet import (
    Block,
    by_shape,
    decode_group,
    digest_of,
    encode_group,
    from_entries,
    terms_of,
)
from edge.errors import ListError
from edge.model.verdict import Action
from tests.blocklist.images import entry, groups, opened


def test_the_canonical_hash_is_of_the_entries_alone():
    one = from_entries("fraud", 7, [entry("4477*"), entry("77172000001")])
    other = from_entries("spam", 8, [entry("77172000001"), entry("4477*"), entry("4477*")])
    assert digest_of(one) == digest_of(other) == opened(one).layout.digest
    assert digest_of(one) != digest_of(from_entries("fraud", 7, [entry("4477*")]))


def test_a_group_is_the_same_whatever_the_order_of_its_entries():
    one, other = entry("1", action=Action.ALLOW), entry("1", basis="order-2")
    assert encode_group([one, other, one]) == encode_group([other, one])
    assert decode_group(encode_group([other, one])) == (terms_of(one), terms_of(other))


@pytest.mark.parametrize(
    ("field", "value"),
    [(0, "nobody"), (1, "kill"), (2, "x" * 300), (4, -1), (6, "class:"), (6, "everywhere"), (3, 7)],
)
def test_a_group_that_we_never_write_is_refused(field, value):
    fields = [*msgspec.to_builtins(terms_of(entry("1")))]
    fields[field] = value
    with pytest.raises(ListError, match="cannot be read"):
        decode_group(msgspec.msgpack.encode([fields]))


def test_blocks_come_full_whatever_they_came_in():
    keys = array("Q", range(10**6, 10**6 + 150_000))
    parts = [
        Block(
            Shape.EXACT, keys[at : at + 999], array("Q"), array("I", [0] * len(keys[at : at + 999]))
        )
        for at in range(0, len(keys), 999)
    ]
    found = {shape: list(blocks) for shape, blocks in by_shape(parts)}
    assert [len(block.keys) for block in found[Shape.EXACT]] == [65536, 65536, 18928]
    assert array("Q", [key for block in found[Shape.EXACT] for key in block.keys]) == keys
    assert found[Shape.PREFIX] == found[Shape.RANGE] == []


def test_shapes_out_of_order_are_refused():
    one = Block(Shape.PREFIX, array("Q", [17]), array("Q"), array("I", [0]))
    with pytest.raises(ListError, match="out of order"):
        [list(blocks) for _, blocks in by_shape([one, one._replace(shape=Shape.EXACT)])]


def test_an_empty_list_has_a_hash_too():
    assert digest_of(from_entries("fraud", 1, [])) == opened(from_entries("x", 2, [])).layout.digest
    assert len({digest_of(from_entries("fraud", 1, [])), *groups(0)}) == 1
