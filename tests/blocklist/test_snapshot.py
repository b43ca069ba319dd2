# SPDX-License-Identifier: Apache-2.0
"""Both kernels, the list in dicts and a search through all entries agree on everything."""

from contextlib import suppress

import pytest
from hypothesis import given, settings, strategies as st
from typing_extensions import override

from edge.blocklist.entry import Blocklist, Entry, Listed, Shape
from edge.blocklist.kernel import PythonKernel
from edge.blocklist.sheet import from_entries, to_entries
from edge.blocklist.simple import SimpleBlocklist
from edge.blocklist.snapshot import Snapshot
from edge.errors import ListError
from edge.model.event import Trunk, TrunkClass
from edge.model.verdict import Action
from tests.blocklist.images import KERNELS, entry, image, snapshot

A, B = Trunk("astana", TrunkClass.INTERNATIONAL), Trunk("semey", TrunkClass.LOCAL)

# Few digits and few lengths, so that entries meet; 14 to 16 digits, so that they meet the limit.
NUMBERS = st.text("017", min_size=1, max_size=4) | st.sampled_from(
    ["70000000000000", "700000000000000", "700000000000001", "077777777777777", "999999999999999"]
)
ASKED = NUMBERS | st.sampled_from(["", "7000000000000001", "7000000000000000"])


@st.composite
def entries(draw):
    shape = draw(st.sampled_from(Shape))
    low = high = draw(NUMBERS)
    if shape is Shape.RANGE:
        other = draw(st.text("0179", min_size=len(low), max_size=len(low)))
        low, high = min(low, other), max(low, other)
    start = draw(st.integers(0, 3))
    return Entry(
        shape, low, high,
        draw(st.sampled_from(Listed)), draw(st.sampled_from(Action)),
        draw(st.sampled_from(["fraud", "spam"])), draw(st.sampled_from(["o1", "o2"])),
        start, draw(st.sampled_from([0, start + 1, start + 2])),
        draw(st.sampled_from(["all", "class:international", "trunk:semey", "trunk:all"])),
    )  # fmt: skip


def reference(listed, digits, party, trunk, at_s):
    """Search all entries; return the best, all that tie with it among them, as a set."""
    found = []
    for one in listed:
        if one.shape is Shape.PREFIX:
            speaks, width = digits.startswith(one.low), (1, -len(one.low))
        else:
            speaks = len(digits) == len(one.low) and one.low <= digits <= one.high
            width = (0 if one.shape is Shape.EXACT else 2, int(one.high) - int(one.low))
        speaks &= one.party is party
        speaks &= one.valid_from <= at_s and (one.valid_until == 0 or at_s < one.valid_until)
        speaks &= one.scope in {"all", f"trunk:{trunk.name}", f"class:{trunk.kind.value}"}
        if speaks:
            found.append((width, one.action is not Action.ALLOW, one))
    best = min((each[:2] for each in found), default=None)
    return {each[2] for each in found if each[:2] == best}


@settings(max_examples=400, deadline=None)
@given(
    st.sets(entries(), max_size=25), st.lists(ASKED, min_size=1, max_size=10),
    st.sampled_from(Listed), st.sampled_from([A, B]), st.integers(0, 6),
)  # fmt: skip
def test_all_agree(listed, asked, party, trunk, at_s):
    octets = image(from_entries("fraud", 7, listed))
    mapped = [Snapshot(memoryview(octets), kernel) for kernel in KERNELS]
    lists: list[Blocklist] = [SimpleBlocklist("fraud", 7, listed), *mapped]
    for digits in [*asked, *(one.low for one in listed), *(one.high for one in listed)]:
        want = reference(listed, digits, party, trunk, at_s)
        hits = [one.find(digits, party, trunk, at_s) for one in lists]
        assert all(hit == hits[0] for hit in hits)
        assert hits[0].entry in want if hits[0] else not want
    assert len(mapped[0]) == len(listed)


@settings(max_examples=100, deadline=None)
@given(st.sets(entries(), max_size=25))
def test_the_entries_come_back(listed):
    octets = image(from_entries("fraud", 7, listed))
    opened = Snapshot(memoryview(octets))
    opened.verify()
    assert set(to_entries(opened.sheet())) == listed
    assert image(opened.sheet()) == octets


@pytest.mark.parametrize("kernel", KERNELS)
def test_an_empty_list_knows_no_number(kernel):
    empty = snapshot([], kernel)
    assert empty.find("77172000001", Listed.CALLING, A, 0) is None
    assert len(empty) == 0


@pytest.mark.parametrize("kernel", KERNELS)
def test_an_entry_that_is_none_now_gives_way_to_the_next_wider(kernel):
    listed = [
        entry("447700900123", valid_until=100),
        entry("4477009*", action=Action.DIVERT, scope="trunk:semey"),
        entry("447700900000..447700900999", action=Action.OBSERVE),
    ]
    opened = snapshot(listed, kernel)
    asked = [(99, A), (100, A), (100, B)]
    found = [opened.find("447700900123", Listed.CALLING, trunk, at).entry for at, trunk in asked]
    assert found == [listed[0], listed[2], listed[1]]
    assert opened.find("447700900123", Listed.CALLED, A, 99) is None


SMALL = image(
    from_entries(
        "fraud", 3, [entry("77172000001"), entry("4477*"), entry("15550100..15550199")]
    )
)  # fmt: skip


@pytest.mark.parametrize("kernel", KERNELS)
def test_any_flipped_bit_is_found_by_verify_and_harms_no_look_up(kernel):
    for at in range(len(SMALL)):
        spoilt = bytearray(SMALL)
        spoilt[at] ^= 1 << at % 8
        try:
            opened = Snapshot(memoryview(spoilt), kernel)
        except ListError:
            continue
        for digits in ("77172000001", "4477123", "15550150", "9"):
            opened.find(digits, Listed.CALLING, A, 0)
        with pytest.raises(ListError):
            opened.verify()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600), st.integers(0, len(SMALL)))
def test_no_octets_do_more_than_raise_a_list_error(octets, at):
    spoilt = SMALL[:at] + octets + SMALL[at + len(octets) :]
    for kernel in KERNELS:
        with suppress(ListError):
            Snapshot(memoryview(spoilt), kernel).find("4477123", Listed.CALLING, A, 0)


def test_the_kernel_in_python_is_asked_once_for_a_miss():
    asked = []

    class Counting(PythonKernel):
        @override
        def find(self, digits, /):
            asked.append(digits)
            return super().find(digits)

    assert snapshot([entry("77172000001")], Counting).find("1", Listed.CALLING, A, 0) is None
    assert asked == ["1"]
