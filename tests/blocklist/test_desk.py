# SPDX-License-Identifier: Apache-2.0
"""The centre's desk: edits, differences, and that what is signed is what is drafted."""

import pytest
from hypothesis import given, settings, strategies as st

from edge.blocklist.codec import Head
from edge.blocklist.delta import changed
from edge.blocklist.desk import Desk, compare, edits
from edge.blocklist.manifest import Guards
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
