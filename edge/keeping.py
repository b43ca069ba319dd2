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
PRUNE_EVERY_S = 3600.0
UNPRUNED = "evidence-not-pruned"
NS = 1_000_000_000


async def sync_alone(sync: Callable[[], bool], alarm: Callable[[Alarm], None]) -> None:
    """Have evidence on disk, again and again; say once when the disk refuses it."""
    refused = False
    while True:
        await asyncio.sleep(SYNC_EVERY_S)
        before, refused = refused, not await asyncio.to_thread(sync)
        if refused and not before:
            alarm(Alarm(UNSYNCED, "", clock.now_ns(), "the disk refuses; tried each second"))


async def let_go(
    journal: Journal, now: Callable[[], Moment], keep_days: int, alarm: Callable[[Alarm], None]
) -> None:
    """Let go of old evidence, again and again."""
    while True:
        if refused := await asyncio.to_thread(prune, journal, now(), keep_days):
            alarm(refused)
        await asyncio.sleep(PRUNE_EVERY_S)


def prune(journal: Journal, now: Moment, keep_days: int) -> Alarm | None:
    """Let go of evidence older than so many days, by a clock that can be believed.

    Returns an alarm where the disk refuses even that: nothing stops for it.
    """
    if now.clock is not Clock.SYNCED:
        return None
    before = datetime.fromtimestamp(now.at / NS, UTC).date() - timedelta(days=keep_days)
    try:
        journal.prune(before.isoformat())
    except OSError as refusal:
        text = f"it stays, and it is tried again in an hour: {refusal}"
        return Alarm(UNPRUNED, "", now.at, text)
    return None
