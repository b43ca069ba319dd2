# SPDX-License-Identifier: Apache-2.0
"""Fetches files of the repository over MQTT, block by block. Implements `edge.trust.fetch.Fetcher`.

Who fetches waits in a thread of its own; what is asked and what comes goes through the event loop.
Nothing that comes is believed: it was asked for, is no longer than such a file may be, and is
measured by its hash; whether it was signed is for `edge.trust` to say.
"""

import asyncio
import hashlib
import re
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from queue import Empty, Full, Queue
from typing import NamedTuple

import msgspec
from pydantic import ValidationError

from edge.clock import monotonic_s
from edge.errors import DriverLost
from edge.report.lists.pull import BLOCK, MOST_OCTETS, WINDOW, Pull, Shelf, Took
from edge.report.message import ACCEPTS, BlockHead, Get
from edge.report.port import Outbound, Send
from edge.report.topic import GET, up
from edge.trust.alarm import Alarm, Refused
from edge.trust.fetch import Missing
from edge.trust.roles import BLOBS, METADATA, MOST_MANIFEST, TARGETS

MOST_METADATA = 5_000_000
"Octets of one file of metadata; `tuf` is stricter with most."

_MOST_HEAD = 2048
_MOST_LEARNT = 64
_MOST_LEARNT_OCTETS = 1 << 16
_REFUSED = 0x80  # first reason code of a PUBACK that says no (MQTT 5 section 3.4.2.1)
_NOBODY = 0x10  # "no matching subscribers"
_VERSIONED = re.compile(r"[1-9][0-9]{0,9}\.[a-z0-9-]{1,80}\.json")
_BLOB = re.compile(rf"{BLOBS}/([0-9a-f]{{64}})")


class Patience(msgspec.Struct, frozen=True):
    """How long blocks are waited for, seconds."""

    answer_s: float = 10.0
    "For the next block that brings something new; then what is missing is asked for again."
    tries: int = 3
    "Requests in a row that may bring nothing."
    slow_s: float = 1.0
    "A window that takes longer is halved: what is urgent waits behind it on the same line."


class Block(NamedTuple):
    """A block, as it came."""

    head: BlockHead
    octets: bytes


