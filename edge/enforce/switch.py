# SPDX-License-Identifier: Apache-2.0
"""What the drivers of switches do alike: open whole or not at all, and find out that one is silent.

A switch that hangs up says so; one that is only silent is asked, and given up after a few looks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

SILENT_LOOKS = 3
"Questions in a row without an answer, after which a switch is lost."


class Opens(Protocol):
    """A driver that has to reach its switch before it is of use."""

    async def open(self) -> None:
        """Reach the switch. Raises `DriverLost`."""

    async def close(self) -> None:
        """Let go of it, also of what was half opened."""


OpensT = TypeVar("OpensT", bound=Opens)


async def opened(enforcer: OpensT) -> OpensT:
    """Open an enforcer and return it; what keeps it from opening is raised once it is closed."""
    try:
        await enforcer.open()
    except BaseException:
        await enforcer.close()
        raise
    return enforcer


async def until_silent(
    ask: Callable[[], Awaitable[object]],
    look_s: float,
    rest: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Ask whether a switch lives; return after `SILENT_LOOKS` with no answer within `look_s`.

    `rest` is given the seconds between an answer and the next question. Raises what both raise.
    """
    silent = 0
    while silent < SILENT_LOOKS:
        try:
            async with asyncio.timeout(look_s):
                await ask()
        except TimeoutError:
            silent += 1
        else:
            silent = 0
            await rest(look_s)
