# SPDX-License-Identifier: Apache-2.0
"""How evidence is kept: on disk within a second, and for as many days as are asked for."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from edge import clock
from edge.evidence.journal import Journal
from edge.report.event import Clock, Moment
from edge.report.outbox.scribe import UNSYNCED
from edge.verdict.guardrail import Alarm

SYNC_EVERY_S = 1.0
NS = 1_000_000_000


async def sync_alone(sync: Callable[[], bool], alarm: Callable[[Alarm], None]) -> None:
    """Have evidence on disk, again and again; say once when the disk refuses it."""
    refused = False
    while True:
        await asyncio.sleep(SYNC_EVERY_S)
        before, refused = refused, not await asyncio.to_thread(sync)
        if refused and not before:
            alarm(Alarm(UNSYNCED, "", clock.now_ns(), "the disk refuses; tried each second"))


def prune(journal: Journal, now: Moment, keep_days: int) -> None:
    """Let go of evidence older than so many days, by a clock that can be believed."""
    if now.clock is Clock.SYNCED:
        before = datetime.fromtimestamp(now.at / NS, UTC).date() - timedelta(days=keep_days)
        journal.prune(before.isoformat())
