# SPDX-License-Identifier: Apache-2.0
"""The lists that `core` asks, and how a new one takes effect while calls are decided.

Signed lists of a folder, each with its urgent records over it and its age, and the tables of the
configuration, as one. Only reads: whoever writes the folder has checked every signature.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import structlog

from edge import clock
from edge.blocklist.entry import Blocklist
from edge.blocklist.manifest import Record
from edge.blocklist.overlay import overlaid
from edge.blocklist.several import several
from edge.blocklist.snapshot import Snapshot
from edge.blocklist.stale import Age, age_of, aged, changes_at
from edge.blocklist.store import State, Store, lists_in, open_list
from edge.box.spared import list_of, read_spared
from edge.errors import ConfigError, ListError
from edge.verdict.guardrail import Alarm

LOOK_EVERY_S = 1.0
NS = 1_000_000_000

Stamp = tuple[int, int, int] | None
"Inode, time of change and size of a file: all new after a rename. None if there is no file."


def _stamp(path: Path) -> Stamp:
    with suppress(OSError):
        stat = path.stat()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size
    return None


def _whole(path: Path) -> Snapshot:
    """Return a list that was read to its end, and lies in memory then. Raises `ListError`."""
    found = open_list(path)
    try:
        found.verify()
    except ListError as error:
        raise ListError(f"{path}: {error}") from error
    found.warm()
    return found


class Known(NamedTuple):
    """What is known of a list beside its entries."""

    state: State
    urgent: list[Record]


class Followed:
    """One signed list: what is held of its files, and what was said of it."""

    def __init__(self, store: Store) -> None:
        """Hold nothing yet."""
        self._store = store
        self._list: Snapshot | None = None
        self._before: Snapshot | None = None
        "Held until `let_go`: to unmap ten million numbers takes milliseconds."
        self._known = Known(State(), [])
        self._age = Age.FRESH
        self._seen: tuple[Stamp, ...] = ()
        self._until_s = 0

    def look(self, now_s: int) -> list[Alarm] | None:
        """Take over what changed on disk or by time alone; None if nothing did.

        What is damaged is said once, and what was held of it stays.
        """
        now_s = max(now_s, self._known.state.trusted_s)
        seen = tuple(map(_stamp, self._store.files))
        if seen == self._seen and now_s < self._until_s:
            return None
        is_new, self._seen = seen[:1] != self._seen[:1], seen
        said = [self._alarm("list-damaged", now_s, why) for why in self._read(now_s, new=is_new)]
        state, urgent = self._known
        now_s = max(now_s, state.trusted_s)
        age = age_of(state.issued_s, now_s)
        if self._list is not None and age not in {self._age, Age.FRESH}:
            said.append(self._alarm("list-stale", now_s, self._stale_text(age, now_s)))
        self._age = age
        changes = (*changes_at(state.issued_s), *(record.expires for record in urgent))
        self._until_s = min((at for at in changes if at > now_s), default=1 << 63)
        return said

    def _read(self, now_s: int, *, new: bool) -> Iterator[str]:
        """Read the files again, the list only if it is `new`; yield what is wrong with them."""
        if new:
            try:
                self._list, self._before = _whole(self._store.current), self._list
            except ListError as error:
                if self._list is None:
                    self._list = self._kept()
                yield str(error)
        try:
            self._known = Known(self._store.state(), self._store.urgent(now_s))
        except (ListError, OSError) as error:
            yield str(error)

    def _kept(self) -> Snapshot | None:
        """Return the newest earlier version that is whole."""
        for _, path in self._store.versions():
            with suppress(ListError):
                return _whole(path)
        return None

    def let_go(self) -> None:
        """Have the list before this one unmapped, if nobody else holds it."""
        self._before = None

    def blocklist(self) -> Blocklist | None:
        """Return what the list says now; None while there is none."""
        if self._list is None:
            return None
        return aged(overlaid(self._list, self._known.urgent), self._age)

    def _alarm(self, name: str, now_s: int, text: str) -> Alarm:
        holds = "nothing" if self._list is None else f"version {self._list.version}"
        return Alarm(name, "", now_s * NS, f"{self._store.name} ({holds} in force): {text}")

    def _stale_text(self, age: Age, now_s: int) -> str:
        hours = (now_s - self._known.state.issued_s) // 3600
        tail = "; it only observes" if age is Age.OLD else ""
        return f"signed {hours} hours ago{tail}"


class SparedFile:
    """The numbers that are spared at this box, as they were read last."""

    def __init__(self, path: Path) -> None:
        """Hold nothing yet."""
        self.numbers = list_of({})
        self._path = path
        self._seen: Stamp = None

    def look(self, now_s: int) -> list[Alarm] | None:
        """Take over a file that changed; None if it did not. What is damaged spares nobody new."""
        seen = _stamp(self._path)
        if seen == self._seen:
            return None
        self._seen = seen
        try:
            self.numbers = list_of(read_spared(self._path))
        except ConfigError as error:
            return [Alarm("spared-damaged", "", now_s * NS, f"{error}: it holds as it was")]
        return []


class Look(NamedTuple):
    """What a look at the folder brought."""

    blocklist: Blocklist
    said: list[Alarm]


class Lists:
    """All lists of this box as one."""

    def __init__(self, folder: Path, tables: Blocklist, spared: Path | None = None) -> None:
        """Follow the signed lists of `folder`, beside `tables`, which are never read again.

        `spared` is the file of the numbers that are let through whatever those say.
        """
        self._folder = folder
        self._tables = tables
        self._followed: dict[str, Followed] = {}
        self._spared = SparedFile(spared) if spared else None

    def look(self, now_s: int) -> Look | None:
        """Return the lists anew if something changed since the last look."""
        for name in lists_in(self._folder):
            if name not in self._followed:
                self._followed[name] = Followed(Store(self._folder, name))
        looks = [followed.look(now_s) for followed in self._followed.values()]
        looks += [self._spared.look(now_s)] if self._spared else []
        news = [look for look in looks if look is not None]
        return Look(self._as_one(), list(chain.from_iterable(news))) if news else None

    def first(self, now_s: int) -> Look:
        """Return the lists as they are found at the start."""
        return self.look(now_s) or Look(self._tables, [])

    def let_go(self) -> None:
        """Let go of what was in force before the last look, once nobody asks it."""
        for followed in self._followed.values():
            followed.let_go()

    def entries(self) -> dict[str, int]:
        """Return how many entries are held of each signed list that could be read."""
        held = {name: followed.blocklist() for name, followed in [*self._followed.items()]}
        return {name: len(one) for name, one in held.items() if one is not None}

    def _as_one(self) -> Blocklist:
        followed = [each.blocklist() for each in self._followed.values()]
        found = [one for one in followed if one is not None]
        found += [self._tables] if len(self._tables) or not found else []
        spared = self._spared.numbers if self._spared else ()
        return several([*found, spared] if spared else found)


class ListWatch:
    """Looks once a second whether a list changed, and swaps it in; no call waits for that."""

    def __init__(
        self, lists: Lists, swap: Callable[[Blocklist], None], alarm: Callable[[Alarm], None]
    ) -> None:
        """Give every new state of `lists` to `swap`, which is one assignment."""
        self.entries = lists.entries
        self._lists = lists
        self._swap = swap
        self._alarm = alarm
        self._asked = asyncio.Event()

    def look_now(self) -> None:
        """Look without waiting for the second to pass: SIGHUP."""
        self._asked.set()

    async def forever(self) -> None:
        """Look again and again."""
        while True:
            with suppress(TimeoutError):
                # Not wait_for: on Python 3.11 it may swallow a cancellation.
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()
            self._asked.clear()
            await self.look()

    async def look(self) -> None:
        """Look once: files are opened, read and let go of in a thread, beside the calls."""
        found = await asyncio.to_thread(self._lists.look, clock.now_ns() // NS)
        if found is None:
            return
        self._swap(found.blocklist)
        for alarm in found.said:
            self._alarm(alarm)
        blocklist = found.blocklist
        structlog.get_logger("core").info(
            "lists", names=blocklist.name, version=blocklist.version, entries=len(blocklist)
        )
        await asyncio.to_thread(self._lists.let_go)
