# SPDX-License-Identifier: Apache-2.0
"""What enforcers remember of orders."""

import asyncio

import pytest

from edge.enforce.receipts import Receipts
from edge.ports import Receipt


def test_the_oldest_is_forgotten() -> None:
    receipts = Receipts(most=2)
    kept = [receipts.keep(Receipt(f"r-{n}", accepted=True, answer="done")) for n in range(3)]
    assert [receipts.of(f"r-{n}") for n in range(3)] == [None, *kept[1:]]
    assert len(receipts) == 2


@pytest.mark.asyncio
async def test_one_at_a_time_carries_out_an_order() -> None:
    receipts, done = Receipts(), []

    async def carry_out(order: str) -> Receipt:
        async with receipts.turn(order):
            if known := receipts.of(order):
                return known
            await asyncio.sleep(0)
            done.append(order)
            return receipts.keep(Receipt(order, accepted=True, answer="done"))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(carry_out(order)) for order in ("a", "a", "b", "a")]
    assert sorted(done) == ["a", "b"]
    assert len({id(task.result()) for task in tasks}) == 2
    assert not receipts._turns, "no lock outlives its order"
