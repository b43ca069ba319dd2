# SPDX-License-Identifier: Apache-2.0
"""Brings the firmware to what the hub wants, step by step; each is on disk before the next begins.

Whatever happens before RAUC has written the other slot leaves the one that runs as it is. Killed at
any point, it goes on from what its file says and what the machine shows.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog
from pydantic import ValidationError

from edge.blocklist.apply import BUILT_S
from edge.blocklist.store import FULL
from edge.errors import DriverLost, mendable
from edge.process.supervise import Backoff
from edge.report.event import Event, Moment
from edge.report.message import ACCEPTS, Campaign, Wanted
from edge.report.port import Inbound
from edge.update.blocks import Part, only, open_part, whole_bundle
from edge.update.book import Book
from edge.update.campaign import When, opens_s, when
from edge.update.install import Bundle, Installer, Power, check_bundle
from edge.update.source import Machine, Signed
from edge.update.state import IN_SLOT, OVER, Failed, Folder, State, Update, Why

MOST_TRIES = 3
"How often a slot is begun to be written for one campaign."
_NS = 10**9
_AGAIN = frozenset({Why.WITHDRAWN.value, Why.SUPERSEDED.value})
"Not made because it was not wanted: if it is wanted again, it is made."


class Pace(msgspec.Struct, frozen=True):
    """How often is looked, seconds."""

    idle_s: float = 60.0
    probation_s: float = 2.0
    wanted_s: float = 1.0
    "Whether what is fetched is wanted still."
    failing: Backoff = Backoff(first_s=5.0, most_s=600.0)


class Machines(NamedTuple):
    """Who does what an update asks for."""

    folder: Folder
    installer: Installer
    power: Power
    find: Callable[[str, Machine, int], Signed]
    "In a thread. Raises `Failed` or `DriverLost`."
    fetch: Callable[[Part, Callable[[], object]], Awaitable[None]]
    "Fetches what is missing, on a connection of its own. Raises `Failed`."
    put: Callable[[Event], object]
    moment: Callable[[], Moment]


class Firmware:
    """The update of this box. For one event loop, but for `keep`."""

    def __init__(
        self,
        machines: Machines,
        installed: str,
        pace: Pace = Pace(),  # noqa: B008 - frozen
        *,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Go on from what is on disk; `installed` is the version that runs."""
        self.lost = ""
        "Why it does not go on just now."
        self.wanted = machines.folder.wanted()
        self._book = Book(machines.folder, machines.put, machines.moment)
        self._do = machines
        self._installed = installed
        self._pace = pace
        self._jitter = jitter
        self._failures = 0
        self._unkept: Wanted | None = None
        "What the hub wants and no disk has taken yet."
        self._asked = asyncio.Event()

    @property
    def update(self) -> Update | None:
        """Return the update that is under way, or was last."""
        return self._book.update

    # What is wanted -----------------------------------------------------------

    def keep(self, campaign: Campaign | None) -> None:
        """Have on disk what is wanted; for any thread. `look` then. Raises `OSError`."""
        self._do.folder.want(campaign)

    def look(self) -> None:
        """Do as is wanted on disk."""
        self.wanted = self._do.folder.wanted()
        self._asked.set()

    async def hear(self, _rest: str, message: Inbound) -> None:
        """Take what the hub wants; it is on disk when this returns, if the disk takes it.

        Else that is tried again with every step; killed meanwhile, the hub is asked anew.
        """
        try:
            said = Wanted.model_validate_json(message.payload or b"{}")
        except ValidationError as error:
            structlog.get_logger("uplink").error("campaign", why=str(error.errors()[0]["msg"]))
            return
        if said.v in ACCEPTS:
            self._unkept = said  # also in the place of one that no disk has taken
            await self._keep_wanted()

    async def _keep_wanted(self) -> None:
        """Have on disk what the hub wants, if it is not and the disk takes it."""
        said = self._unkept
        if said is None:
            return
        if said.campaign != self.wanted:
            try:
                await asyncio.to_thread(self.keep, said.campaign)
            except OSError:
                return
            self.look()
        if said is self._unkept:
            self._unkept = None

    # Going on -----------------------------------------------------------------

    async def forever(self) -> None:
        """Go on whenever there may be something to do."""
        while True:
            self._asked.clear()
            wait_s = await self.step()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._asked.wait()

    async def step(self) -> float:
        """Do what can be done now; returns in how many seconds there may be more."""
        await self._keep_wanted()
        try:
            wait_s = await self._said()
        except Failed as failed:
            self._book.fail(failed)
            return 0.0
        except DriverLost as lost:
            self.lost = str(lost)
            self._failures += 1
            return self._jitter(0.0, self._pace.failing.bound_s(self._failures))
        self.lost, self._failures = "", 0
        return wait_s

    async def _said(self) -> float:
        try:
            return await self._go_on()
        except OSError as error:
            raise _meant(error) from error

    async def _go_on(self) -> float:
        if self._book.update and self._book.update.state in IN_SLOT:
            self._book.busy(self.wanted, self._installed)
            return await self._in_slot(self._book.update)
        update = self._begun(self.wanted)
        campaign, now_s = self.wanted, self._now_s()
        if campaign is None or update is None:
            return self._pace.idle_s
        if now_s < BUILT_S:
            self._book.wait(State.QUEUED, Why.CLOCK, "the clock is not set")
            return self._pace.idle_s
        moment = when(campaign, now_s)
        if moment is When.LATE:
            raise Failed(Why.DEADLINE, "it was not installed in time")
        if moment is When.EARLY:
            self._book.wait(State.QUEUED, Why.EARLY, "it may not begin yet")
            return min(campaign.not_before - now_s, self._pace.idle_s)
        closed_s = opens_s(campaign, now_s)
        if update.state is State.WAITING and closed_s:
            return min(closed_s, self._pace.idle_s)
        return await self._make(campaign)

    def _begun(self, campaign: Campaign | None) -> Update | None:
        """Return the update that is to go on for a campaign; one for another is left."""
        update = self._book.update
        if update and update.state not in OVER:
            if campaign is None:
                self._book.fail(Failed(Why.WITHDRAWN, "it is not wanted any more"))
            elif campaign.id != update.campaign:
                self._book.fail(Failed(Why.SUPERSEDED, f"{campaign.id} is wanted instead"))
            else:
                return update
            update = self._book.update
        if campaign is None:
            return None
        if update and update.campaign == campaign.id and update.why not in _AGAIN:
            return None
        return self._book.begin(campaign, self._installed)

    async def _make(self, campaign: Campaign) -> float:
        """Fetch, look, wait for a window, write; returns when to go on."""
        status = await self._do.installer.status()
        machine = Machine(status.compatible, self._installed)
        signed = await asyncio.to_thread(
            self._do.find, campaign.version, machine, self._now_s()
        )  # fmt: skip
        path = await self._bundle(campaign, signed)
        if path is None:
            return 0.0
        bundle = await self._do.installer.inspect(path)
        check_bundle(bundle, signed.release)
        begun = self._book.update is not None and self._book.update.state is State.INSTALLING
        if not begun and self._book.update and self._book.update.state is not State.WAITING:
            self._book.enter(State.VERIFIED, 100)
        closed_s = opens_s(campaign, self._now_s())
        if closed_s and not begun:
            self._book.wait(State.WAITING, Why.WINDOW, "it is installed in the next window")
            return min(closed_s, self._pace.idle_s)
        await self._install(path, bundle)
        return self._pace.idle_s

    async def _bundle(self, campaign: Campaign, signed: Signed) -> Path | None:
        """Return the whole bundle; None if it is not wanted any more."""
        folder = self._do.folder
        path = await asyncio.to_thread(whole_bundle, folder, signed.release)
        if path is None:
            part = await asyncio.to_thread(open_part, folder, *signed)
            try:
                self._book.enter(State.DOWNLOADING, part.percent)
                came = partial(self._came, part)
                if part.missing and not await self._while_wanted(campaign, part, came):
                    return None
                path = await asyncio.to_thread(part.finish)
            finally:
                part.close()
        if self._book.update and self._book.update.state in {State.QUEUED, State.DOWNLOADING}:
            self._book.enter(State.DOWNLOADED, 100)
        return path

    async def _while_wanted(
        self, campaign: Campaign, part: Part, came: Callable[[], object]
    ) -> bool:
        """Fetch as long as that is wanted and makes sense; whether it came to its end."""
        with mendable():
            async with asyncio.TaskGroup() as group:
                fetch = group.create_task(_run(self._do.fetch(part, came)))
                watch = group.create_task(self._watch(campaign, fetch))
                fetch.add_done_callback(lambda _: watch.cancel())
        return part.missing == 0

    async def _watch(self, campaign: Campaign, fetch: "asyncio.Task[None]") -> None:
        while (  # noqa: ASYNC110 - a clock is looked at, too
            self.wanted == campaign and when(campaign, self._now_s()) is When.NOW
        ):
            await asyncio.sleep(self._pace.wanted_s)
        fetch.cancel()

    def _came(self, part: Part) -> None:
        self._book.percent(part.percent)

    async def _install(self, path: Path, bundle: Bundle) -> None:
        """Write the other slot and have the machine started anew."""
        status = await self._do.installer.status()
        tries = self._book.update.tries + 1 if self._book.update else 1
        if tries > MOST_TRIES:
            raise Failed(Why.TRIES, f"the slot was begun to be written {MOST_TRIES} times")
        self._do.folder.forget_health()
        self._book.enter(
            State.INSTALLING, slot_from=status.booted, slot=status.other, tries=tries, why="",
            text="",
        )  # fmt: skip
        await self._do.installer.install(path, bundle.hash, self._book.percent)
        self._book.enter(State.REBOOTING, 100)
        await self._do.power.reboot()

    async def _in_slot(self, update: Update) -> float:
        """Go on with an update whose slot was begun to be written."""
        status = await self._do.installer.status()
        starts_anew = self._do.moment().boot != update.boot
        if update.state is State.INSTALLING:
            if starts_anew and status.booted == update.slot:
                self._book.enter(State.PROBATION)
                return 0.0
            return await self._write_again(update)
        if update.state is State.REBOOTING and not starts_anew:
            await self._do.power.reboot()
            return self._pace.idle_s
        if status.booted != update.slot:
            self._come_back(update)
            return 0.0
        if update.state is State.REBOOTING:
            self._book.enter(State.PROBATION)
        return self._judged(update)

    async def _write_again(self, update: Update) -> float:
        """Go on after a kill within the installation: the other slot is half written, or whole.

        It stays `installing` meanwhile, for it may be the slot that is started next.
        """
        if self.wanted is None:
            raise Failed(Why.WITHDRAWN, "it is not wanted any more")
        if self.wanted.id != update.campaign:
            raise Failed(Why.SUPERSEDED, f"{self.wanted.id} is wanted instead")
        return await self._make(self.wanted)

    def _judged(self, update: Update) -> float:
        """Look what health has found of the new slot."""
        found = self._do.folder.found()
        if found is None or found.slot != update.slot or found.verdict != "confirmed":
            return self._pace.probation_s
        self._book.enter(State.CONFIRMED, 100, text=found.text)
        only(self._do.folder)
        return 0.0

    def _come_back(self, update: Update) -> None:
        """Say why the old slot runs again."""
        found = self._do.folder.found()
        why, text = Why.NOT_STARTED.value, "the new slot did not come up"
        if found is not None and found.slot == update.slot:
            why, text = found.why or Why.GIVEN_BACK.value, found.text
        elif update.state is State.PROBATION:
            why, text = Why.GIVEN_BACK.value, "the new slot was given back"
        self._book.enter(State.ROLLED_BACK, 100, why=why, text=text)
        only(self._do.folder)

    def _now_s(self) -> int:
        return self._do.moment().at // _NS


async def _run(work: Awaitable[None]) -> None:
    """Fetch; what the disk says is said as what it means. Raises `Failed` or `DriverLost`."""
    try:
        await work
    except OSError as error:
        raise _meant(error) from error


def _meant(error: OSError) -> Failed | DriverLost:
    if error.errno in FULL:
        return Failed(Why.NO_SPACE, f"the disk is full: {error.strerror}")
    return DriverLost(str(error))
