# SPDX-License-Identifier: Apache-2.0
"""Orders about calls, and an enforcer to give them to."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import msgspec
import pytest

from drivers.enforcers.asterisk_ami.driver import AmiEnforcer, Config, open_enforcer
from edge.clock import now_ns
from edge.errors import DriverLost
from edge.model.answer import REJECTED, Answer
from edge.model.verdict import Action
from edge.ports import Order
from tests.contract.test_enforcer import OFFER, ORDER

BLOCKED = Answer(Action.BLOCK, 603, "Decline", cause=REJECTED)
DIVERTED = Answer(Action.DIVERT, 302, "Moved Temporarily", contact="sip:desk@192.0.2.9")


def order(call: str, answer: Answer = BLOCKED, within_s: float = 5.0, told: str = "") -> Order:
    return msgspec.structs.replace(
        ORDER,
        id=told or f"order of {call}",
        call=msgspec.structs.replace(OFFER, call=call),
        answer=answer,
        deadline_ns=now_ns() + int(within_s * 1e9),
    )


@asynccontextmanager
async def opened(port: int, **more) -> AsyncIterator[AmiEnforcer]:
    known = {"user": "qalqan", "secret": "a-secret"}
    settings = {"port": port, **known, **more}
    enforcer = await open_enforcer("pbx", Config.model_validate(settings))
    try:
        yield enforcer
    finally:
        await enforcer.close()


async def why_lost(way: Awaitable[object]) -> str:
    """Return what is said of a switch that was lost meanwhile."""
    with pytest.raises(DriverLost) as why:
        await way
    return str(why.value)
