# SPDX-License-Identifier: Apache-2.0
"""The centre's desk: edits, differences, and that what is signed is what is drafted."""

import pytest
from hypothesis import given, settings, strategies as st

from edge.blocklist.codec import Head
from edge.blocklist.delta import changed
from edge.blocklist.desk import Desk, compare, edits
from edge.blocklist.manifest import Guards, read_record
from edge.blocklist.sheet import to_entries
from edge.errors import ListError
from tests.blocklist.images import entry, opened, snapshot
from tests.blocklist.test_snapshot import entries

NOW = 1_900_000_000


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "blobs").mkdir()
    return Desk(tmp_path / "fraud", tmp_path / "blobs", "fraud")


@settings(max_examples=100, deadline=None)
@given(st.sets(entries(), max_size=15), st.sets(entries(), max_size=15))
def test_edits_and_differences_are_those_of_sets(before, after):
    old, new = snapshot(before), snapshot(after)
    change = edits(old, after - before, before - after)
    head = Head("fraud", 1, 1, bytes(32), 0, 0, 0, 0)
    assert set(to_entries(opened(changed(old, change, head)).sheet())) == after
    said = list(compare(old, new))
    assert {one for sign, one in said if sign == "+"} == after - before
    assert {one for sign, one in said if sign == "-"} == before - after
    assert len(said) == len(after ^ before)


def test_what_is_not_listed_cannot_be_removed(desk):
    desk.edit(added=[entry("77172000001")])
    with pytest.raises(ListError, match="not listed so"):
        desk.edit(removed=[entry("77172000001", basis="another")])


def test_a_draft_changed_after_it_was_prepared_is_not_what_was_signed(desk):
    desk.edit(added=[entry("77172000001")])
    manifest = desk.prepare(NOW, 30, Guards())
    assert desk.pending() == manifest
    desk.edit(added=[entry("77172000002")])
    assert desk.pending() is None
    with pytest.raises(ListError, match="changed since"):
        desk.publish()


def test_published_versions_count_up_and_bring_a_delta(desk):
    for version in (1, 2, 3):
        desk.edit(added=[entry(f"7717200000{version}")])
        manifest = desk.prepare(NOW, 30, Guards())
        assert manifest.version == version
        assert [delta.base for delta in manifest.deltas] == ([version - 1] if version > 1 else [])
        desk.publish()
        assert (desk.published().version, len(desk.published())) == (version, version)


FIRST, SECOND = entry("77172000001"), entry("77172000002")


def publish(desk):
    desk.prepare(NOW, 30, Guards(), desk.last_urgent())
    desk.publish()


def drafted(desk):
    return set(to_entries(desk.draft().sheet()))


@pytest.fixture
def listing(desk):
    """A list that has the first number in force."""
    desk.edit(added=[FIRST])
    publish(desk)
    return desk


def test_what_is_signed_is_what_was_prepared_to_the_octet(listing):
    record = listing.hurry(NOW, 1, added=[SECOND])
    [one] = listing.prepared()
    assert (one.record, one.is_withdrawn) == (record, False)
    assert read_record(one.octets) == record
    assert (record.seq, record.expires) == (1, NOW + 3600)


@pytest.mark.parametrize(
    ("records", "withdrawn", "left"),
    [
        pytest.param([([SECOND], [])], 1, {FIRST}, id="an addition"),
        pytest.param([([], [FIRST])], 1, {FIRST}, id="a lifting"),
        pytest.param([([FIRST], [])], 1, {FIRST}, id="of what is in force"),
        pytest.param([([SECOND], []), ([SECOND], [])], 1, {FIRST, SECOND}, id="one of two alike"),
        pytest.param([([SECOND], []), ([], [SECOND])], 2, {FIRST, SECOND}, id="lifts an addition"),
        pytest.param([([SECOND], []), ([], [SECOND])], 1, {FIRST}, id="an addition that is lifted"),
        pytest.param([([], [FIRST]), ([FIRST], [])], 2, set(), id="adds what was lifted"),
    ],
)
def test_a_record_that_is_withdrawn_is_undone_in_the_draft(listing, records, withdrawn, left):
    for added, lifted in records:
        listing.hurry(NOW, 1, added=added, lifted=lifted)
    listing.withdraw(withdrawn)
    assert drafted(listing) == left
    assert withdrawn not in [record.seq for record in listing.urgent()]
    assert listing.hurry(NOW, 1, added=[SECOND]).seq == len(records) + 1, "no number is used twice"


def test_what_is_no_record_is_not_withdrawn(listing):
    listing.hurry(NOW, 1, added=[SECOND])
    listing.withdraw(1)
    for seq in (1, 2):
        with pytest.raises(ListError, match=f"no urgent record {seq} to withdraw"):
            listing.withdraw(seq)


def test_a_version_folds_records_and_a_withdrawn_number_with_them(listing):
    listing.hurry(NOW, 1, added=[SECOND])
    listing.hurry(NOW, 1, lifted=[FIRST])
    listing.withdraw(2)
    assert (listing.folded_through(), [one.seq for one in listing.live(NOW)]) == (0, [1])
    publish(listing)
    assert (listing.folded_through(), listing.live(NOW)) == (2, [])
    assert set(to_entries(listing.published().sheet())) == {FIRST, SECOND}
    listing.edit(removed=[SECOND])
    assert listing.folded_through() == 2, "whatever is drafted after it"
    listing.hurry(NOW, 1, added=[SECOND])
    listing.withdraw(3)
    assert drafted(listing) == {FIRST, SECOND}, "as the version in force has it"
    listing.edit(removed=[SECOND])
    publish(listing)
    listing.hurry(NOW, 1, added=[SECOND])
    listing.withdraw(4)
    assert drafted(listing) == {FIRST}, "what the first record said is over"


def test_what_can_be_lifted_is_in_force_by_a_version_or_a_record(listing):
    other = entry("77172000001", basis="order 7")
    records = [listing.hurry(NOW, 1, added=[SECOND, other])]
    assert listing.in_force("+77172000002", records) == [SECOND]
    assert set(listing.in_force("+77172000001", records)) == {FIRST, other}
    assert listing.in_force("+77172000001", []) == [FIRST]
    records.append(listing.hurry(NOW, 1, lifted=[SECOND]))
    for pattern, over in (("+77172000002", records), ("+7717*", records), ("+77172000002", [])):
        with pytest.raises(ListError, match="is not in force in fraud"):
            listing.in_force(pattern, over)
