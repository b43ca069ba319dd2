# SPDX-License-Identifier: Apache-2.0
"""The tap fed by hand: what is put is heard, or is counted as lost."""

import pytest

from drivers.taps.memory import MemoryTap
from edge.errors import DriverLost
from edge.model.unit import LinkType, Unit


def unit(number: int) -> Unit:
    return Unit("desk", LinkType.ETHERNET, number, b"", number)


@pytest.mark.asyncio
async def test_what_was_put_is_heard_in_its_order_then_it_ends() -> None:
    tap = MemoryTap(8)
    tap.put(unit(1), unit(2))
    tap.put(unit(3))
    assert await tap.read() == (unit(1), unit(2), unit(3))
    tap.put(unit(4))
    tap.end()
    assert await tap.read() == (unit(4),)
    assert await tap.read() == ()


@pytest.mark.asyncio
async def test_what_has_no_room_is_lost_and_counted() -> None:
    tap = MemoryTap(2)
    tap.put(unit(1), unit(2), unit(3))
    tap.put(unit(4))
    tap.lose(5, "sequence gap")
    assert await tap.read() == (unit(1), unit(2))
    assert tap.lost().by_cause == (("full", 2), ("sequence gap", 5))


@pytest.mark.asyncio
async def test_a_vanished_device_is_lost() -> None:
    tap = MemoryTap(2)
    tap.put(unit(1))
    tap.vanish("unplugged")
    with pytest.raises(DriverLost, match="unplugged"):
        await tap.read()
