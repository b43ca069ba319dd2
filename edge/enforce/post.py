# SPDX-License-Identifier: Apache-2.0
"""Tells one switch: orders that wait for it, and its enforcer, opened anew whenever it was lost.

An order is told to the switch before its deadline or not at all. Nobody waits for it to be told.
"""

import asyncio
from collections.abc import Callable

import structlog

from edge import clock, plugins
from edge.errors import DriverLost, EnforceError, mendable
from edge.ports import Enforcer, Order, Receipt
from edge.process.handover import Refuse
from edge.process.supervise import Backoff, Presence, Supervised
from edge.settings.keys import Part

NS = 1_000_000_000
DEPTH = 1024
"Orders that wait for a switch; one more is refused, and its call goes through."
AT_ONCE = 32
"Orders under way at once."
AGAIN = Backoff(first_s=0.2, most_s=5.0)
"A switch that is away lets calls through: it is looked for often."

Told = Callable[[Order, Receipt], None]
"Takes what the switch said, in the running loop."


class Post:
    """The way to one switch."""

    def __init__(self, name: str, part: Part, told: Told, may: Callable[[Order], bool]) -> None:
        """Tell the switch what `may` still allows when its turn comes; say to `told` what it said.

        What the switch cannot do is a receipt that nobody accepted, with the reason.
        """
        self.name = name
        self.part = Supervised(name, self._run, AGAIN)
        "Whether the switch is there, for all to see."
        self.there = Presence(f"switch {name}")
        "While it is away it takes no orders."
        self._driver = part.driver
        self._settings = part.settings
        self._told = told
        self._may = may
        self._orders: Refuse[Order] = Refuse(DEPTH)

    def put(self, order: Order) -> bool:
        """Give an order; false if it has no room, or if the switch is away."""
        if self.there.away:
            return False
        return self._orders.put(order)

    async def forever(self) -> None:
        """Tell the switch what there is to tell, until cancelled."""
        await self.part.forever()

    async def _run(self) -> None:
        driver = plugins.load("enforcers", self._driver)
        with self.there.noted():
            enforcer = await driver.open(self.name, self._settings)
        self.there.back()
        structlog.get_logger("core").info("open", enforcer=self.name, driver=self._driver)
        try:
            with self.there.noted(), mendable():
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._watch(enforcer))
                    for _ in range(AT_ONCE):
                        group.create_task(self._tell(enforcer))
        finally:
            await enforcer.close()

    async def _watch(self, enforcer: Enforcer) -> None:
        await enforcer.watch()
        raise DriverLost(f"{self.name}: the switch is gone")

    async def _tell(self, enforcer: Enforcer) -> None:
        while True:
            order = await self._orders.get()
            self._told(order, await self._receipt(enforcer, order))

    async def _receipt(self, enforcer: Enforcer, order: Order) -> Receipt:
        """Return what came of an order; a switch that is lost meanwhile is said to have said so."""
        left_s = (order.deadline_ns - clock.now_ns()) / NS
        if not self._may(order):
            return Receipt(order.id, accepted=False, answer="held back: nothing is stopped now")
        if left_s <= 0:
            return Receipt(order.id, accepted=False, answer="too late to tell the switch")
        try:
            async with asyncio.timeout(left_s):
                return await enforcer.enforce(order)
        except TimeoutError:
            return Receipt(order.id, accepted=False, answer="the switch did not answer in time")
        except EnforceError as refusal:
            return Receipt(order.id, accepted=False, answer=str(refusal))
        except DriverLost as loss:
            self._told(order, Receipt(order.id, accepted=False, answer=str(loss)))
            raise
