# SPDX-License-Identifier: Apache-2.0
"""THE MAP of the process `page`: what this box shows on its management address.

It opens no tap, reaches no hub, writes nothing; it reads the numbers that the other processes
leave in files. Whichever of them is there, the page answers.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus

import msgspec
import structlog

from edge.clock import monotonic_s
from edge.config import Config
from edge.console.door import Answer, Door
from edge.console.metrics import CONTENT_TYPE, Box
from edge.counting import Numbers
from edge.errors import ConfigError, DriverLost, mendable
from edge.moment import Moments
from edge.readings import Meter, Reading, read
from edge.service import Notifier, Watchdog, signals, watchdog_s
from edge.supervise import Backoff, Supervised

NAME = "page"
AGAIN = Backoff(most_s=5.0)
"The address of the management network may come up after us."
TICK_S = 1.0


def expected_of(config: Config) -> tuple[str, ...]:
    """Return the processes that a box with this configuration has."""
    return ("core", *(("uplink",) if config.hub.brokers else ()), NAME)


def build(config: Config, numbers: Numbers) -> Door:
    """Build everything that answers."""
    run = config.node.state_dir / "run"
    moments = Moments()
    meter = Meter(NAME, numbers, moments)

    def found() -> Mapping[str, Reading]:
        return {**read(run), NAME: meter.reading()}

    box = Box(expected_of(config), found, moments)
    return Door({"/metrics": partial(_metrics, box), "/healthz": partial(_health, box)}, numbers)


def _metrics(box: Box) -> Answer:
    return Answer(HTTPStatus.OK, box.exposition(), CONTENT_TYPE)


def _health(box: Box) -> Answer:
    ok, words = box.health()
    status = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status, msgspec.json.encode(words) + b"\n", "application/json")


async def run_page(config: Config, notify: Notifier) -> None:
    """Answer until we are told to stop. Raises `ConfigError` for an address that may not be."""
    listen = config.page.listen
    if not listen:
        raise ConfigError("page.listen: name the address of the management network and a port")
    door = build(config, Numbers())
    running = asyncio.ensure_future(_all(door, listen, notify))  # noqa: TID251 - awaited below
    with signals(stop=running.cancel, reload=lambda: None):
        try:
            await running
        except asyncio.CancelledError:
            notify.stopping()


async def _all(door: Door, listen: str, notify: Notifier) -> None:
    part = Supervised(NAME, partial(_answer, door, listen, notify), AGAIN)
    with mendable():
        async with asyncio.TaskGroup() as group:
            group.create_task(part.forever(), name=NAME)
            group.create_task(_tick(Watchdog(notify.alive, watchdog_s())), name="time")


async def _answer(door: Door, listen: str, notify: Notifier) -> None:
    """Answer; say where, or why not."""
    log = structlog.get_logger(NAME)

    def opened() -> None:
        log.info("open", places=door.places)
        notify.ready()
        notify.status(f"open at {', '.join(door.places)}")

    try:
        await door.forever(listen, opened)
    except DriverLost as lost:
        log.warning("closed", why=str(lost))
        notify.status(str(lost))
        raise


async def _tick(watchdog: Watchdog) -> None:
    """Feed the watchdog from the loop that answers."""
    while True:
        watchdog.tick(monotonic_s())
        await asyncio.sleep(TICK_S)
