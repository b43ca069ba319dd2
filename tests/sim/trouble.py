# SPDX-License-Identifier: Apache-2.0
"""What may befall a country, and how a seed chooses among it.

Each seed has a few kinds of faults only, and many of them: all kinds in every story would be one
story (swarm testing).
"""

import asyncio
import random
from collections.abc import Callable, Coroutine

import msgspec
from msgspec import structs

from edge.report.hub.drain import Pace
from edge.report.outbox.quota import Limits
from tests.sim.box import CORE, UPLINK, Box, Traits
from tests.sim.broker import Weather
from tests.sim.country import Country
from tests.sim.hub import HERALD

DAY_S = 86_400.0
SMALL, ROOMY = Limits(1 << 19), Limits(4 << 20)
Fault = Callable[[Country], Coroutine[None, None, None]]


class Plan(msgspec.Struct):
    """What a seed makes of a country."""

    boxes: int
    workers: int
    traits: Traits
    weather: Weather
    steps: int
    gap_s: float
    "Between two faults, on average."
    together: float
    "Share of faults that the next one does not wait for."
    faults: tuple[str, ...]


def plan(seed: int) -> Plan:
    """Return what a seed makes of a country."""
    chance = random.Random(f"plan {seed}")
    return Plan(
        boxes=chance.choice((1, 2, 2, 3)),
        workers=chance.choice((1, 2, 3)),
        traits=_traits(chance),
        weather=_weather(chance),
        steps=chance.randint(6, 14),
        gap_s=chance.choice((3.0, 12.0, 40.0)),
        together=chance.choice((0.3, 0.7, 1.0)),
        faults=tuple(chance.sample(sorted(FAULTS), chance.randint(2, 6))),
    )


def _traits(chance: random.Random) -> Traits:
    return Traits(
        limits=chance.choice((SMALL, SMALL, ROOMY)),
        pace=Pace(
            batch_rows=chance.choice((8, 40)),
            batch_octets=chance.choice((4_000, 65_536)),
            kbit=chance.choice((0, 0, 64, 512)),
            look_s=chance.choice((2.0, 20.0)),
        ),
        every_s=chance.choice((1.5, 4.0, 10.0)),
        burst=chance.choice((1, 6, 20)),
        octets=chance.choice((200, 1500, 5000)),
        deaf=chance.choice((0.0, 0.1, 1.0)),
    )


def _weather(chance: random.Random) -> Weather:
    refuse = {}
    if chance.random() < 0.3:
        for reason in chance.sample((0x10, 0x80, 0x83, 0x87, 0x95, 0x97, 0x99), 2):
            refuse[reason] = chance.choice((0.01, 0.05))
    return Weather(
        latency_s=chance.choice(((0.001, 0.01), (0.02, 0.2), (0.1, 3.0))),
        cut=chance.choice((0.0, 0.002, 0.01)),
        twice=chance.choice((0.0, 0.1, 0.5)),
        refuse=refuse,
        most_queued=chance.choice((20, 1000)),
        retains=chance.random() < 0.7,
    )


async def befall(country: Country, plan: Plan) -> None:
    """Have a plan's faults happen, one after the other, and some together."""
    country.broker.weather = plan.weather
    country.say(f"{plan}")
    async with asyncio.TaskGroup() as group:
        for _ in range(plan.steps):
            await asyncio.sleep(country.chance.expovariate(1 / plan.gap_s))
            fault = group.create_task(FAULTS[country.chance.choice(plan.faults)](country))
            if country.chance.random() >= plan.together:
                await fault


def _some(country: Country) -> Box:
    return country.chance.choice(country.boxes)


async def cut(country: Country) -> None:
    """A connection breaks."""
    names = sorted(country.broker.connections)
    if names:
        name = country.chance.choice(names)
        country.say(f"the connection of {name} breaks")
        country.broker.connections[name].drop()


async def dark(country: Country) -> None:
    """A line is cut, for seconds or for an hour."""
    name, seconds = _some(country).name, country.chance.choice((2.0, 30.0, 50.0, 90.0, 600.0))
    country.say(f"the line of {name} is cut for {seconds} s")
    country.broker.darken(name)
    await asyncio.sleep(seconds)
    country.broker.lighten(name)
    country.say(f"the line of {name} is mended")


async def far(country: Country) -> None:
    """All lines are cut for a long time; a week has a test of its own."""
    seconds = country.chance.choice((0.05, 0.2, 0.5)) * DAY_S
    if country.is_far:
        return
    country.is_far = True
    country.say(f"all lines are cut for {seconds / 3600} hours")
    paces = [box.traits for box in country.boxes]
    for box in country.boxes:
        box.traits = box.traits._replace(every_s=max(box.traits.every_s, seconds / 60))
    for box in country.boxes:
        country.broker.darken(box.name)
    await asyncio.sleep(seconds)
    for box in country.boxes:
        country.broker.lighten(box.name)
    for box, traits in zip(country.boxes, paces, strict=True):
        box.traits = traits
    country.say("all lines are mended")


