# SPDX-License-Identifier: Apache-2.0
"""Every entry that covers a number is said, with its list and whether it holds."""

import pytest

from edge.blocklist.manifest import Record
from edge.blocklist.said import said_of, stores_of
from edge.blocklist.sheet import from_entries
from edge.blocklist.store import Store
from edge.errors import ListError
from edge.trust.urgent import sign_record
from tests.blocklist.images import entry

NOW_S = 1_900_000_000
FOREVER = 250_000_000_000


def store_of(folder, *entries, record=None):
    store = Store(folder, "fraud")
    store.write(from_entries("fraud", 3, entries))
    store.commit(3)
    if record:
        store.add_urgent(sign_record(record, []), 0)
    return store


def test_each_says_whether_it_holds(tmp_path):
    listed = [
        entry("77172000001", valid_until=1), entry("7717200*"),
        entry("77172000000..77172000099", valid_from=FOREVER),
    ]  # fmt: skip
    found = list(said_of([store_of(tmp_path, *listed)], "77172000001", NOW_S))
    assert [(one.list, one.version, one.holds) for one in found] == [
        ("fraud", 3, "expired"), ("fraud", 3, "holds"), ("fraud", 3, "not yet"),
    ]  # fmt: skip


def test_what_an_urgent_record_adds_and_lifts(tmp_path):
    old = entry("77172000002")
    record = Record("fraud", 1, 0, FOREVER, (entry("77172000003"),), (old,))
    store = store_of(tmp_path, old, record=record)
    (lifted,) = said_of([store], "77172000002", NOW_S)
    (added,) = said_of([store], "77172000003", NOW_S)
    assert (lifted.version, lifted.holds) == (3, "lifted")
    assert (added.version, added.holds) == (0, "holds")


def test_where_no_list_is_that_is_said(tmp_path):
    with pytest.raises(ListError, match="no list is here"):
        stores_of(tmp_path)
    with pytest.raises(ListError, match="no list is here"):
        list(said_of(stores_of(tmp_path, "fraud"), "7", NOW_S))
