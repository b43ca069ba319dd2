# SPDX-License-Identifier: Apache-2.0
"""A log survives kill and power cut at any instant, and never takes back what was signed."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from edge.errors import InputError
from edge.evidence.audit import audit
from edge.evidence.log import Appended, Log
from edge.evidence.merkle import WIDTH, leaf_hash
from edge.evidence.shelf import LEAVES, find, lines, place_of, pruned, read_leaves, read_record
from tests.evidence.box import DAY_NS, NOW, TODAY, Box, decided
from tests.small_disk import fill, small_disk

ROOT = Path(__file__).parents[2]
KILLS = 20
NAME = "lines.jsonl"


def line(place: int) -> bytes:
    return b'{"id":"r-%d","leaf":%d,"text":""}' % (place, place)


def opened(folder: Path) -> Log:
    return Log(folder, NAME, lambda: NOW)


def places(folder: Path) -> list[int | None]:
    return [place_of(each.octets) for each in lines(folder)]


def test_lines_and_leaves_of_each_other(tmp_path: Path) -> None:
    log = opened(tmp_path)
    assert [log.append(line(place)) for place in range(5)] == [0, 1, 2, 3, 4]
    log.close()
    assert read_leaves(tmp_path) == b"".join(leaf_hash(line(place)) for place in range(5))
    assert [each.octets for each in lines(tmp_path)] == [line(place) for place in range(5)]
    assert read_leaves(tmp_path, 3) == leaf_hash(line(3)) + leaf_hash(line(4))


def test_a_log_has_one_writer(tmp_path: Path) -> None:
    log = opened(tmp_path)
    with pytest.raises(InputError, match="another process writes this log"):
        opened(tmp_path)
    log.close()
    opened(tmp_path).close()


def test_sync_from_another_thread(tmp_path: Path) -> None:
    log, done, refused = opened(tmp_path), Event(), []

    def sync() -> None:
        while not done.is_set():
            refused.append(not log.sync())

    threads = [Thread(target=sync) for _ in range(3)]
    for thread in threads:
        thread.start()
    for place in range(2000):
        log.append(line(place))
        assert len(read_leaves(tmp_path)) <= log.size * WIDTH
    done.set()
    for thread in threads:
        thread.join()
    log.close()
    assert not any(refused)
    assert list(audit(tmp_path)) == []
    assert len(read_leaves(tmp_path)) == 2000 * WIDTH


def test_lines_without_a_leaf_get_one(tmp_path: Path) -> None:
    log = opened(tmp_path)
    for place in range(5):
        log.append(line(place))
    log.close()
    (tmp_path / "leaves").write_bytes(read_leaves(tmp_path)[: 2 * WIDTH] + b"torn")
    log = opened(tmp_path)
    assert (log.size, log.damage, len(log.fresh)) == (5, [], 3)
    log.close()
    assert list(audit(tmp_path)) == []


def test_a_line_lost_among_others_leaves_a_record_of_its_loss(tmp_path: Path) -> None:
    log = opened(tmp_path)
    for place in range(5):
        log.append(line(place))
    log.close()
    path = tmp_path / TODAY / NAME
    path.write_bytes(path.read_bytes().replace(line(3), bytes(len(line(3)))))
    (tmp_path / "leaves").write_bytes(read_leaves(tmp_path)[: 2 * WIDTH])
    log = opened(tmp_path)
    assert (log.size, log.damage) == (5, [f"{tmp_path}: the record of leaf 3 was lost"])
    assert log.append(line(5)) == 5
    log.close()
    assert list(audit(tmp_path)) == []
    ((_, record),) = find(tmp_path, "lost-4", print)
    assert record["lost"]


def test_days_that_were_let_go_are_no_damage(tmp_path: Path) -> None:
    now = [NOW]
    log = Log(tmp_path, NAME, lambda: now[0])
    log.append(line(0))
    now[0] += DAY_NS
    log.today()
    log.append(line(1))
    log.sync()
    assert log.prune("2026-11-26") == 1
    assert (places(tmp_path), pruned(tmp_path).leaves) == ([1], 1)
    assert log.prune("2030-01-01") == 1
    log.close()
    again = opened(tmp_path)
    assert (again.damage, again.size) == ([], 2)
    again.close()


@pytest.mark.root
@pytest.mark.peer("mount", "umount")
def test_on_a_full_disk_what_stands_for_a_lost_line_waits_for_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        log = Log(disk, NAME, lambda: NOW - DAY_NS)
        for place in range(5):
            log.append(line(place))
        path = log.today() / NAME
        log.close()
        path.write_bytes(path.read_bytes().replace(line(3), bytes(len(line(3)))))
        (disk / "leaves").write_bytes(read_leaves(disk)[: 2 * WIDTH])
        filled = fill(disk)
        log = opened(disk)
        assert (log.size, log.damage) == (5, [f"{disk}: the record of leaf 3 was lost"])
        assert not log.sync()
        with pytest.raises(OSError, match="No space left"):
            log.append(line(5))
        filled.unlink()
        assert log.append(line(5)) == 5
        assert log.sync()
        log.close()
        assert list(audit(disk)) == []
        ((_, record),) = find(disk, "lost-4", print)
        assert record["lost"]


@pytest.mark.root
@pytest.mark.peer("mount", "umount")
def test_a_full_disk_lets_go_of_days(tmp_path: Path) -> None:
    now = [NOW]
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        log = Log(disk, NAME, lambda: now[0])
        log.append(line(0))
        frames = Appended(log.today() / "frames.pcapng")
        frames.append(bytes(100_000))
        log.retire(frames)
        now[0] += DAY_NS
        log.today()
        log.append(line(1))
        log.sync()
        fill(disk)
        with pytest.raises(OSError, match="No space left"):
            (disk / "more").write_bytes(bytes(1))
        assert log.prune("2026-11-26") == 1
        assert (places(disk), pruned(disk).leaves, log.damage) == ([1], 1, [])
        log.close()


def test_a_file_takes_octets_whole_or_not_at_all(tmp_path: Path) -> None:
    file = Appended(tmp_path / "file")
    assert (file.append(b"abc"), file.append(b"d\n"), file.size) == (0, 3, 5)
    file.end_line()
    file.append(b"torn")
    file.end_line()
    file.cut(4)
    assert file.append(b"e") == 4
    file.close()
    assert (tmp_path / "file").read_bytes() == b"abcde"


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_power_cut_between_any_two_writes(tmp_path: Path, data: st.DataObject) -> None:
    shutil.rmtree(tmp_path, ignore_errors=True)
    box = Box(tmp_path / "before")
    safe, more = data.draw(st.integers(0, 4)), data.draw(st.integers(1, 5))
    box.keep(*range(safe))
    if data.draw(st.booleans()):
        box.sign()
    floor = sizes(box.log)
    journal = box.journal()
    for number in range(safe, safe + more):
        box.now_ns = NOW + DAY_NS * data.draw(st.integers(0, 1))
        journal.keep(decided(number))
    if data.draw(st.booleans()):  # it had come to the leaves: all else is on disk
        floor = sizes(box.log)
        journal.sync()
    cut = Box(tmp_path / "after")
    shutil.copytree(box.folder, cut.folder)
    journal.close()
    for path, now in sizes(cut.log).items():
        tear(cut.log / path, data.draw(st.integers(floor.get(path, 0), now)), data)
    survive(cut, safe, safe + more)


def sizes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def tear(path: Path, size: int, data: st.DataObject) -> None:
    """Leave a file as a cut does: short, or as long as it was with empty sectors at its end."""
    octets = path.read_bytes()
    if data.draw(st.booleans()):
        size -= size % WIDTH if path.name == LEAVES else 0  # a sector holds whole leaves
        octets = octets[:size] + bytes(len(octets) - size)
    else:
        octets = octets[:size]
    path.write_bytes(octets)


def survive(box: Box, safe: int, kept: int) -> None:
    """See that a box goes on after a cut with all that was safe, and that it all holds."""
    journal = box.journal()
    unsafe = [said for said in journal.damage if "lost" not in said]
    assert unsafe == []
    assert journal.keep(decided(99)).leaf >= safe
    journal.close()
    for number in (*range(safe), 99):
        ((_, record),) = find(box.log, f"c{number}", lambda _: None)
        assert record["leaf"] == number or number == 99
    for said in audit(box.log):  # frames of what was not safe may be gone, and are named
        (leaf,) = [
            record["leaf"]
            for number in range(safe, kept)
            for _, record in find(box.log, f"c{number}", lambda _: None)
            if record["id"] in said
        ]
        assert leaf >= safe
    assert box.sign() == len(read_leaves(box.log)) // WIDTH


KEEPER = """
import sys
from threading import Event, Thread
from tests.evidence.box import Box, decided
from pathlib import Path
box = Box(Path(sys.argv[1]))
journal = box.journal()
print(*journal.damage, flush=True)
def sync():
    while True:
        journal.sync()
Thread(target=sync, daemon=True).start()
number = 0
while True:
    print(journal.keep(decided(number)).record, flush=True)
    number += 1
"""


@pytest.mark.slow
def test_kill_9_again_and_again(tmp_path: Path) -> None:
    box, told = Box(tmp_path), []
    for round_ in range(KILLS):
        command = [sys.executable, "-c", KEEPER, str(tmp_path)]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": "."},
        ) as child:
            assert child.stdout
            assert child.stdout.readline() == "\n"  # no damage
            told += [child.stdout.readline().strip() for _ in range(1 + 7 * round_)]
            child.send_signal(signal.SIGKILL)
            told += [name for name in child.stdout.read().split("\n")[:-1] if name]
        box.sign()
    box.keep(0)
    records = [read_record(each.octets) for each in lines(box.log)]
    found = [record["id"] for record in records if record]
    assert sorted(set(told)) == sorted(told)
    assert set(told) <= set(found)
    assert len(found) == len(set(found)) == len(read_leaves(box.log)) // WIDTH
    assert list(audit(box.log)) == []
    assert box.sign() == len(found)
