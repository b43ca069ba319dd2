# SPDX-License-Identifier: Apache-2.0
"""Tells no switch anything: every order is answered, none is carried out.

What a trunk is given until its owner agrees to more.
"""

import asyncio

from pydantic import BaseModel, ConfigDict

from edge.ports import Driver, Order, Receipt


class Config(BaseModel):
    """Nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Observe:
    """An enforcer that lets every call through and says so."""

    async def enforce(self, order: Order) -> Receipt:
        """Return a receipt that nobody accepted; the call goes on."""
        return Receipt(order.id, accepted=False, answer="observed: no switch was told")

    async def watch(self) -> None:
        """Wait for ever: who speaks to nobody loses nobody."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Do nothing; nothing was opened."""


async def open_enforcer(_name: str, _config: Config) -> Observe:
    """Return an observer; there is nothing to open."""
    return Observe()


DRIVER = Driver(
    name="observe",
    config=Config,
    open=open_enforcer,
    summary="Tells no switch anything; every call goes through.",
)