class _Waiting:
    """Who waits in a thread for the blocks of one file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.id = secrets.token_hex(8)
        self._came: Queue[Block | BaseException] = Queue(4 * WINDOW)

    def put(self, came: Block | BaseException) -> bool:
        try:
            self._came.put_nowait(came)
        except Full:
            return False
        return True

    def get(self, wait_s: float) -> Block | None:
        """Return the next block; None if none came in time. Raises what was put in its place."""
        try:
            came = self._came.get(timeout=max(wait_s, 0.001))
        except Empty:
            return None
        if isinstance(came, BaseException):
            raise came
        return came


def read_block(payload: bytes, most: int = BLOCK) -> Block | None:
    """Return head and octets of a block, at most so many; None if it is none."""
    line, newline, octets = payload.partition(b"\n")
    if not newline or len(line) > _MOST_HEAD or len(octets) > most:
        return None
    try:
        head = BlockHead.model_validate_json(line)
    except ValidationError:
        return None
    return Block(head, octets) if head.v in ACCEPTS else None


def most_of(path: str) -> int:
    """Return how long a file may be. Raises `Missing` for what a repository does not hold."""
    if _BLOB.fullmatch(path):
        return MOST_OCTETS
    most = {METADATA: MOST_METADATA, TARGETS: MOST_MANIFEST}.get(path.partition("/")[0])
    if most is None:
        raise Missing(f"{path}: a repository holds no such file")
    return most


class MqttFetcher:
    """Asks the hub for files. Made within the event loop, asked from other threads."""

    def __init__(
        self,
        node: str,
        send: Send,
        shelf: Shelf,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        *,
        now_s: Callable[[], float] = monotonic_s,
    ) -> None:
        """Speak as `node` by `send`; keep on `shelf` what takes more than one connection."""
        self.counts: Counter[str] = Counter()
        "What became of blocks: `new`, and those dropped as `malformed`, `foreign`, `wrong`, ..."
        self._topic = up(node, GET)
        self._send = send
        self._shelf = shelf
        self._patience = patience
        self._now_s = now_s
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, _Waiting] = {}
        self._learnt: OrderedDict[str, bytes] = OrderedDict()
        self._finished: set[str] = set()
        self._window = WINDOW
        self._closed = ""

    def heard(self, payload: bytes) -> None:
        """Take a block from the hub. For the event loop; returns at once."""
        block = read_block(payload)
        if block is None:
            self.counts["malformed"] += 1
            return
        waiting = self._waiting.get(block.head.id)
        if waiting is None or waiting.path != block.head.path:
            self.counts["foreign"] += 1
        elif not waiting.put(block):
            self.counts["overflow"] += 1

    def learn(self, name: str, payload: bytes) -> None:
        """Keep versioned metadata that came unasked: it may be wanted soon, and is used once.

        Only a hint: it is verified like any other, and asked for if it is not here.
        """
        self._learnt.pop(f"{METADATA}/{name}", None)
        if _VERSIONED.fullmatch(name) and 0 < len(payload) <= _MOST_LEARNT_OCTETS:
            while len(self._learnt) >= _MOST_LEARNT:
                self._learnt.popitem(last=False)
            self._learnt[f"{METADATA}/{name}"] = payload

    def lost(self, why: str) -> None:
        """Let nobody wait any longer: the connection is gone."""
        for waiting in list(self._waiting.values()):
            waiting.put(DriverLost(why))

    def close(self) -> None:
        """End all waiting for good: the process ends."""
        self._closed = "the uplink ends"
        self.lost(self._closed)

    def finish(self, now_s: int) -> None:
        """Let go of whole files, which were taken or refused by now, and of abandoned ones."""
        while self._finished:
            self._shelf.drop(self._finished.pop())
        self._shelf.tidy(now_s)

    def fetch(self, path: str) -> Iterator[bytes]:
        """Yield the file's octets. Raises `Missing`, `DriverLost`, or `Refused` if it has no end.

        For a thread other than the event loop's.
        """
        learnt = self._learnt.pop(path, None)
        if learnt is not None:
            yield learnt
            return
        most = most_of(path)
        blob = _BLOB.fullmatch(path)
        if blob:
            yield from self._blob(path, blob[1])
            return
        with closing(Pull.in_memory(most)) as pull:
            yield from self._pulled(path, pull, most)

    def _blob(self, path: str, sha256: str) -> Iterator[bytes]:
        """Yield data by its hash, what came in earlier lives before the rest."""
        found = hashlib.sha256()
        with closing(self._shelf.open(sha256)) as pull:
            keep = False
            try:
                for octets in self._pulled(path, pull, MOST_OCTETS):
                    found.update(octets)
                    yield octets
                keep = found.hexdigest() == sha256
                self._finished |= {sha256} if keep else set()
            except (DriverLost, OSError):
                keep = not pull.contradicted
                raise
            finally:
                # Whoever stops in between has been given more than was signed.
                if not keep:
                    self._shelf.drop(sha256)

    def _pulled(self, path: str, pull: Pull, most: int) -> Iterator[bytes]:
        """Yield the octets of a file in their order, asking for what is missing."""
        waiting = _Waiting(path)
        self._waiting[waiting.id] = waiting
        try:
            while True:
                yield from pull.ready()
                if pull.given:
                    return
                self._more(waiting, pull, most)
        finally:
            del self._waiting[waiting.id]

    def _more(self, waiting: _Waiting, pull: Pull, most: int) -> None:
        """Ask for a window of blocks and take what comes; again if nothing does."""
        for _ in range(self._patience.tries):
            wanted = pull.wanted(self._window)
            began_s = self._now_s()
            self._ask(waiting, Get(
                id=waiting.id, path=waiting.path, first=wanted.first, missing=wanted.missing,
                most=len(wanted.asked),
            ))  # fmt: skip
            if self._gather(waiting, pull, wanted.asked, most):
                self._adapt(self._now_s() - began_s)
                return
        raise DriverLost(f"{waiting.path}: the hub does not answer")

    def _ask(self, waiting: _Waiting, get: Get) -> None:
        """Publish a request; what becomes of it is told to who waits."""
        if self._closed:
            raise DriverLost(self._closed)
        message = Outbound(self._topic, get.model_dump_json().encode(), expiry_s=60)

        async def publish() -> int:
            return await self._send(message)

        def told(asked: Future[int]) -> None:
            refusal = _refusal(asked)
            if refusal:
                waiting.put(refusal)

        asyncio.run_coroutine_threadsafe(publish(), self._loop).add_done_callback(told)

    def _gather(self, waiting: _Waiting, pull: Pull, asked: frozenset[int], most: int) -> bool:
        """Take blocks until all that were asked for are here; whether any was new."""
        is_new = False
        until_s = self._now_s() + self._patience.answer_s
        while pull.lacks(asked):
            left_s = until_s - self._now_s()
            block = waiting.get(left_s) if left_s > 0 else None
            if block is None:
                break
            if self._take(waiting.path, pull, block, most):
                is_new = True
                until_s = self._now_s() + self._patience.answer_s
        return is_new

    def _take(self, path: str, pull: Pull, block: Block, most: int) -> bool:
        """Take one block; whether it was new. Raises `Missing` or `Refused`."""
        head = block.head
        if head.missing:
            raise Missing(f"{path}: the hub has no such file")
        if head.size > most:
            raise Refused(Alarm.ENDLESS_DATA, f"{path} would have {head.size} octets")
        took = pull.take(head.index, head.size, head.sha256, block.octets)
        self.counts[took.value] += 1
        return took is Took.NEW

    def _adapt(self, took_s: float) -> None:
        """Ask for less at once on a slow line, for more on a fast one."""
        if took_s > self._patience.slow_s:
            self._window = max(1, self._window // 2)
        elif took_s < self._patience.slow_s / 2:
            self._window = min(WINDOW, self._window * 2)


def _refusal(asked: Future[int]) -> BaseException | None:
    """Return why a request has not reached the hub; None if it may have."""
    if asked.cancelled():
        return DriverLost("the uplink ends")
    error = asked.exception()
    if error is not None:
        return error
    code = asked.result()
    if code == _NOBODY:
        return DriverLost("nobody answers requests at the hub")
    return DriverLost(f"the broker refused a request ({code:#x})") if code >= _REFUSED else None
