# SPDX-License-Identifier: Apache-2.0
"""THE MAP of the process `page`: what this box shows on its management address.

It opens no tap and reaches no hub; it reads the numbers that the other processes leave in files.
Whichever of them is there, the page answers. It keeps who may see it, and asks for what they want.

    state/ ─► door: /metrics, /healthz      for machines
       └────► site: the page                for people ─► requests/ ─► `uplink`
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

import msgspec
import structlog
from starlette.types import ASGIApp

from edge.clock import monotonic_s
from edge.config import Config
from edge.console.desk import Desk
from edge.console.door import Answer, Door
from edge.console.history import EVERY_S, History, totals_of
from edge.console.metrics import CONTENT_TYPE, Box, expected_of
from edge.console.serve import Ends, Tls, serve, tls_of
from edge.console.site import site_of
from edge.counting import Numbers
from edge.errors import ConfigError, DriverLost, mendable
from edge.moment import Moments
from edge.process.service import Notifier, Watchdog, signals, watchdog_s
from edge.process.supervise import Backoff, Supervised
from edge.seen.readings import Meter, Reading, read

NAME = "page"
Beside = Callable[[], Awaitable[None]]
AGAIN = Backoff(most_s=5.0)
"The address of the management network may come up after us."
TICK_S = 1.0


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
    table = config.page
    if not table.is_there:
        raise ConfigError("page.listen: name the address of the management network and a port")
    numbers = Numbers()
    parts: list[tuple[str, Beside]] = []
    beside: list[Beside] = []
    if table.listen:
        door = build(config, numbers)
        parts.append(("door", partial(_answer, door, table.listen, notify)))
    if table.people:
        tls = tls_of(table)
        desk = Desk(config, History(), tls=tls is not None)
        shown = Shown(table.people, tls, desk, notify)
        parts.append(("site", partial(_show, shown, site_of(desk, numbers))))
        beside = [desk.minutes.forever, partial(_remember, desk)]
    running = asyncio.ensure_future(_all(parts, beside, notify))  # noqa: TID251 - awaited below
    with signals(stop=running.cancel, reload=lambda: None):
        try:
            await running
        except asyncio.CancelledError:
            notify.stopping()


async def _all(parts: list[tuple[str, Beside]], beside: list[Beside], notify: Notifier) -> None:
    with mendable():
        async with asyncio.TaskGroup() as group:
            for name, part in parts:
                group.create_task(Supervised(name, part, AGAIN).forever(), name=name)
            for work in beside:
                group.create_task(_run(work))
            group.create_task(_tick(Watchdog(notify.alive, watchdog_s())), name="time")


async def _run(work: Beside) -> None:
    await work()


async def _answer(door: Door, listen: str, notify: Notifier) -> None:
    """Answer machines; say where, or why not."""
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


class Shown(NamedTuple):
    """How people see the page."""

    listen: str
    tls: Tls | None
    desk: Desk
    notify: Notifier


async def _show(shown: Shown, site: ASGIApp) -> None:
    """Show people the page; say where, or why not."""
    log = structlog.get_logger(NAME)
    desk = shown.desk

    def opened(places: list[str]) -> None:
        desk.is_ending = False
        log.info("shown", places=places, tls=shown.tls is not None)
        shown.notify.ready()

    def ending() -> None:
        desk.is_ending = True

    try:
        await serve(site, shown.listen, shown.tls, Ends(opened, ending))
    except DriverLost as lost:
        log.warning("not shown", why=str(lost))
        shown.notify.status(str(lost))
        raise


async def _remember(desk: Desk) -> None:
    """Have the last hour in numbers."""
    while True:
        core = await asyncio.to_thread(lambda: read(desk.places.run).get("core"))
        if core:
            desk.history.take(desk.now_s(), totals_of(core.series()))
        await asyncio.sleep(EVERY_S)


async def _tick(watchdog: Watchdog) -> None:
    """Feed the watchdog from the loop that answers."""
    while True:
        watchdog.tick(monotonic_s())
        await asyncio.sleep(TICK_S)
