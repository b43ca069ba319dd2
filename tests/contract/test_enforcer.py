# SPDX-License-Identifier: Apache-2.0
"""What every enforcer promises, asked of every one that is installed.

A new driver adds the settings by which it reaches its twin to `SETTINGS`.
"""

from typing import Any

import msgspec
import pytest

from edge import plugins
from edge.model.answer import REJECTED, Answer
from edge.model.event import UNKNOWN_TRUNK, CallOffered
from edge.model.message import NO_FLOW, Flow
from edge.model.number import Number, Party
from edge.model.unit import LinkType, Unit
from edge.model.verdict import Action, Basis, Mode, Verdict
from edge.ports import Order

SETTINGS: dict[str, dict[str, Any]] = {"observe": {}}


class Invite(msgspec.Struct):
    """The least a message can say."""

    unit: Unit = Unit("rig", LinkType.RAW, 1, b"")
    flow: Flow = NO_FLOW
    earlier: tuple[Unit, ...] = ()
    proto: str = "sip"
    type: str = "INVITE"
    call: str = "1@192.0.2.1"
    calling: str = "+447700900123"
    called: str = "+77172000001"

    def fields(self) -> dict[str, object]:
        return {}

    def facts(self) -> dict[str, object]:
        return {}


CALLING = Party("from", Number("+447700900123", "447700900123"))
CALLED = Party("request-uri", Number("+77172000001", "77172000001"))
OFFER = CallOffered(
    1, "1@192.0.2.1", 1, UNKNOWN_TRUNK, "sip", CALLING, CALLED, (CALLING, CALLED), Invite()
)
ORDER = Order(
    "order-1",
    OFFER,
    Verdict(Action.BLOCK, Action.BLOCK, Basis.LIST, "list.calling", Mode.ENFORCE),
    Answer(Action.BLOCK, 603, "Decline", cause=REJECTED),
    deadline_ns=1 << 62,
)


def test_every_enforcer_is_held_to_the_contract() -> None:
    assert set(SETTINGS) == set(plugins.names("enforcers"))


@pytest.mark.asyncio
@pytest.mark.parametrize("name", sorted(SETTINGS))
async def test_an_order_is_answered_by_its_id_and_the_same_when_repeated(name: str) -> None:
    driver = plugins.load("enforcers", name)
    enforcer = await driver.open("rig", driver.config.model_validate(SETTINGS[name]))
    receipt = await enforcer.enforce(ORDER)
    assert receipt.order == ORDER.id
    assert receipt.answer
    assert await enforcer.enforce(ORDER) == receipt


@pytest.mark.asyncio
async def test_the_observer_says_that_nobody_was_told() -> None:
    driver = plugins.load("enforcers", "observe")
    enforcer = await driver.open("rig", driver.config())
    assert not (await enforcer.enforce(ORDER)).accepted
