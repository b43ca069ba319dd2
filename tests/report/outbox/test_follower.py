# SPDX-License-Identifier: Apache-2.0
"""A file is followed through its writer's life, death and replacement, and is never written."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edge.report.outbox.follower import Follower

WRITE = """
import os, sqlite3, sys
link = sqlite3.connect(sys.argv[1], isolation_level=None)
link.execute("PRAGMA journal_mode=WAL")
link.execute("CREATE TABLE IF NOT EXISTS one(x)")
link.execute("INSERT INTO one VALUES(?)", (int(sys.argv[2]),))
print("done", flush=True)
sys.stdin.read()
link.close()
"""
READ = """
import os, sys
from pathlib import Path
from edge.report.outbox.follower import Follower
if len(sys.argv) > 2:
    os.setgroups([])
    os.setuid(int(sys.argv[2]))
follower = Follower(Path(sys.argv[1]))
print(follower.read(lambda link: link.execute("SELECT x FROM one").fetchall(), None))
"""


class Other:
    """Another process that writes the file."""

    def __init__(self, path: Path, number: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WRITE, str(path), str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout.readline() == b"done\n"

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self._process.send_signal(signal.SIGKILL)
        self._process.communicate(timeout=30)


@pytest.fixture
def path(memory: Path) -> Path:
    return memory / "one db?#.db"


@pytest.fixture
def follower(path):
    made = Follower(path)
    yield made
    made.close()


def numbers(follower):
    return follower.read(lambda link: [x for (x,) in link.execute("SELECT x FROM one")], None)


def names(path):
    return sorted(one.name.removeprefix(path.name) for one in path.parent.iterdir())


def test_a_file_that_is_not_there(follower):
    assert numbers(follower) is None
    assert follower.trouble == "there is no file"


def test_through_the_lives_of_its_writer(path, follower):
    writer = Other(path, 1)
    assert numbers(follower) == [1]
    follower.close()
    writer.end()
    assert names(path) == [""]  # an orderly end leaves no log
    assert numbers(follower) == [1]
    assert names(path) == [""]  # and reading makes none
    writer = Other(path, 2)
    assert numbers(follower) == [1, 2]
    writer.end(kill=True)
    assert numbers(follower) == [1, 2]
    follower.close()
    assert names(path) == ["", "-shm", "-wal"]  # the log of the dead is for the next of its kind
    writer = Other(path, 3)
    assert numbers(follower) == [1, 2, 3]
    writer.end()
    assert follower.trouble == ""


def test_another_file_in_its_place(path, follower):
    Other(path, 1).end()
    assert numbers(follower) == [1]
    path.rename(path.with_name("aside"))
    assert numbers(follower) is None
    Other(path, 9).end()
    assert numbers(follower) == [9]


def test_a_file_that_is_damaged_is_trouble_and_no_more(path, follower):
    path.write_bytes(b"x" * 5000)
    assert numbers(follower) is None
    assert follower.trouble == "file is not a database"
    path.unlink()
    Other(path, 1).end()
    assert numbers(follower) == [1]


def test_what_changes_hands_while_it_is_read_is_read_again(path, follower):
    Other(path, 1).end()
    writers: list[Other] = []

    def work(link):
        found = [x for (x,) in link.execute("SELECT x FROM one")]
        if not writers:
            writers.append(Other(path, 2))  # it begins, and may write what was being read
        return found

    assert follower.read(work, None) == [1, 2]
    writers[0].end()


def test_nothing_can_be_written_through_it(path, follower):
    for end in (False, True):
        writer = Other(path, 1)
        if end:
            writer.end()
        assert follower.read(lambda link: link.execute("DELETE FROM one"), None) is None
        assert follower.trouble == "attempt to write a readonly database"
        writer.end() if not end else None


@pytest.mark.root
def test_rights_to_read_are_enough(path):
    def read() -> str:
        nobody = [sys.executable, "-c", READ, str(path), "65534"]
        return subprocess.run(nobody, capture_output=True, text=True, check=True).stdout.strip()

    path.parent.chmod(0o755)
    writer = Other(path, 1)
    assert read() == "[(1,)]"
    writer.end(kill=True)
    assert read() == "[(1,)]"
    with closing(sqlite3.connect(path)) as link:
        link.execute("SELECT * FROM one").fetchall()
    assert names(path) == [""]
    assert read() == "[(1,)]"
    assert names(path) == [""]
