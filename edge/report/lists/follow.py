# SPDX-License-Identifier: Apache-2.0
"""Keeps the lists of this box up to date, in `uplink`: versions by TUF, urgent records at once.

One version is fetched at a time, in a thread. An urgent record is taken in a thread of its own and
waits for none of that; one by keys that are not known here is judged again after an update.
"""

import asyncio
import hashlib
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from edge import clock
from edge.blocklist.apply import Applied, Settings, Updates
from edge.blocklist.manifest import Record, Signed, read_record
from edge.blocklist.store import Store
from edge.errors import DriverLost, ListError
from edge.process.supervise import Backoff
from edge.report.event import Class, Event, Moment
from edge.report.lists.fetch import MqttFetcher
from edge.report.lists.urgent import read_urgent
from edge.report.port import Inbound
from edge.report.topic import BLOCK, TUF, URGENT
from edge.trust.alarm import Alarm, Refused
from edge.trust.client import Client
from edge.trust.urgent import signed_by

TRUST = "trust"
"Folder of trusted metadata, beside the lists."
TIMESTAMP = "timestamp.json"
NOT_KEPT = "list-not-kept"
"Alarm: this box has no room for a list, or its files are damaged."
ACT = "list"
VERSION = "version"

_NS = 10**9
_MOST_WAITING = 256
_MOST_TEXT = 256
_UNKNOWN_KEYS = frozenset({Alarm.WRONG_KEY, Alarm.WRONG_LIST, Alarm.ONE_ROLE_ONLY})


class Pace(msgspec.Struct, frozen=True):
    """How often is asked for news, seconds."""

    every_s: float = 900.0
    spread_s: float = 2.0
    "News reach every appliance at once; each waits up to this long before it asks."
    failing: Backoff = Backoff(first_s=5.0, most_s=600.0)
    "After updates that came to no end."


class Telling(NamedTuple):
    """To whom is told what became of lists."""

    put: Callable[[Event], object]
    "Reports an event."
    moment: Callable[[], Moment]
    hint: Callable[[], object]
    "Says to `core` that a list changed on disk."
    changed: Callable[[], object] = lambda: None
    "Is told that versions in force, or alarms that stand, are others now."


class Followed(NamedTuple):
    """One list: its files, whose word counts for it, and how it changes."""

    store: Store
    client: Client
    updates: Updates


class Standing(msgspec.Struct):
    """How a list stands, for others to show."""

    version: int = 0
    "In force; 0 for none."
    checked_s: int = 0
    "When the hub was last asked to the end, seconds since the epoch."
    alarms: dict[str, str] = {}
    "Names of what was wrong with the last `version` and the last `urgent` record, if anything was."
    lost: str = ""
    "Why the last update came to no end."


def followed(
    folder: Path, names: Iterable[str], root: bytes, fetcher: MqttFetcher, settings: Settings
) -> dict[str, Followed]:
    """Return the lists of a folder that are to be followed. Raises `Refused` for a root of none."""
    client = Client(folder / TRUST, root, fetcher)
    stores = {name: Store(folder, name) for name in names}
    return {
        name: Followed(store, client, Updates(store, client, settings))
        for name, store in stores.items()
    }


