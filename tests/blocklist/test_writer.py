# SPDX-License-Identifier: Apache-2.0
"""What is no canonical list is never written as one."""

import tracemalloc
from array import array

import pytest

from edge.blocklist.entry import Shape
from edge.blocklist.layout import key_of
from edge.blocklist.sheet import Block, Sheet
from edge.blocklist.writer import write_image
from edge.errors import ListError
from tests.blocklist.images import columns, groups, image, likely_groups, likely_keys

KEY = key_of("77172000001")


def ranges(*pairs):
    lows, highs = zip(*pairs, strict=True)
    block = Block(Shape.RANGE, array("Q", lows), array("Q", highs), array("I", [0] * len(pairs)))
    return Sheet("fraud", 1, groups(1), [block])


@pytest.mark.parametrize(
    ("sheet", "why"),
    [
        pytest.param(columns([KEY], [0], groups(2)), "nothing uses", id="unused group"),
        pytest.param(columns([KEY], [1], groups(1)), "does not have", id="no such group"),
        pytest.param(columns([KEY, KEY], [0, 0], groups(1)), "ascend", id="twice"),
        pytest.param(columns([KEY], [0], [*groups(1), *groups(1)]), "ascend", id="group twice"),
        pytest.param(columns([KEY], [0], [b"\x90"]), "empty group", id="empty group"),
        pytest.param(columns([KEY], [0], [b"x"]), "cannot be read", id="no group"),
        pytest.param(columns([KEY], [0], [bytes(65537)]), "64 KiB", id="large group"),
        pytest.param(ranges((KEY, KEY - 1)), "ascend", id="range the wrong way round"),
        pytest.param(ranges((KEY, KEY), (KEY, KEY)), "ascend", id="range twice"),
        pytest.param(ranges((KEY, 10 * KEY)), "none of numbers", id="ends of two lengths"),
        pytest.param(ranges((5, 6)), "none of numbers", id="ends without digits"),
    ],
)
def test_what_is_not_canonical_is_refused(sheet, why):
    with pytest.raises(ListError, match=why):
        image(sheet)


def test_keys_ascend_across_blocks():
    block = columns(range(10**6, 10**6 + 65536), [0] * 65536, groups(1)).blocks[0]
    with pytest.raises(ListError, match="ascend"):
        image(Sheet("fraud", 1, groups(1), [block, block]))


def test_a_number_costs_less_than_ten_octets_and_a_stream_a_few_blocks(tmp_path):
    keys = likely_keys(300_000)
    sheet = columns(keys, likely_groups(len(keys)), groups(40))
    path = tmp_path / "fraud.look"
    tracemalloc.start()
    with path.open("wb") as out:
        write_image(sheet, out)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert path.stat().st_size / len(keys) < 10
