# SPDX-License-Identifier: Apache-2.0
"""Keeps every verdict that would stop a call: the reasons as a line of a log, the frames as pcapng.

The frames are those of the message that offered the call: a section of its own in the capture of
the day, with the record's id as comment. The record holds the hash of that section and of each
frame in it; so the tree over the records binds what was heard, and the section cut out of the file
is a capture that anybody can open.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge import clock
from edge.call.peer import peer_of
from edge.errors import InputError
from edge.evidence.capture import capture_in
from edge.evidence.log import Appended, Log
from edge.evidence.section import frames_in, section_of
from edge.evidence.shelf import capture_of, find, read_record
from edge.model.outcome import Outcome
from edge.model.unit import Unit
from edge.model.verdict import Verdict
from edge.pipeline import Decided
from edge.verdict.explain import explain, explanation
from edge.verdict.rule import CAMPAIGN

VERDICTS = "verdicts.jsonl"

NOT_KEPT = -1
"Leaf of a record that could not be written."

_VERDICT = {"call", "frame", "tap"}
"What the record of a verdict says beside its id."


class Kept(NamedTuple):
    """What became of a record."""

    record: str
    leaf: int
    "Its place in the log, from 0; `NOT_KEPT` if the disk was full."


class Journal:
    """The evidence of one run."""

    def __init__(self, folder: Path, now_ns: Callable[[], int] = clock.now_ns) -> None:
        """Go on with the evidence in `folder`, made if need be. Raises `InputError`."""
        self.folder = folder
        self.records = 0
        self.lost = 0
        "Records that could not be written: a full disk must not cost a verdict."
        self.last = ""
        "Call of the last record."
        self._log = Log(folder, VERDICTS, now_ns)
        self._frames: Appended | None = None
        self.damage = self._log.damage
        "What is not as it was left, a sentence each."
        self.damage += [lack for path, line in self._log.fresh for lack in _lacks(path, line)]

    def keep(self, decided: Decided) -> Kept:
        """Write one verdict and its frames, past the reach of a kill; on disk it is by `sync`."""
        self.records += 1
        offer, verdict = decided.offer, decided.verdict
        unit = offer.message.unit
        self.last = offer.call
        record = f"{unit.at:x}-{self._log.size + self.lost + 1}"
        about = {
            "frame": unit.number,
            "tap": unit.tap,
            "clock": {"source": unit.clock.source, "digits": unit.clock.digits},
            "took_us": decided.took_ns / 1000,
            "peer": peer_of(offer.message),
            **explanation(offer, verdict),
            "text": explain(offer, verdict),
        }
        return self._write(record, about, (*offer.message.earlier, unit), verdict.rule)

    def settle(self, outcome: Outcome, text: str, units: tuple[Unit, ...]) -> Kept:
        """Write what became of a call, with the frames that prove it, after its verdict."""
        self.records += 1
        unit = units[-1] if units else None
        about = {
            "of": outcome.record,
            "frame": unit.number if unit else 0,
            "tap": unit.tap if unit else "",
            "time": outcome.at / 1e9,
            "call": outcome.call,
            "attempt": outcome.attempt,
            "trunk": outcome.trunk,
            "outcome": outcome.result.value,
            "by": outcome.by,
            "told": outcome.told,
            "heard": outcome.heard,
            "after_ms": outcome.after_ns / 1e6,
            "again": outcome.again,
            "text": text,
        }
        return self._write(f"{outcome.record}-end", about, units, outcome.result.value)

    def _write(
        self, record: str, about: Mapping[str, object], units: Sequence[Unit], remark: str
    ) -> Kept:
        """Write a line of the log and its frames, as one."""
        section = section_of(units, f"{record} {remark}") if units else b""
        line: dict[str, object] = {"id": record, "leaf": self._log.size, **about}
        file, at = None, 0
        try:
            if section:
                file = self._capture()
                at = file.append(section)
                self._log.touch(file)
                line["capture"] = {
                    "file": file.path.name, "at": at, "octets": len(section),
                    "sha256": sha256(section).hexdigest(),
                }  # fmt: skip
                line["frames"] = [sha256(frame).hexdigest() for frame in frames_in(section)]
        except OSError:
            return self._not_kept(record)
        try:
            return Kept(record, self._log.append(msgspec.json.encode(line)))
        except OSError:
            if file:
                file.cut(at)
            return self._not_kept(record)

    def _not_kept(self, record: str) -> Kept:
        self.lost += 1
        return Kept(record, NOT_KEPT)

    def _capture(self) -> Appended:
        """Return the capture of the day. Raises `OSError`."""
        day = self._log.today()
        if self._frames is not None and self._frames.path.parent != day:
            self._leave()
        if self._frames is None:
            self._frames = Appended(capture_in(day, VERDICTS))
        return self._frames

    def _leave(self) -> None:
        """Let go of the capture, if there is one, once it is on disk."""
        if self._frames is not None:
            self._log.retire(self._frames)
            self._frames = None

    def sync(self) -> bool:
        """Have on disk what was kept before this call; from any thread. False if it refused."""
        return self._log.sync()

    def prune(self, before: str) -> int:
        """Let go of records and frames of the days before one (`2026-11-25`); leaves stay."""
        return self._log.prune(before)

    def close(self) -> None:
        """Close all files, all of it on disk."""
        self._leave()
        self._log.close()


def is_evidence(verdict: Verdict) -> bool:
    """Whether a verdict stops a call, or would in `enforce`; or speaks of a campaign.

    The dossier of a campaign stands on records: each of its calls is kept, observed or not.
    """
    if verdict.acts or verdict.wanted is not verdict.action:
        return True
    return any(reason.rule == CAMPAIGN.id for reason in verdict.reasons)


def _lacks(path: Path, line: bytes) -> Iterator[str]:
    """Yield what is wrong with the frames of a record that was cut off from its leaf."""
    record = read_record(line)
    try:
        capture = capture_of(record) if record else None
    except InputError as wrong:
        yield f"{path}: {wrong}"
        return
    if record and capture and not capture.is_whole(path.parent):
        yield f"{path}: the frames of record {record['id']} were lost"


def records(
    folder: Path, call: str, complain: Callable[[str], object]
) -> Iterator[dict[str, object]]:
    """Yield the records of a call, by Call-ID or record id. Raises `InputError`.

    A line that is no record, torn by a power cut, is passed over; `complain` is told which.
    """
    for line, record in find(folder, call, complain):
        if record.keys() >= _VERDICT:
            yield record
        elif not record.get("lost"):
            complain(f"{line.path}:{line.number}: not a record")
