# SPDX-License-Identifier: Apache-2.0
"""A hint is heard by who is there, costs nothing where nobody is, and is never more than a word."""

import asyncio
import os
from pathlib import Path

from edge.process.hint import ACKED, MOST_OCTETS, OUTBOX, REQUESTS, Hints, give


def test_a_hint_calls_what_belongs_to_its_word(tmp_path: Path) -> None:
    async def talk() -> list[str]:
        heard: list[str] = []
        both = asyncio.Event()
        core, uplink = Hints(tmp_path, "core"), Hints(tmp_path, "uplink")
        uplink.hear({OUTBOX: lambda: heard.append("outbox"), ACKED: both.set})
        core.give("uplink", OUTBOX)
        core.give("uplink", "nonsense")
        core.give("uplink", "x" * 10 * MOST_OCTETS)
        core.give("uplink", ACKED)
        await asyncio.wait_for(both.wait(), 10)
        core.close()
        uplink.close()
        return heard

    assert asyncio.run(talk()) == ["outbox"]


def test_nobody_there_costs_nothing(tmp_path: Path) -> None:
    hints = Hints(tmp_path / "made", "core")
    hints.give("uplink", OUTBOX)
    hints.close()
    Hints(tmp_path / "made", "core").close()  # what a killed one left is no hindrance


def test_a_folder_too_long_for_a_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20) / ("longer" * 20)
    hints = Hints(folder, "core")
    assert (folder / "core.sock").is_socket()
    hints.close()


def test_a_full_ear_never_blocks_who_speaks(tmp_path: Path) -> None:
    deaf, speaker = Hints(tmp_path, "uplink"), Hints(tmp_path, "core")
    for _ in range(100_000):
        speaker.give("uplink", OUTBOX)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not walked
    deaf.close()
    speaker.close()
    assert len(os.listdir("/proc/self/fd")) == before - 4  # noqa: PTH208


def test_who_hears_none_may_give_one(tmp_path: Path) -> None:
    async def talk() -> None:
        heard = asyncio.Event()
        uplink = Hints(tmp_path, "uplink")
        uplink.hear({REQUESTS: heard.set})
        give(tmp_path, "uplink", REQUESTS)
        await asyncio.wait_for(heard.wait(), 10)
        uplink.close()

    asyncio.run(talk())
    give(tmp_path, "uplink", REQUESTS)  # it has gone
    give(tmp_path / "none", "uplink", REQUESTS)
    assert [path.name for path in tmp_path.iterdir()] == ["uplink.sock"]


def test_other_processes_may_speak_to_us_whatever_our_umask(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        hints = Hints(tmp_path, "core")
    finally:
        os.umask(mask)
    assert (tmp_path / "core.sock").stat().st_mode & 0o777 == 0o660
    hints.close()
