# SPDX-License-Identifier: Apache-2.0
"""The twins: the same segments octet by octet, the same answers, the same refusals."""

import random
import shutil
from array import array

import pytest
from hypothesis import given, settings, strategies as st

from edge.blocklist import kernel
from edge.blocklist.kernel import python_pack, python_touch, python_unpack
from edge.blocklist.layout import digits_of, homes_for, key_of, read_head
from edge.errors import ListError
from tests.blocklist.images import BUILT, KERNELS, columns, entry, groups, image, snapshot

PACKS = [python_pack, kernel.pack] if BUILT else [python_pack]
UNPACKS = [python_unpack, kernel.unpack] if BUILT else [python_unpack]

DIGITS = st.text("0123456789", min_size=1, max_size=15)


def test_it_says_which_runs():
    assert kernel.which() == ("compiled" if BUILT else "python")


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler here")
def test_where_there_is_a_compiler_there_is_a_compiled_kernel():
    assert BUILT


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(DIGITS, st.integers(0, 9000), min_size=1, max_size=60),
    st.booleans(), st.integers(1, 80),
)  # fmt: skip
def test_both_pack_the_same_octets_and_get_them_back(numbers, wide, homes):
    pairs = sorted((key_of(one), group if wide else group % 50) for one, group in numbers.items())
    keys, found = array("Q", [key for key, _ in pairs]), array("I", [group for _, group in pairs])
    packed = []
    for pack in PACKS:
        uses = array("Q", bytes(8 * 9001))
        packed.append((*pack(keys, found, uses, wide=wide, homes=homes), uses.tobytes()))
        assert sum(uses) == len(pairs)
    assert packed[0] == packed[-1]
    octets, slots, _ = packed[0]
    for unpack in UNPACKS:
        assert unpack(memoryview(octets), slots, wide=wide) == (keys, found)


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize(
    ("keys", "found"),
    [
        pytest.param([15, 14], [0, 0], id="descending"),
        pytest.param([15, 15], [0, 0], id="twice"),
        pytest.param([1], [0], id="no digits"),
        pytest.param([25], [0], id="no leading 1"),
        pytest.param([10**16], [0], id="16 digits"),
        pytest.param([15], [2], id="no such group"),
        pytest.param([15], [], id="no group"),
    ],
)
def test_what_is_no_list_is_not_packed(pack, keys, found):
    with pytest.raises(ListError):
        pack(array("Q", keys), array("I", found), array("Q", [0, 0]), wide=False, homes=8)


@pytest.mark.parametrize("unpack", UNPACKS)
@pytest.mark.parametrize("slots", [0, 3])
def test_a_segment_larger_than_its_octets_is_refused(unpack, slots):
    with pytest.raises(ListError):
        unpack(memoryview(bytes(16)), slots, wide=False)


@pytest.mark.parametrize("found", KERNELS)
@pytest.mark.parametrize("count", [1, 40, 8192, 8193, 20_000])
def test_every_number_has_its_group_however_many_groups(found, count):
    rng = random.Random(count)
    keys = sorted({10**11 + rng.randrange(10**11) for _ in range(count + 10)})
    which = [*range(count), *(rng.randrange(count) for _ in keys[count:])]
    octets = image(columns(keys, which, groups(count)))
    assert read_head(memoryview(octets)).wide is (count > 8192)
    one = found(memoryview(octets), read_head(memoryview(octets)))
    assert [one.find(digits_of(key)) for key in keys] == which
    assert one.find(digits_of(keys[0] - 1)) == -1


@pytest.mark.parametrize("found", KERNELS)
def test_a_list_of_many_segments_is_found_end_to_end(found):
    keys = range(10**11 + 77_170_000_000, 10**11 + 77_170_150_000)
    octets = image(columns(keys, [0] * len(keys), groups(1)))
    one = found(memoryview(octets), read_head(memoryview(octets)))
    assert all(one.find(digits_of(key)) == 0 for key in keys)
    assert one.find(digits_of(keys[0] - 1)) == one.find(digits_of(keys[-1] + 1)) == -1


def test_numbers_in_a_row_scatter_into_few_more_slots_than_homes():
    keys = array("Q", range(10**11 + 77_170_000_000, 10**11 + 77_170_065_536))
    _, slots = kernel.pack(
        keys, array("I", bytes(4 * len(keys))), array("Q", [0]), wide=False, homes=homes_for(65536)
    )
    assert slots < homes_for(65536) + 100


@pytest.mark.parametrize("found", KERNELS)
@pytest.mark.parametrize("digits", ["", "+7", "7 7", "x", "٧٧", "\ud800", "7\0", "7" * 10_000])
def test_what_is_no_number_is_covered_by_nothing(found, digits):
    opened = snapshot([entry("77172000001"), entry("8*"), entry("10..19")], found)
    assert found(opened.image, opened.layout).find(digits) == -1


def test_touching_reads_every_page():
    image = memoryview(b"".join(bytes([page]) * 4096 for page in (1, 2, 4)))
    assert python_touch(image) == 7
    assert kernel.touch(image) == 7
