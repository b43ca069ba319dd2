# SPDX-License-Identifier: Apache-2.0
"""How far the hub was told of the log of evidence: what the last recorded block says of it.

A record of evidence stands before its event does. Whoever is killed in between begins anew with
records that nobody was told of: those beyond the last leaf that an event names.
"""

from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import msgspec

from edge.report.event import Class
from edge.report.outbox import gap
from edge.report.outbox.archive import beside
from edge.report.outbox.follower import Follower
from edge.report.outbox.streams import on

MOST = 1000
"Blocks without a leaf that are looked back over, in each of both files."

STREAM = "SELECT uuid, last FROM stream WHERE cls = ?"
WAITING = on(Class.BLOCK, "SELECT seq, body FROM @ ORDER BY seq DESC LIMIT ?")
GONE = "SELECT seq, body FROM record WHERE stream = ? ORDER BY seq DESC LIMIT ?"

Rows = list[tuple[int, bytes]]
"Numbers and bodies, the last first."

NOTHING: tuple[str, int, Rows] = ("", 0, [])


class _Named(msgspec.Struct):
    """What an event says of the record that it rests on."""

    leaf: int = -1


def told(outbox: Path) -> int | None:
    """Return the last leaf of evidence that an event names; None where that cannot be known.

    It is looked for back from the last number ever given, without a break: in the outbox, then in
    the archive, where that goes which the hub has.
    """

    def waiting(link: Connection) -> tuple[str, int, Rows]:
        stream, last = link.execute(STREAM, (Class.BLOCK.value,)).fetchone()
        return stream, last, link.execute(WAITING, (MOST,)).fetchall()

    with closing(Follower(outbox)) as file:
        stream, seq, rows = file.read(waiting, NOTHING)
    with closing(Follower(beside(outbox))) as file:
        gone: Rows = file.read(lambda link: link.execute(GONE, (stream, MOST)).fetchall(), [])
    return _last_leaf([*rows, *gone], seq)


def _last_leaf(rows: Rows, seq: int) -> int | None:
    """Return the first leaf that is named in rows that lead back from `seq` without a break."""
    for number, body in rows:
        if number > seq:  # archived, and not yet removed from the outbox
            continue
        if number < seq:
            return None
        try:
            leaf = msgspec.json.decode(body, type=_Named).leaf
        except msgspec.MsgspecError:
            return None
        if leaf >= 0:
            return leaf
        lost = gap.read(body)
        seq = (lost.lo if lost else number) - 1
    return None
