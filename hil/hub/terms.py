# SPDX-License-Identifier: Apache-2.0
"""What the tests of a hub share: where it is, and how long it may take to answer."""

import secrets
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from edge.report.message import Acknowledged
from hil.hub.madeup import MadeUp
from hil.hub.mqtt import Broker


class Unmet(Exception):
    """What a hub did not do, as a sentence."""


class Where(NamedTuple):
    """The hub that is tested, by the broker that it stands behind."""

    broker: Broker
    prefix: str = "conform"
    "The names of made-up appliances begin so."
    patience_s: float = 10.0
    vkey: str = ""
    "Of the hub's cosignatures; none: they are not verified."

    def name(self) -> str:
        """Return the name of an appliance that never was."""
        return f"{self.prefix}-{secrets.token_hex(4)}"


Test = Callable[[Where], Coroutine[Any, Any, None]]


def sentence(test: Test) -> str:
    """Return what a test holds a hub to."""
    return (test.__doc__ or "").strip()


async def acknowledged(one: MadeUp, where: Where, stream: str, through: int) -> None:
    """Wait for an acknowledgement. Raises `Unmet`."""
    if not await one.until(lambda: one.through(stream) >= through, where.patience_s):
        raise Unmet(f"{through} were sent, {one.through(stream)} acknowledged")
    if one.through(stream) > through:
        raise Unmet(f"{through} were sent, and {one.through(stream)} acknowledged")


async def told(one: MadeUp, where: Where, stream: str) -> Acknowledged:
    """Ask how far a stream has got. Raises `Unmet`."""
    before = len(one.answers)
    await one.ask(stream)

    def is_answered() -> bool:
        return any(ack.stream == stream for said in one.answers[before:] for ack in said.acks)

    if not await one.until(is_answered, where.patience_s):
        raise Unmet("a question was not answered")
    said = [ack for said in one.answers[before:] for ack in said.acks if ack.stream == stream]
    return said[-1]
