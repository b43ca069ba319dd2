# SPDX-License-Identifier: Apache-2.0
"""The latest calls with verdict and fate, for the page: `state/run/calls.json`.

The hand that took a verdict appends here, and does no more; once a second a thread writes the file,
renamed into place and never synced. Numbers stand in it as commands show them.
"""

import asyncio
from collections import deque
from contextlib import suppress
from pathlib import Path

import msgspec

from edge.model.event import shown
from edge.model.outcome import Outcome
from edge.pipeline import Decided

FILE = "calls.json"
VERSION = 1
MOST = 200
MOST_OCTETS = 1 << 20
"Of the file; what is larger is none of ours."
MOST_TEXT = 80
"Characters of a word that was heard."
EVERY_S = 1.0
NS = 1_000_000_000


class Call(msgspec.Struct, frozen=True):
    """A call attempt as the page shows it."""

    at: float
    "Epoch seconds."
    trunk: str
    proto: str
    call: str
    attempt: int
    calling: str
    called: str
    action: str
    wanted: str
    rule: str
    record: str
    "Id of its record of evidence; empty if it left none."
    fate: str
    "What was heard to become of it (`edge.model.outcome`); empty while that is not known."


class Calls(msgspec.Struct, frozen=True):
    """The file."""

    v: int
    calls: tuple[Call, ...]
    "The oldest first."


class Recent:
    """The latest calls, in memory."""

    def __init__(self, folder: Path) -> None:
        """Write to `folder`, made if need be."""
        self._path = folder / FILE
        self._heard: deque[tuple[Decided, str]] = deque(maxlen=MOST)
        self._ended: deque[Outcome] = deque(maxlen=MOST)
        self._written: tuple[object, object] = (None, None)
        "The last of both that is in the file."

    def note(self, decided: Decided, record: str) -> None:
        """Take a verdict, and the id of its record."""
        self._heard.append((decided, record))

    def settle(self, outcome: Outcome) -> None:
        """Take what became of a call."""
        self._ended.append(outcome)

    def calls(self) -> Calls:
        """Return them; what a gate was asked and a tap has heard is one call."""
        fates = {one.record: one.result.value for one in self._ended}
        found: dict[tuple[str, str, int], Call] = {}
        for decided, record in tuple(self._heard):
            key = decided.offer.trunk.name, decided.offer.call, decided.offer.attempt
            known = found.pop(key, None)
            kept = record or (known.record if known else "")
            found[key] = _call(decided, kept, fates.get(kept, ""))
        return Calls(VERSION, tuple(found.values()))

    def write(self) -> None:
        """Write the file if there is news; that it could not be written costs nothing else."""
        last = self._heard[-1] if self._heard else None, self._ended[-1] if self._ended else None
        if self._path.exists() and all(map(_is, last, self._written)):
            return
        fresh = self._path.with_suffix(".fresh")
        with suppress(OSError):
            fresh.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.json.encode(self.calls()))
            fresh.replace(self._path)
            self._written = last

    async def forever(self) -> None:
        """Write each second, and once more at the end: the disk is waited for by another thread."""
        try:
            while True:
                await asyncio.to_thread(self.write)
                await asyncio.sleep(EVERY_S)
        finally:
            self.write()


def _is(one: object, other: object) -> bool:
    return one is other


def _call(decided: Decided, record: str, fate: str) -> Call:
    offer, verdict = decided.offer, decided.verdict
    return Call(
        offer.at / NS, offer.trunk.name, offer.proto, offer.call[:MOST_TEXT], offer.attempt,
        shown(offer.calling.number)[:MOST_TEXT], shown(offer.called.number)[:MOST_TEXT],
        verdict.action.value, verdict.wanted.value, verdict.rule, record, fate,
    )  # fmt: skip


def read_calls(folder: Path) -> tuple[Call, ...]:
    """Return what the file says; nothing if there is none, or it is none of ours."""
    try:
        with (folder / FILE).open("rb") as file:
            octets = file.read(MOST_OCTETS + 1)
        found = msgspec.json.decode(octets, type=Calls)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    return found.calls if found.v == VERSION and len(octets) <= MOST_OCTETS else ()
