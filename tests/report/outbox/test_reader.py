# SPDX-License-Identifier: Apache-2.0
"""What the uplink sees of an outbox that another writes."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from edge.report.event import CLASSES, Class
from edge.report.outbox.gap import Gap, read as read_gap
from edge.report.outbox.outbox import Outbox
from edge.report.outbox.quota import Limits
from edge.report.outbox.reader import OutboxReader
from edge.report.outbox.stored import StreamInfo
from tests.report.kept import AT, ROOMY, row

ALL = 10**6


@pytest.fixture
def path(memory: Path) -> Path:
    return memory / "outbox.db"


@pytest.fixture
def reader(path):
    made = OutboxReader(path)
    yield made
    made.close()


def test_there_is_no_file_yet(reader):
    assert reader.streams() == []
    assert reader.read("none", 0, ALL, ALL) == []
    assert reader.trouble == "there is no file"


def test_streams_and_what_waits_of_them(path, reader):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep([row(Class.BLOCK, number) for number in range(5)])
        outbox.keep([row(Class.CALL, 1)])
        outbox.retire({outbox.streams[Class.BLOCK]: 3, outbox.streams[Class.CALL]: 1}, AT)
        ids = outbox.streams
        assert [info.cls for info in reader.streams()] == list(CLASSES)
        audit, block, call = reader.streams()[:3]
    assert audit == StreamInfo(ids[Class.AUDIT], Class.AUDIT, 0, 0)
    assert block == StreamInfo(ids[Class.BLOCK], Class.BLOCK, 4, 5)
    assert call == StreamInfo(ids[Class.CALL], Class.CALL, 0, 1)
    assert reader.streams()[1] == block  # the writer has ended


def test_as_much_as_is_asked_for_and_one_at_least(path, reader):
    rows = [row(Class.CALL, number) for number in range(100)]
    size = len(rows[10][2])
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep(rows)
        stream = outbox.streams[Class.CALL]
        assert [one.seq for one in reader.read(stream, 20, 1, ALL)] == [21]
        assert [one.seq for one in reader.read(stream, 20, 3 * size, ALL)] == [21, 22, 23]
        assert [one.seq for one in reader.read(stream, 20, ALL, 2)] == [21, 22]
        assert [one.body for one in reader.read(stream, 0, ALL, ALL)] == [one[2] for one in rows]
        assert reader.read(stream, 100, ALL, ALL) == []
        assert reader.read("another", 0, ALL, ALL) == []


def test_a_new_file_has_other_streams(path, reader):
    streams = []
    for _ in range(2):
        with closing(Outbox(path, ROOMY, AT)) as outbox:
            outbox.keep([row(Class.CALL, 1)])
            streams.append(outbox.streams[Class.CALL])
            assert len(reader.read(streams[-1], 0, ALL, ALL)) == 1
            assert reader.read(streams[0], 0, ALL, ALL) == [] or len(streams) == 1
        path.rename(path.with_name("aside"))


def test_an_event_that_changed_on_the_disk_is_told_as_a_gap(path, reader):
    with closing(Outbox(path, ROOMY, AT)) as outbox:
        outbox.keep([row(Class.CALL, number) for number in range(3)])
        stream = outbox.streams[Class.CALL]
    with closing(sqlite3.connect(path)) as link:
        link.execute("UPDATE call SET body = replace(body, 'mirror', 'mirros') WHERE seq = 2")
        link.commit()
    first, second, third = reader.read(stream, 0, ALL, ALL)
    assert read_gap(second.body) == Gap(2, 2, 1, AT + 1, AT + 1, "unreadable")
    assert read_gap(first.body) is read_gap(third.body) is None
    assert reader.read(stream, 0, ALL, ALL)[1] == second


def test_a_gap_is_read_like_an_event(path, reader):
    with closing(Outbox(path, Limits(1 << 19, call=0.1), AT)) as outbox:
        for number in range(200):
            outbox.keep([row(Class.CALL, number, 400)])
        info = reader.streams()[2]
        first, second = reader.read(info.stream, 0, ALL, ALL)[:2]
    assert info.first == first.seq == second.seq - 1
    assert (gap := read_gap(first.body))
    assert (gap.lo, gap.hi) == (1, first.seq)


def test_a_damaged_file_is_trouble_and_no_more(path, reader):
    path.write_bytes(b"x" * 9000)
    assert reader.streams() == []
    assert reader.trouble == "file is not a database"


def test_a_reader_beside_a_writer_sees_every_number_once(path, reader):
    ready = threading.Barrier(2, timeout=30)
    ended = threading.Event()

    def write() -> None:
        with closing(Outbox(path, ROOMY, AT)) as outbox:
            ready.wait()
            for number in range(0, 4000, 8):
                outbox.keep([row(Class.CALL, number + one) for one in range(8)])
            ended.set()

    thread = threading.Thread(target=write)
    thread.start()
    ready.wait()
    stream = reader.streams()[2].stream
    seen: list[int] = []
    while True:
        last = ended.is_set()
        seen += [one.seq for one in reader.read(stream, len(seen), ALL, 100)]
        if last and len(seen) == 4000:
            break
    thread.join()
    assert seen == list(range(1, 4001))
