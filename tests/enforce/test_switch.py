# SPDX-License-Identifier: Apache-2.0
"""A driver is open or closed, never between; a switch is given up after three silent looks."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from edge.enforce.switch import SILENT_LOOKS, opened, until_silent
from edge.errors import DriverLost

pytestmark = pytest.mark.asyncio
LOOK_S = 0.01


class Lamp:
    """Something that opens as it is told to."""

    def __init__(self, light: Callable[[], Awaitable[object]]) -> None:
        self.said: list[str] = []
        self._light = light

    async def open(self) -> None:
        self.said.append("open")
        await self._light()

    async def close(self) -> None:
        self.said.append("close")


async def refuse() -> None:
    raise DriverLost("no answer")


async def never() -> None:
    await asyncio.Event().wait()


async def at_once() -> None:
    """Answer."""


async def test_what_opens_is_given_out_open() -> None:
    lamp = Lamp(at_once)
    assert await opened(lamp) is lamp
    assert lamp.said == ["open"]


async def test_what_is_refused_is_closed() -> None:
    lamp = Lamp(refuse)
    with pytest.raises(DriverLost, match="no answer"):
        await opened(lamp)
    assert lamp.said == ["open", "close"]


async def test_what_is_given_up_while_it_opens_is_closed() -> None:
    lamp = Lamp(never)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(LOOK_S):
            await opened(lamp)
    assert lamp.said == ["open", "close"]


@pytest.mark.parametrize("answers", [
    pytest.param("", id="never there"),
    pytest.param("yy", id="silent from then on"),
    pytest.param("nnynny", id="an answer begins anew"),
])  # fmt: skip
async def test_a_switch_is_given_up_after_three_silent_looks(answers: str) -> None:
    asked: list[int] = []
    rests: list[float] = []

    async def ask() -> None:
        asked.append(len(asked))
        if asked[-1] >= len(answers) or answers[asked[-1]] == "n":
            await never()

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    await until_silent(ask, LOOK_S, rest)
    assert len(asked) == len(answers) + SILENT_LOOKS
    assert rests == [LOOK_S] * answers.count("y")


@pytest.mark.parametrize("ends", ["ask", "rest"])
async def test_a_switch_that_hangs_up_says_so_itself(ends: str) -> None:
    with pytest.raises(DriverLost, match="no answer"):
        await until_silent(refuse if ends == "ask" else at_once, LOOK_S, lambda _: refuse())