class Follow:
    """Follows lists. All but the threads within is for one event loop."""

    def __init__(
        self,
        lists: Mapping[str, Followed],
        fetcher: MqttFetcher,
        telling: Telling,
        pace: Pace = Pace(),  # noqa: B008 - frozen
        *,
        now_s: Callable[[], int] = lambda: clock.now_ns() // _NS,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Follow what `fetcher` brings, which is told what arrives."""
        self.counts: Counter[str] = Counter()
        "What became of urgent records, and of updates."
        self.standing = {name: Standing(_version(one.store)) for name, one in lists.items()}
        self._lists = lists
        self._fetcher = fetcher
        self._telling = telling
        self._pace = pace
        self._now_s = now_s
        self._jitter = jitter
        self._asked = asyncio.Event()
        self._timestamp = b""
        self._failures = 0
        self._waiting = {name: deque[Signed](maxlen=_MOST_WAITING) for name in lists}

    def connected(self) -> None:
        """Ask for news: on every connection, as retained messages may not come."""
        self._asked.set()

    def lost(self, why: str) -> None:
        """Let an update wait no longer: the connection has ended."""
        self._fetcher.lost(why)

    def handlers(self) -> dict[str, Callable[[str, Inbound], Awaitable[None]]]:
        """Return who takes what, by the first word of the topic behind the node."""
        return dict.fromkeys((BLOCK, TUF, URGENT), self.hear)

    async def hear(self, rest: str, message: Inbound) -> None:
        """Take what the hub says about lists; what must be on disk is, when this returns."""
        what, _, name = rest.partition("/")
        if what == BLOCK:
            self._fetcher.heard(message.payload)
        elif what == TUF:
            self._hear_metadata(name, message.payload)
        elif what == URGENT:
            await self._hear_urgent(message.payload)

    def _hear_metadata(self, name: str, payload: bytes) -> None:
        if name != TIMESTAMP:
            self._fetcher.learn(name, payload)
            return
        digest = hashlib.sha256(payload).digest()
        if payload and (digest != self._timestamp or self._failures):
            # Not to be trusted, only to be asked about; that it is said again, the hub is back.
            self._timestamp = digest
            delay_s = self._jitter(0.0, self._pace.spread_s)
            asyncio.get_running_loop().call_later(delay_s, self._asked.set)

    async def _hear_urgent(self, payload: bytes) -> None:
        signed = read_urgent(payload)
        if signed is None:
            self.counts["urgent malformed"] += 1
            return
        name = read_record(signed.record).list
        if name not in self._lists:
            self.counts["urgent of another list"] += 1
            return
        try:
            await self.take(signed)
        except Refused as refused:
            if refused.alarm in _UNKNOWN_KEYS:
                if signed not in self._waiting[name]:
                    self._waiting[name].append(signed)
                self._asked.set()
                return
            self._refuse_urgent(name, refused.alarm.value, str(refused))
        except ListError as error:
            self._refuse_urgent(name, NOT_KEPT, str(error))

    async def take(self, signed: Signed) -> bool:
        """Take an urgent record, on disk when this returns; false if it was before.

        Raises `Refused`, or `ListError` where this box cannot keep it.
        """
        record = read_record(signed.record)
        one = self._lists.get(record.list)
        if one is None:
            raise Refused(Alarm.WRONG_LIST, f"list {record.list} is not followed here")
        try:
            await asyncio.to_thread(one.updates.take_urgent, signed, self._now_s())
        except OSError as error:
            raise ListError(f"{record.list}: {error.strerror}") from error
        except Refused as refused:
            if refused.alarm is not Alarm.ROLLBACK:  # it comes by more than one way
                raise
            self.counts["urgent twice"] += 1
            return False
        self.counts["urgent taken"] += 1
        self._stand(record.list, URGENT, "")
        self._done(_signers(signed, one.client), _text(record))
        return True

    def urgent_through(self) -> dict[str, int]:
        """Return up to which number no urgent record is missing, by list: for `Ask.urgent`."""
        through = dict.fromkeys(self._lists, 0)
        for name, one in self._lists.items():
            with suppress(ListError, OSError):  # then all are sent again
                through[name] = one.store.urgent_through()
        return through

    def versions(self) -> dict[str, int]:
        """Return the version of each list in force: for `State.lists`."""
        return {name: one.version for name, one in self.standing.items() if one.version}

    def alarms(self) -> tuple[str, ...]:
        """Return the names of alarms that stand: for `State.alarms`."""
        names = {alarm for one in self.standing.values() for alarm in one.alarms.values()}
        return tuple(sorted(names - {""}))

    async def forever(self) -> None:
        """Update whenever there may be news."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._wait_s()):
                        await self._asked.wait()
                self._asked.clear()
                self._failures = 0 if await self.update() else self._failures + 1
        finally:
            self._fetcher.close()

    def _wait_s(self) -> float:
        if not self._failures:
            return self._pace.every_s
        return self._jitter(0.0, self._pace.failing.bound_s(self._failures))

    async def update(self) -> bool:
        """Update every list, one after the other; whether all came to an end."""
        ended = [await self._update(name) for name in self._lists]
        return all(ended)

    async def _update(self, name: str) -> bool:
        one, standing = self._lists[name], self.standing[name]
        ended = True
        try:
            applied = await asyncio.to_thread(self._newest, one.updates, self._now_s())
        except DriverLost as lost:
            standing.lost = str(lost)
            return False
        except Refused as refused:
            self._refuse(name, refused.alarm.value, str(refused))
        except ListError as error:
            self._refuse(name, NOT_KEPT, str(error))
            ended = False
        else:
            self._applied(name, applied)
        standing.lost = ""
        standing.checked_s = self._now_s()
        await self._judge_again(name)
        return ended

    def _newest(self, updates: Updates, now_s: int) -> Applied | None:
        """Take the newest version; let go of what came for it, unless there is more to come."""
        try:
            applied = updates.update(now_s)
        except (Refused, ListError):
            self._fetcher.finish(now_s)
            raise
        self._fetcher.finish(now_s)
        return applied

    async def _judge_again(self, name: str) -> None:
        """Judge urgent records whose keys were not known before the update."""
        waiting = self._waiting[name]
        while waiting:
            try:
                await self.take(waiting.popleft())
            except Refused as refused:
                self._refuse_urgent(name, refused.alarm.value, str(refused))
            except ListError as error:
                self._refuse_urgent(name, NOT_KEPT, str(error))

    def _applied(self, name: str, applied: Applied | None) -> None:
        self._stand(name, VERSION, "")
        self.counts["updates"] += 1
        if applied is None:
            return
        self.standing[name].version = applied.version
        keys = self._lists[name].client.signers(name)
        how = "by delta" if applied.by_delta else "whole"
        by = sorted(keyid for side in keys.values() for keyid in side)
        self._done(by, f"{name}: {applied.before} -> {applied.version}, {how}")

    def _done(self, by: Iterable[str], text: str) -> None:
        """Say to `core` and to the hub what was taken."""
        self._telling.hint()
        self._telling.changed()
        self._tell("act", {
            "act": ACT, "by": tuple(by), "command": "", "state": "done", "text": text[:_MOST_TEXT],
        })  # fmt: skip

    def _refuse(self, name: str, alarm: str, why: str) -> None:
        if self._stand(name, VERSION, alarm):  # told once, not at every try
            self._alarm(name, alarm, why)

    def _refuse_urgent(self, name: str, alarm: str, why: str) -> None:
        self.counts["urgent refused"] += 1
        if self._stand(name, URGENT, alarm):
            self._alarm(name, alarm, why)

    def _stand(self, name: str, what: str, alarm: str) -> bool:
        """Have an alarm stand, or none; whether that is another than before."""
        alarms = self.standing[name].alarms
        if alarms.get(what, "") == alarm:
            return False
        alarms[what] = alarm
        self._telling.changed()
        return True

    def _alarm(self, name: str, alarm: str, why: str) -> None:
        text = f"{name}: {why}"[:_MOST_TEXT]
        structlog.get_logger("uplink").error("list", name=name, alarm=alarm, why=text)
        self._tell("alarm", {"name": alarm, "trunk": "", "text": text})

    def _tell(self, kind: str, fields: dict[str, object]) -> None:
        self._telling.put(Event(Class.AUDIT, kind, self._telling.moment(), fields))


def _version(store: Store) -> int:
    found = store.open()
    return 0 if found is None else found.version


def _signers(signed: Signed, client: Client) -> list[str]:
    """Return the ids of the keys that have signed a record indeed."""
    keys = client.signers(read_record(signed.record).list)
    alone = (Signed(signed.record, (signature,)) for signature in signed.signatures)
    return [one.signatures[0][0] for one in alone if signed_by(one, keys)]


def _text(record: Record) -> str:
    added, lifted = len(record.added), len(record.lifted)
    return f"{record.list} urgent {record.seq}: {added} added, {lifted} lifted"
