# SPDX-License-Identifier: Apache-2.0
"""Gives appliances the repository: blocks of its files, its newest metadata, urgent records.

It holds no key and keeps nothing but what it said last: any number of hubs may serve copies of one
folder, and a block is the same from each. `<repository>/urgent/*.json` holds signed urgent records,
as `qalqan list urgent` writes them; one that lacks a signature waits until the file has it.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import NamedTuple

from pydantic import ValidationError

from edge.blocklist.manifest import Record, Signed, read_record, read_signed, write_signed
from edge.blocklist.store import replace
from edge.errors import ListError, QalqanError
from edge.report import topic
from edge.report.lists.urgent import write_urgent
from edge.report.message import Ask, BlockHead, Get
from edge.report.port import Outbound
from edge.trust.repository import URGENT, Repository
from edge.trust.roles import BLOBS, LIST_SIDES, METADATA, TARGETS
from edge.trust.urgent import signed_by
from hil.hub.part import Part
from hil.hub.store import Store

REPOSITORY = "repository"
"Folder of the repository, in that of the hub."
TIMESTAMP = "timestamp.json"

MOST_BLOCKS = 16
"Sent for one request."
MOST_RETAINED = 1 << 16
"Octets of metadata that is said to all; what is longer, they ask for."
URGENT_S = 86_400
"After this a record that waits for an absent appliance is of no use: it asks when it is back."

_NS = 10**9
_OPEN = frozenset({METADATA, TARGETS, BLOBS})
_MOST_BITS = 1024
_CLEARED = 3
_VERSIONED = re.compile(r"([1-9][0-9]{0,9})\.(.+\.json)")

Stamp = tuple[int, int, int] | None


class _Ready(NamedTuple):
    """An urgent record that may be sent."""

    record: Record
    payload: bytes


class Library:
    """The part that hears `get` and `ask`."""

    hears = frozenset({topic.GET, topic.ASK})

    def __init__(self, folder: Path) -> None:
        """Serve a repository folder; its `metadata`, `targets`, `blobs` and `urgent` alone."""
        self.counts: Counter[str] = Counter()
        self.waiting: dict[str, str] = {}
        "Files of urgent records that are not sent, and why."
        self._folder = folder.resolve()
        self._stamps: dict[Path, Stamp] = {}
        self._ready: dict[Path, _Ready] = {}
        self._said: dict[str, bytes] = {}
        "Names of metadata, and the hash of what was said last."
        self._pushed: set[bytes] = set()
        self._metadata_stamp: Stamp = None
        self._alone = RLock()
        "Workers are asked while the herald looks for news, each in a thread of its own."

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        """Answer a request for blocks, or for what is urgent."""
        try:
            if rest == topic.ASK:
                return list(self._asked(node, Ask.model_validate_json(payload), now_ns // _NS))
            if rest == topic.GET:
                return list(self._blocks(node, Get.model_validate_json(payload)))
        except ValidationError:
            self.counts["malformed"] += 1
        return []

    def anew(self) -> None:
        """Forget what was said: the broker may have forgotten it."""
        with self._alone:
            self._said.clear()
            self._pushed.clear()
            self._metadata_stamp = None

    def news(self, now_ns: int) -> list[Outbound]:
        """Return what is to be said to all since the last call; what brings news comes last."""
        with self._alone:
            return [*self._urgent_news(now_ns // _NS), *self._metadata_news()]

    def push_urgent(self, signed: Signed) -> Path:
        """Put an urgent record where `news` finds it. Raises `QalqanError` if none may take it."""
        self._check(signed)
        record = read_record(signed.record)
        path = self._folder / URGENT / f"{record.list}-{record.seq}.json"
        path.parent.mkdir(exist_ok=True)
        replace(path, write_signed(signed))
        return path

    # Blocks -------------------------------------------------------------------------------

    def _blocks(self, node: str, get: Get) -> Iterator[Outbound]:
        """Yield the blocks that are asked for, or that there is no such file."""
        try:
            file = self._find(get.path).open("rb")
        except (OSError, ValueError, IndexError):
            head = BlockHead(id=get.id, path=get.path, size=0, index=get.first, missing=True)
            self.counts["missing"] += 1
            yield _block(node, get, head, b"")
            return
        with file:
            size = file.seek(0, 2)
            for index in asked_for(get, size):
                file.seek(index * get.block)
                octets = file.read(get.block)
                sha256 = hashlib.sha256(octets).hexdigest()
                head = BlockHead(id=get.id, path=get.path, size=size, index=index, sha256=sha256)
                self.counts["blocks"] += 1
                yield _block(node, get, head, octets)

    def _find(self, path: str) -> Path:
        """Return the place of a file that appliances may read. Raises `ValueError`."""
        place = (self._folder / path).resolve()
        if place.relative_to(self._folder).parts[0] in _OPEN:
            return place
        raise ValueError(path)

    # What is said to all ------------------------------------------------------------------

    def _metadata_news(self) -> Iterator[Outbound]:
        """Yield the newest metadata that changed, retained, and take back what it replaces."""
        folder = self._folder / METADATA
        stamp = _stamp(folder / TIMESTAMP)
        if stamp is None or stamp == self._metadata_stamp:
            return
        self._metadata_stamp = stamp
        for path in [path for path in self._stamps if path.name in self.waiting]:
            del self._stamps[path]  # other keys may count now
        for name in (*_newest(folder), TIMESTAMP):
            yield from self._say(folder, name)

    def _say(self, folder: Path, name: str) -> Iterator[Outbound]:
        octets = b""
        with suppress(OSError):
            octets = (folder / name).read_bytes()
        digest = hashlib.sha256(octets).digest()
        if not 0 < len(octets) <= MOST_RETAINED or self._said.get(name) == digest:
            return
        is_new = name not in self._said
        self._said[name] = digest
        yield _retained(name, octets)
        for old in _before(name) if is_new else ():
            self._said.pop(old, None)
            yield _retained(old, b"")

    # Urgent records -----------------------------------------------------------------------

    def _asked(self, node: str, ask: Ask, now_s: int) -> Iterator[Outbound]:
        """Yield what came after the numbers that an appliance knows, in its order."""
        for ready in self._live(now_s):
            if ready.record.seq > ask.urgent.get(ready.record.list, ready.record.seq):
                yield _urgent(node, ready, now_s)

    def _urgent_news(self, now_s: int) -> Iterator[Outbound]:
        for ready in self._live(now_s):
            digest = hashlib.sha256(ready.payload).digest()
            if digest not in self._pushed:
                self._pushed.add(digest)
                yield _urgent(topic.ALL, ready, now_s)

    def _live(self, now_s: int) -> list[_Ready]:
        """Return the urgent records that have not expired, by list and number."""
        with self._alone:
            self._read_urgent()
            ready = list(self._ready.values())
        live = (one for one in ready if now_s < one.record.expires)
        return sorted(live, key=lambda one: (one.record.list, one.record.seq))

    def _read_urgent(self) -> None:
        """Read the files that are new or changed."""
        paths = set((self._folder / URGENT).glob("*.json"))
        for path in self._stamps.keys() - paths:
            del self._stamps[path]
            self._ready.pop(path, None)
            self.waiting.pop(path.name, None)
        for path in paths:
            stamp = _stamp(path)
            if stamp != self._stamps.get(path):
                self._stamps[path] = stamp
                self._read_one(path)

    def _read_one(self, path: Path) -> None:
        self._ready.pop(path, None)
        self.waiting.pop(path.name, None)
        try:
            signed = read_signed(path.read_bytes())
            self._check(signed)
            self._ready[path] = _Ready(read_record(signed.record), write_urgent(signed))
        except (OSError, QalqanError) as error:
            self.waiting[path.name] = str(error)

    def _check(self, signed: Signed) -> None:
        """Raise `QalqanError` unless appliances may take a record: they would call it an attack."""
        record = read_record(signed.record)
        repository = Repository(self._folder)
        if record.list not in repository.subjects():
            raise ListError(f"list {record.list} is not signed here")
        sides = signed_by(signed, repository.signers(record.list))
        if len(sides) < (len(LIST_SIDES) if record.added else 1):
            by = " and ".join(sorted(sides)) or "nobody"
            raise ListError(f"{record.list} urgent {record.seq} is signed by {by} only")


def parts_of(_store: Store, folder: Path) -> list[Part]:
    """Build the parts of this room."""
    return [Library(folder / REPOSITORY)]


def asked_for(get: Get, size: int) -> list[int]:
    """Return the blocks to send now, of those that a file of this size has."""
    try:
        octets = bytes.fromhex(get.missing[: _MOST_BITS // 4])
    except ValueError:
        return []
    blocks = max(1, -(-size // get.block))
    bits, span = int.from_bytes(octets), 8 * len(octets)
    asked = (get.first + place for place in range(span) if bits >> (span - 1 - place) & 1)
    return list(islice((index for index in asked if index < blocks), min(get.most, MOST_BLOCKS)))


def _block(node: str, get: Get, head: BlockHead, octets: bytes) -> Outbound:
    """Return a block as a message of QoS 0: what is lost is asked for again, and nothing queues."""
    payload = head.model_dump_json().encode() + b"\n" + octets
    where = topic.bulk(node) if get.bulk else topic.down(node, topic.BLOCK)
    return Outbound(where, payload, qos=0, content_type="application/octet-stream")


def _retained(name: str, octets: bytes) -> Outbound:
    return Outbound(topic.down(topic.ALL, f"{topic.TUF}/{name}"), octets, retain=True)


def _urgent(node: str, ready: _Ready, now_s: int) -> Outbound:
    expiry_s = min(URGENT_S, ready.record.expires - now_s)
    return Outbound(topic.down(node, topic.URGENT), ready.payload, expiry_s=expiry_s)


def _newest(folder: Path) -> list[str]:
    """Return the names of the newest version of each role's metadata."""
    found: dict[str, int] = {}
    for path in folder.glob("*.*.json"):
        versioned = _VERSIONED.fullmatch(path.name)
        if versioned:
            number, name = int(versioned[1]), versioned[2]
            found[name] = max(number, found.get(name, 0))
    return [f"{number}.{name}" for name, number in sorted(found.items())]


def _before(name: str) -> list[str]:
    """Return the names of the versions before one that may still be retained."""
    versioned = _VERSIONED.fullmatch(name)
    if not versioned:
        return []
    newest = int(versioned[1])
    return [f"{number}.{versioned[2]}" for number in range(max(1, newest - _CLEARED), newest)]


def _stamp(path: Path) -> Stamp:
    with suppress(OSError):
        stat = path.stat()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size
    return None
