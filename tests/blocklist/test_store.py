# SPDX-License-Identifier: Apache-2.0
"""The files of a list: what is kept, what is forgotten, and what is never lost."""

import msgspec
import pytest

from edge.blocklist.manifest import Record, Signed
from edge.blocklist.sheet import from_entries
from edge.blocklist.store import State, Store, in_memory, lists_in, open_list
from edge.errors import ListError
from tests.blocklist.images import entry


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path, "fraud")


def put(store, version, *texts):
    store.write(from_entries("fraud", version, map(entry, texts)))
    store.commit(version)


def test_an_empty_folder_holds_nothing(store):
    assert store.open() is None
    assert store.state() == State()
    assert store.versions() == []


def test_a_draft_is_in_force_once_committed(store):
    store.write(from_entries("fraud", 1, [entry("77172000001")]))
    assert store.open() is None
    assert store.draft().version == 1
    store.commit(1)
    assert store.open().version == 1
    with pytest.raises(ListError, match="cannot be opened"):
        store.draft()


def test_a_cut_between_rename_and_note_does_not_forget_the_version(store):
    put(store, 7)
    assert store.state().highest == 7


def test_what_is_noted_stays(store, tmp_path):
    store.note(State(highest=9, trusted_s=5))
    assert Store(tmp_path, "fraud").state() == State(highest=9, trusted_s=5)
    assert lists_in(tmp_path) == ["fraud"]


def test_a_damaged_state_is_named(store, tmp_path):
    (tmp_path / "fraud.state").write_bytes(b"{")
    with pytest.raises(ListError, match=r"fraud\.state"):
        store.state()


def test_a_version_put_twice_is_kept_once(store):
    put(store, 1)
    put(store, 1, "77172000001")
    assert [version for version, _ in store.versions()] == [1]
    assert len(open_list(store.versions()[0][1])) == 1


def test_an_empty_file_is_no_list(store):
    store.current.touch()
    with pytest.raises(ListError, match=r"fraud\.look"):
        open_list(store.current)


def test_a_list_whose_name_begins_like_another_keeps_its_own_versions(store, tmp_path):
    put(Store(tmp_path, "fraud-2"), 5)
    put(store, 1)
    assert [version for version, _ in store.versions()] == [1]
    assert msgspec.structs.asdict(store.state())["highest"] == 1


def test_a_few_entries_are_asked_like_a_file():
    assert [one.low for one in in_memory("fraud", [entry("4477*")]).covering("447")] == []
    assert [one.low for one in in_memory("fraud", [entry("4477*")]).covering("4477")] == ["4477"]


def urgent(seq, expires=100):
    return Signed(msgspec.json.encode(Record("fraud", seq, 1, expires)), ())


def test_urgent_records_in_any_order_stand_in_theirs(store):
    for seq in (3, 1, 4):
        store.add_urgent(urgent(seq), 10)
    assert [record.seq for record in store.urgent(10)] == [1, 3, 4]
    assert [store.has_urgent(seq) for seq in range(1, 6)] == [True, False, True, True, False]
    assert store.urgent_through() == 1
    store.add_urgent(urgent(2), 10)
    assert store.urgent_through() == 4
    assert store.state().urgent == 4


def test_an_urgent_record_that_was_let_go_of_does_not_come_back(store):
    for seq, expires in ((2, 20), (3, 100)):
        store.add_urgent(urgent(seq, expires), 10)
    store.add_urgent(urgent(5), 30)
    assert [record.seq for record in store.urgent(30)] == [3, 5]
    assert store.has_urgent(2), "whatever a clock that was set back makes of its expiry"
    assert store.has_urgent(1), "it may have been taken and let go of"
    assert not store.has_urgent(4)
    store.note(msgspec.structs.replace(store.state(), folded=4))
    assert store.has_urgent(4)
    assert store.urgent_through() == 5
