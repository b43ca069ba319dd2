# SPDX-License-Identifier: Apache-2.0
"""How far the hub has got is written down soon, whole, and again after a full disk."""

import asyncio
from contextlib import suppress
from pathlib import Path

from edge.report.outbox.acked import read_acked, write_acked
from edge.report.outbox.progress import Progress


def run(progress: Progress, written: asyncio.Event, *moves: dict[str, int]) -> None:
    async def talk() -> None:
        working = asyncio.get_running_loop().create_task(progress.forever())
        for move in moves:
            written.clear()
            progress.acked(move)
            await asyncio.wait_for(written.wait(), 10)
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working

    asyncio.run(talk())


def test_the_last_word_is_written_and_an_earlier_life_is_known(tmp_path: Path) -> None:
    path = tmp_path / "acked.json"
    write_acked(path, {"a": 7})
    written = asyncio.Event()
    progress = Progress(path, written.set)
    assert progress.through == {"a": 7}
    run(progress, written, {"b": 1}, {"a": 9, "b": 2})
    assert read_acked(path) == {"a": 9, "b": 2}


def test_what_came_last_is_written_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "acked.json"

    async def talk() -> None:
        progress = Progress(path, lambda: None)
        working = asyncio.get_running_loop().create_task(progress.forever())
        await asyncio.sleep(0)
        progress.acked({"a": 1})
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working

    asyncio.run(talk())
    assert read_acked(path) == {"a": 1}


def test_a_disk_that_takes_nothing_costs_nothing(tmp_path: Path) -> None:
    written = asyncio.Event()
    progress = Progress(tmp_path / "no" / "folder" / "acked.json", written.set)
    run(progress, written, {"a": 1})
    assert progress.through == {"a": 1}
