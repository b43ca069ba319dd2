# SPDX-License-Identifier: Apache-2.0
"""Events to be kept, and what an outbox file holds, told by nothing but the standard library."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.report.event import Class, Clock, Event, Moment, encode
from edge.report.outbox.gap import Gap
from edge.report.outbox.quota import Limits

SMALL = Limits(1 << 19)
"Some two hundred events of 500 octets."
ROOMY = Limits(8 << 20)
AT = 1_800_000_000 * 10**9
SHM = Path("/dev/shm")  # noqa: S108 - a folder of ours is made in there


def event(cls: Class, number: int, size: int = 100) -> Event:
    moment = Moment(AT + number, number, "b" * 12, Clock.SYNCED)
    return Event(cls, "malformed", moment, {"tap": "mirror", "count": number, "why": "x" * size})


def row(cls: Class, number: int, size: int = 100) -> tuple[Class, int, bytes]:
    made = event(cls, number, size)
    return cls, made.moment.at, encode(made)


class Held(NamedTuple):
    """What a file holds of one class."""

    stream: str
    last: int
    events: dict[int, bytes]
    gaps: list[Gap]

    def covered(self, seq: int) -> bool:
        return seq in self.events or any(gap.lo <= seq <= gap.hi for gap in self.gaps)


def held(path: Path) -> dict[Class, Held]:
    found = {}
    with closing(sqlite3.connect(path)) as link:
        for cls in Class:
            ((stream, last),) = link.execute(
                "SELECT uuid, last FROM stream WHERE cls = ?", (cls.value,)
            )
            rows = link.execute(f"SELECT seq, gap, body FROM {cls.value}").fetchall()  # noqa: S608
            events = {seq: body for seq, gap, body in rows if not gap}
            gaps = [msgspec.json.decode(body, type=Gap) for _, gap, body in rows if gap]
            found[cls] = Held(stream, last, events, gaps)
    return found


def archived(path: Path) -> dict[tuple[str, int], bytes]:
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as link:
        if not link.execute("SELECT 1 FROM sqlite_master").fetchone():
            return {}
        rows = link.execute("SELECT stream, seq, body FROM record").fetchall()
    return {(stream, seq): body for stream, seq, body in rows}


def whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as link:
        return link.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def on_disk(path: Path) -> int:
    """Return what an outbox takes of the disk, all files but the archive."""
    files = path.parent.glob(f"{path.stem}.*")
    return sum(one.stat().st_size for one in files if ".archive" not in one.name)
