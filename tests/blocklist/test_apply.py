# SPDX-License-Identifier: Apache-2.0
"""Applying survives what happens to a box: kills, a full disk, damaged files, a way back."""

import multiprocessing
import os
import random
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typing_extensions import override

from edge.blocklist.entry import Listed
from edge.blocklist.manifest import Guards, Record
from edge.errors import ListError
from edge.model.event import UNKNOWN_TRUNK
from edge.model.verdict import Action
from edge.trust.fetch import LocalFetcher
from edge.trust.roles import LIST_SIDES
from edge.trust.urgent import sign_record
from tests.blocklist.images import entry, likely_groups, likely_keys
from tests.small_disk import small_disk
from tests.trust.centre import DAY, NOW, Box, Centre

NUMBERS = [f"7717201{number:04}" for number in range(3000)]


@pytest.fixture
def centre(tmp_path):
    made = Centre(tmp_path / "centre")
    made.desk().fill(entry(number) for number in NUMBERS)
    made.publish()
    return made


def blocked(box, digits):
    return box.store.open().find(digits, Listed.CALLING, UNKNOWN_TRUNK, NOW) is not None


def test_a_list_arrives_whole_then_by_deltas_and_goes_back(tmp_path, centre):
    box = Box(tmp_path / "box", centre)
    assert box.update().by_delta is False
    for version in range(2, 7):
        centre.add(f"7717209900{version}")
        centre.publish()
        assert box.update().by_delta is True
        assert blocked(box, f"7717209900{version}")
    assert [version for version, _ in box.store.versions()] == [6, 5, 4, 3]
    box.store.go_back(4)
    assert box.version == 4
    assert box.store.state().highest == 6
    assert box.update() is None, "what was left behind does not come back by itself"
    centre.add("77172099009")
    centre.publish()
    assert box.update().before == 4
    with pytest.raises(ListError, match="not kept"):
        box.store.go_back(2)


def test_a_box_that_missed_versions_takes_the_snapshot(tmp_path, centre):
    box = Box(tmp_path / "box", centre)
    box.update()
    for number in ("77172099001", "77172099002"):
        centre.add(number)
        centre.publish()
    assert box.update().by_delta is False
    assert blocked(box, "77172099001")


def test_a_damaged_list_gives_way_to_the_one_before_and_comes_again(tmp_path, centre):
    box = Box(tmp_path / "box", centre)
    box.update()
    centre.add("77172099001")
    centre.publish()
    box.update()
    os.truncate(box.store.current, 1000)
    assert box.version == 1
    before = box.store.current.parent
    for path in before.glob("fraud.*.look"):
        os.truncate(path, 1000)
    assert box.version == 0
    assert box.update().version == 2
    assert blocked(box, "77172099001")


def test_nothing_is_left_of_a_draft_of_an_earlier_life(tmp_path, centre):
    box = Box(tmp_path / "box", centre)
    box.update()
    (tmp_path / "box/lists/fraud.look.new").write_bytes(b"half")
    before = Box(tmp_path / "box", centre).everything()
    assert "fraud.look.new" not in before


def test_a_version_cut_off_before_its_rename_is_taken_anew(tmp_path, centre):
    box = Box(tmp_path / "box", centre)
    box.update()
    folder = box.store.current.parent
    shutil.copy(box.store.current, folder / "fraud.look.new")
    os.link(folder / "fraud.look.new", folder / "fraud.2.look")
    centre.add("77172099001")
    centre.publish()
    box = Box(tmp_path / "box", centre)
    assert box.update().version == 2
    assert blocked(box, "77172099001")


def test_a_cut_while_going_back_loses_no_version(tmp_path, centre):
    box = Box(tmp_path / "box", centre)
    box.update()
    centre.add("77172099001")
    centre.publish()
    box.update()
    folder = box.store.current.parent
    os.link(folder / "fraud.1.look", folder / "fraud.look.back")
    box = Box(tmp_path / "box", centre)
    box.store.go_back(1)
    assert box.update() is None
    assert box.version == 1
    assert [number for number, _ in box.store.versions()] == [2, 1]


def _update(folder, centre, ready):
    box = Box(folder, centre)
    ready.set()
    box.update()


