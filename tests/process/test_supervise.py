# SPDX-License-Identifier: Apache-2.0
"""A lost device is opened again, later each time; a bug is not."""

import asyncio

import pytest

from edge.errors import DriverLost, mendable
from edge.process.supervise import Backoff, Supervised


class Clock:
    """Time that passes only where the test lets it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []

    def read(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


class Device:
    """Runs as long as told, then is lost; ends by itself after the last time."""

    def __init__(self, clock: Clock, *lasts_s: float) -> None:
        self.clock = clock
        self.lasts_s = list(lasts_s)

    async def run(self) -> None:
        if self.lasts_s:
            self.clock.now_s += self.lasts_s.pop(0)
            raise DriverLost("unplugged")


def supervised(device: Device, backoff: Backoff, share: float = 1.0) -> Supervised:
    return Supervised(
        "mirror",
        device.run,
        backoff,
        sleep=device.clock.sleep,
        jitter=lambda low, high: low + share * (high - low),
        now_s=device.clock.read,
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("share", "waits"), [(1.0, [1, 2, 4, 8, 10, 10]), (0.5, [0.5, 1, 2, 4, 5, 5]), (0.0, [0] * 6)]
)
async def test_waits_double_up_to_a_bound_and_are_drawn_below_it(
    share: float, waits: list[float]
) -> None:
    device = Device(Clock(), *[0.0] * 6)
    part = supervised(device, Backoff(first_s=1, most_s=10, calm_s=100), share)
    await part.forever()
    assert device.clock.slept == waits
    assert part.restarts == 6


@pytest.mark.asyncio
async def test_a_part_that_ran_well_starts_over() -> None:
    device = Device(Clock(), 0, 0, 0, 60, 0)
    await supervised(device, Backoff(first_s=1, most_s=10, calm_s=60)).forever()
    assert device.clock.slept == [1, 2, 4, 1, 2]


@pytest.mark.asyncio
async def test_its_state_can_be_seen() -> None:
    clock = Clock()
    seen: list[tuple[str, float, int]] = []

    def look(_low: float, high: float) -> float:
        """Draw the wait, which is asked for while the part is down."""
        seen.append((part.state, part.since_s, part.restarts))
        return high

    part = Supervised(
        "mirror",
        Device(clock, 5.0).run,
        Backoff(first_s=1),
        sleep=clock.sleep,
        jitter=look,
        now_s=clock.read,
    )
    seen.append((part.state, part.since_s, part.restarts))
    await part.forever()
    seen.append((part.state, part.since_s, part.restarts))
    assert seen == [("running", 0.0, 0), ("lost: unplugged", 5.0, 0), ("running", 6.0, 1)]


@pytest.mark.asyncio
async def test_a_bug_ends_it() -> None:
    async def broken() -> None:
        raise KeyError("trunk")

    part = Supervised("mirror", broken)
    with pytest.raises(KeyError):
        await part.forever()
    assert part.restarts == 0


@pytest.mark.asyncio
async def test_one_that_is_told_to_end_while_its_device_is_lost_ends() -> None:
    """As when a machine shuts down: the broker goes, and whoever speaks to it is told to go."""
    gone = asyncio.Event()

    async def hear() -> None:
        await gone.wait()
        raise DriverLost("unplugged")

    async def run() -> None:
        with mendable():
            async with asyncio.TaskGroup() as group:
                group.create_task(hear())

    part = Supervised("mirror", run)
    running = asyncio.ensure_future(part.forever())  # noqa: TID251 - awaited below
    await asyncio.sleep(0)
    gone.set()
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 5)
    assert part.restarts == 0


@pytest.mark.asyncio
async def test_one_whose_group_of_tasks_is_lost_is_run_again() -> None:
    """A task group of 3.11 leaves its task marked as cancelled; that is not our end."""
    clock, runs = Clock(), []

    async def hear() -> None:
        await asyncio.sleep(0)
        raise DriverLost("unplugged")

    async def run() -> None:
        runs.append(clock.now_s)
        if len(runs) < 3:
            with mendable():
                async with asyncio.TaskGroup() as group:
                    group.create_task(hear())

    part = Supervised("mirror", run, sleep=clock.sleep, now_s=clock.read)
    await asyncio.create_task(part.forever())  # noqa: TID251 - awaited here
    assert len(runs) == 3


@pytest.mark.parametrize("failures", [1, 64, 10_000, 10**9])
def test_a_bound_exists_however_long_a_device_is_away(failures: int) -> None:
    assert 0 < Backoff(first_s=0.5, most_s=60).bound_s(failures) <= 60