async def broker_killed(country: Country) -> None:
    """The broker dies, and remembers all, something old, or nothing."""
    if country.broker.away:
        return
    keeps, seconds = (
        country.chance.choice(("all", "saved", "nothing")),
        country.chance.uniform(1, 60),
    )
    country.say(f"the broker is killed, keeps {keeps}, and is back in {seconds:.0f} s")
    country.broker.away = True
    country.broker.kill(keeps)
    await asyncio.sleep(seconds)
    country.broker.away = False


async def broker_saves(country: Country) -> None:
    """The broker writes down what it has."""
    country.say("the broker saves")
    country.broker.save()


async def core_dies(country: Country) -> None:
    """The process that hears the trunk is killed."""
    await country.down(f"{_some(country).name}/{CORE}", country.chance.uniform(0.1, 20))


async def uplink_dies(country: Country) -> None:
    """The process that speaks to the hub is killed."""
    await country.down(f"{_some(country).name}/{UPLINK}", country.chance.uniform(0.1, 20))


async def power(country: Country) -> None:
    """A box loses its power."""
    name, seconds = _some(country).name, country.chance.uniform(5, 60)
    async with asyncio.TaskGroup() as group:
        for process in (CORE, UPLINK):
            group.create_task(country.down(f"{name}/{process}", seconds, power=True))


async def farewell(country: Country) -> None:
    """An uplink ends its conversation in good order, and begins anew."""
    box = _some(country)
    if box.link is not None:
        country.say(f"{box.name} says farewell")
        box.link.stop()


async def worker_dies(country: Country) -> None:
    """A worker of the hub is killed."""
    name = country.chance.choice([one for one in country.hub.names if one != HERALD])
    await country.down(name, country.chance.uniform(0.1, 90))


async def herald_dies(country: Country) -> None:
    """The herald of the hub is killed."""
    await country.down(HERALD, country.chance.uniform(0.1, 60))


async def hub_dies(country: Country) -> None:
    """All of the hub is away for a while."""
    seconds = country.chance.uniform(5, 900)
    async with asyncio.TaskGroup() as group:
        for name in country.hub.names:
            group.create_task(country.down(name, seconds))


async def hub_is_slow(country: Country) -> None:
    """The hub's database takes its time."""
    before, country.thread_s = country.thread_s, (0.0, country.chance.choice((0.5, 5.0, 20.0)))
    country.say(f"the hub is slow: {country.thread_s}")
    await asyncio.sleep(country.chance.uniform(10, 120))
    country.thread_s = before


async def database_stumbles(country: Country) -> None:
    """The hub's database is gone before or after some commits."""
    country.say("the hub's database stumbles")
    country.hub.desk.away = 0.3
    await asyncio.sleep(country.chance.uniform(5, 60))
    country.hub.desk.away = 0.0


async def flood(country: Country) -> None:
    """Many large events happen at once: the outbox is full."""
    box, count, octets = _some(country), country.chance.randint(20, 60), country.chance.choice(
        (500, 3000, 12_000))  # fmt: skip
    if keeper := box.keepers.get(CORE):
        country.say(f"{count} events of {octets} octets at {box.name}")
        box.happens(keeper, count, octets)


async def too_large(country: Country) -> None:
    """Some events are larger than any may be."""
    box = _some(country)
    for keeper in box.keepers.values():
        box.happens(keeper, 2, 40_000)


async def memory_full(country: Country) -> None:
    """More events happen at once than memory holds."""
    box = _some(country)
    if keeper := box.keepers.get(CORE):
        country.say(f"130 events at once at {box.name}")
        box.happens(keeper, 130, 30)


async def clock_steps(country: Country) -> None:
    """The clock of a box is set, forwards or back, or falls to 1970."""
    box = _some(country)
    hours = country.chance.choice((-1, 1, -24 * 30, 24 * 3650, -24 * 30_000))
    country.say(f"the clock of {box.name} is set by {hours} hours")
    box.step_ns = box.step_ns + hours * 3600 * 10**9


async def better_weather(country: Country) -> None:
    """For a while nothing is lost on the way."""
    before, country.broker.weather = country.broker.weather, structs.replace(
        country.broker.weather, cut=0.0, refuse={})  # fmt: skip
    await asyncio.sleep(30)
    country.broker.weather = before


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        cut, dark, far, broker_killed, broker_saves, core_dies, uplink_dies, power, farewell,
        worker_dies, herald_dies, hub_dies, hub_is_slow, database_stumbles, flood, too_large,
        memory_full, clock_steps, better_weather,
    )
}  # fmt: skip
