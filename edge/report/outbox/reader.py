# SPDX-License-Identifier: Apache-2.0
"""What the uplink sees of an outbox: the file of another process, which is never written here."""

import sqlite3
from pathlib import Path
from zlib import crc32

from edge.report.event import Class
from edge.report.outbox import gap
from edge.report.outbox.follower import Follower
from edge.report.outbox.stored import Stored, StreamInfo
from edge.report.outbox.streams import on


class OutboxReader:
    """The outbox that stands under a name now; it may be absent, replaced, or written meanwhile."""

    def __init__(self, path: Path) -> None:
        """Follow `path`."""
        self._file = Follower(path)

    @property
    def trouble(self) -> str:
        """Return why the last look found nothing; empty if it did not fail."""
        return self._file.trouble

    def streams(self) -> list[StreamInfo]:
        """Return the streams, the dearest first; none while there is no file."""
        return self._file.read(_streams, [])

    def read(self, stream: str, after: int, most_octets: int, most_rows: int) -> list[Stored]:
        """Return events of a stream beyond a number, at least one if there are any.

        What is not as it was written is told as a gap of its own, the same each time.
        """
        return self._file.read(
            lambda link: _read(link, stream, (after, most_rows), most_octets), []
        )

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _streams(link: sqlite3.Connection) -> list[StreamInfo]:
    book = {cls: (stream, last) for cls, stream, last in
            link.execute("SELECT cls, uuid, last FROM stream").fetchall()}  # fmt: skip
    found = []
    for cls in Class:
        stream, last = book[cls.value]
        (first,) = link.execute(on(cls, "SELECT min(seq) FROM @")).fetchone()
        found.append(StreamInfo(stream, cls, first or 0, last))
    return found


def _read(
    link: sqlite3.Connection, stream: str, where: tuple[int, int], most_octets: int
) -> list[Stored]:
    book = link.execute("SELECT cls FROM stream WHERE uuid = ?", (stream,)).fetchone()
    if book is None:
        return []
    cls = Class(book[0])
    sql = on(cls, "SELECT seq, at, crc, body FROM @ WHERE seq > ? ORDER BY seq LIMIT ?")
    rows = link.execute(sql, where)
    found: list[Stored] = []
    try:
        for seq, at, crc, octets in rows:
            sound = isinstance(octets, bytes) and crc32(octets) == crc
            body = octets if sound else gap.unreadable(cls, seq, at if isinstance(at, int) else 0)
            most_octets -= len(body)
            if found and most_octets < 0:
                break
            found.append(Stored(seq, body))
    finally:
        rows.close()
    return found