@pytest.fixture
def in_memory():
    """A folder where fsync costs nothing: a kill loses no page, whatever the disk."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@pytest.mark.slow
@pytest.mark.long
def test_killed_at_any_instant_it_is_the_old_list_or_the_new(in_memory):
    """200 applies, each killed at some instant between its start and its end."""
    spawn = multiprocessing.get_context("forkserver")
    spawn.set_forkserver_preload(["tests.trust.centre"])
    rng = random.Random(1)
    made = Centre(in_memory / "centre")
    made.desk().fill(entry(number) for number in NUMBERS)
    made.publish()
    folder = in_memory / "box"
    Box(folder, made).update()
    old = 0
    for attempt in range(200):
        made.add(f"77172{900000 + attempt}")
        manifest = made.publish()
        _update_and_kill(spawn, folder, _Published(made), rng.random() * 0.03)
        box = Box(folder, made)
        found = box.store.open()
        found.verify()
        assert found.version in {manifest.version - 1, manifest.version}
        assert box.store.state().highest >= found.version
        old += found.version < manifest.version
        box.update()
        assert box.store.open().layout.digest.hex() == manifest.digest
    assert 10 < old < 190, "the kills fell on one side of the rename only"


def _update_and_kill(spawn, folder, centre, after_s):
    ready = spawn.Event()
    child = spawn.Process(target=_update, args=(folder, centre, ready))
    child.start()
    assert ready.wait(30)
    child.join(after_s)
    child.kill()
    child.join()


class _Published:
    """What an appliance sees of a centre; keys are not sent to another process."""

    def __init__(self, centre):
        self.folder = centre.folder
        self.repository = self
        self._root = centre.repository.root()

    def root(self):
        return self._root


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_file_system_keeps_the_list_in_force(tmp_path, centre):
    with small_disk(tmp_path / "box", 256 << 10) as folder:
        box = Box(folder, centre)
        box.update()
        centre.desk().fill(entry(str(77172000000 + number)) for number in range(60_000))
        centre.publish()
        with pytest.raises(ListError, match="No space left"):
            box.update()
        assert box.version == 1
        assert blocked(box, NUMBERS[0])
        box.store.open().verify()
        assert not list(folder.glob("lists/*.new"))


def test_time_never_runs_back_before_what_was_signed(tmp_path, centre):
    box = Box(tmp_path / "box", centre)
    box.update(0)
    assert box.updates.trusted_s(0) == NOW
    centre.publish(now_s=NOW + DAY)
    box.update(NOW + DAY)
    again = Box(tmp_path / "box", centre)
    assert again.updates.trusted_s(5) == NOW + DAY


def test_a_large_list_follows_a_delta_to_the_octet(tmp_path):
    made = Centre(tmp_path / "centre")
    keys = likely_keys(70_000)
    which = likely_groups(len(keys), of=4)
    made.desk().fill(
        entry(str(key)[1:], basis=f"order-{group}", action=Action.BLOCK)
        for key, group in zip(keys, which, strict=True)
    )
    made.publish()
    box = Box(tmp_path / "box", made, guards=Guards())
    box.update()
    made.desk().edit(removed=[next(iter(box.store.open().covering(str(keys[40_000])[1:])))])
    manifest = made.publish()
    assert box.update().by_delta
    assert box.store.open().layout.digest.hex() == manifest.digest
    assert not blocked(box, str(keys[40_000])[1:])


def test_a_list_that_is_empty_is_taken_once(tmp_path):
    centre = Centre(tmp_path / "centre")
    centre.publish()
    box = Box(tmp_path, centre)
    assert box.update().version == 1
    assert box.update() is None


def test_a_cut_between_rename_and_note_is_mended_by_the_next_look(tmp_path, centre):
    box = Box(tmp_path, centre)
    centre.add("77172000001")
    centre.publish()
    box.update()
    known = box.store.state()
    box.store.files[2].unlink()
    assert box.update() is None
    assert box.store.state() == known


class Slow(LocalFetcher):
    """Has something done while data is on its way."""

    def __init__(self, folder, meanwhile):
        super().__init__(folder)
        self._meanwhile = meanwhile

    @override
    def fetch(self, path):
        if path.startswith("blobs/"):
            self._meanwhile()
        yield from super().fetch(path)


def test_an_urgent_record_taken_while_a_version_is_on_its_way_stays(tmp_path, centre):
    record = Record("fraud", 1, NOW, NOW + DAY, (entry("447700900001"),))
    signed = sign_record(record, [centre.keys["fraud", side] for side in LIST_SIDES])

    def meanwhile():
        with ThreadPoolExecutor() as threads:
            threads.submit(box.updates.take_urgent, signed, NOW).result()

    box = Box(tmp_path, centre, fetcher=Slow(centre.folder, meanwhile))
    box.client.refresh(NOW)
    assert box.update().version == 1
    assert box.store.urgent(NOW) == [record]
    assert box.store.state().urgent == 1
    assert box.store.state().highest == 1
