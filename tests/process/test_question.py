# SPDX-License-Identifier: Apache-2.0
"""A word reaches who is there, waits where the queue is full, and is never more than a word."""

import asyncio
import os
import socket
from pathlib import Path

import msgspec
import pytest

from edge.errors import DriverLost
from edge.process.question import CORE, MOST_OCTETS, UPLINK, Answer, Letters, Question

ASKED = Question("1f", "447700900123", 300)


async def raw(folder: Path, *datagrams: bytes) -> None:
    """Send octets to `uplink`, as anybody could who may write into the folder."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.setblocking(False)
        for octets in datagrams:
            await loop.sock_sendto(wire, octets, f"{folder}/{UPLINK}.letters.sock")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer", [Answer("1f", True, 60), Answer("1f", False, 1), Answer("1f", None)]
)
async def test_a_question_goes_there_and_its_answer_back(tmp_path: Path, answer: Answer) -> None:
    core, uplink = Letters(tmp_path, CORE, Answer), Letters(tmp_path, UPLINK, Question)
    await core.put(UPLINK, ASKED)
    async with asyncio.timeout(10):
        assert await uplink.read() == ASKED
        await uplink.put(CORE, answer)
        assert await core.read() == answer
    core.close()
    uplink.close()


def test_a_question_is_what_it_was_agreed_to_be_and_fits() -> None:
    said = b'{"id":"1f","number":"447700900123","deadline_ms":300,"ask":"roaming"}'
    assert msgspec.json.encode(ASKED) == said
    longest = Question("f" * 32, "4" * 15, 60_000)
    assert len(msgspec.json.encode(longest)) <= 128 < MOST_OCTETS


NONSENSE = [
    b"", b"{", b"\xff\xfe", b"[]", b"1", b"{}", b'{"id":"1"}',
    b'{"id":"","number":"447700900123","deadline_ms":300,"ask":"roaming"}',
    b'{"id":"1","number":"+447700900123","deadline_ms":300,"ask":"roaming"}',
    b'{"id":"1","number":"0447700900123","deadline_ms":300,"ask":"roaming"}',
    b'{"id":"1","number":"447700900123","deadline_ms":0,"ask":"roaming"}',
    b'{"id":"1","number":"447700900123","deadline_ms":300,"ask":"portability"}',
    b'{"id":"' + b"1" * 33 + b'","number":"447700900123","deadline_ms":300}',
    b'{"id":"1","number":"447700900123","deadline_ms":300' + b" " * MOST_OCTETS + b"}",
    b"[" * MOST_OCTETS,
]  # fmt: skip


@pytest.mark.asyncio
async def test_what_is_no_word_is_counted_and_passed_over(tmp_path: Path) -> None:
    uplink, core = Letters(tmp_path, UPLINK, Question), Letters(tmp_path, CORE, Answer)
    for octets in NONSENSE:
        await raw(tmp_path, octets)
        await core.put(UPLINK, ASKED)
        async with asyncio.timeout(10):
            assert await uplink.read() == ASKED
    assert uplink.unread == len(NONSENSE)
    core.close()
    uplink.close()


@pytest.mark.asyncio
async def test_who_is_not_there_or_was_killed_takes_nothing(tmp_path: Path) -> None:
    core = Letters(tmp_path / "made", CORE, Answer)
    with pytest.raises(DriverLost, match="uplink takes no words"):
        await core.put(UPLINK, ASKED)
    Letters(tmp_path / "made", UPLINK, Question).close()
    with pytest.raises(DriverLost, match="uplink takes no words"):
        await core.put(UPLINK, ASKED)
    # What the killed one left is no hindrance.
    uplink = Letters(tmp_path / "made", UPLINK, Question)
    await core.put(UPLINK, ASKED)
    core.close()
    uplink.close()


@pytest.mark.asyncio
async def test_a_full_queue_is_waited_for_and_loses_nothing(tmp_path: Path) -> None:
    core, uplink = Letters(tmp_path, CORE, Answer), Letters(tmp_path, UPLINK, Question)
    asked = [Question(f"{n:x}", "447700900123", 300) for n in range(2000)]
    found: list[Question] = []

    async def read() -> None:
        while len(found) < len(asked):
            found.append(await uplink.read())

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(read())
        for question in asked:
            await core.put(UPLINK, question)
    assert found == asked
    core.close()
    uplink.close()


@pytest.mark.asyncio
async def test_who_does_not_read_is_not_waited_for_long(tmp_path: Path) -> None:
    core, deaf = Letters(tmp_path, CORE, Answer), Letters(tmp_path, UPLINK, Question)

    async def fill() -> None:
        while True:
            await core.put(UPLINK, ASKED)

    async with asyncio.timeout(30):
        with pytest.raises(DriverLost, match="uplink takes no words"):
            await fill()
    core.close()
    deaf.close()


def test_a_folder_too_long_for_a_socket_and_nothing_left_open(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20) / ("longer" * 20)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not walked
    letters = Letters(folder, CORE, Answer)
    assert (folder / f"{CORE}.letters.sock").is_socket()
    letters.close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
