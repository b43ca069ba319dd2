# SPDX-License-Identifier: Apache-2.0
"""Answers whether a mobile number is abroad. Whoever is asked stands for the operators' HLR.

On a rig that is a table in a file, read anew whenever it changes; without one nobody knows. Numbers
are kept nowhere else, and logged nowhere.
"""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from edge.errors import ConfigError
from edge.report import topic
from edge.report.message import ACCEPTS, RoamAnswer, RoamAsk
from edge.report.port import Outbound

Operators: TypeAlias = Callable[[str], bool | None]
"Whether a number (E.164 digits) is abroad; None if nobody knows."

KNOWN_S = 3600
"How long an answer may be believed; an appliance may have been told to believe it for less."
NOBODY_S = 60
"How long it may be believed that nobody knows."
LATE = 10
"Deadlines after which an answer is of no use even to the next call."

_MEANT = {"true": True, "1": True, "false": False, "0": False}

Stamp: TypeAlias = tuple[int, int, int]


def nobody(_digits: str) -> None:
    """Know nothing of anybody."""


class Table:
    """A file of lines `number,abroad`: `+447700900123,true`. What it does not name is not known."""

    def __init__(self, path: Path) -> None:
        """Read a file. Raises `ConfigError`."""
        self._path = path
        self._stamp = _stamp(path)
        self._abroad = _read(path)

    def __call__(self, digits: str) -> bool | None:
        """Return whether a number is abroad, as the file says now, or said while it was whole."""
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._abroad, self._stamp = _read(self._path), stamp
        except ConfigError:  # it is being written
            pass
        return self._abroad.get(digits)


def _stamp(path: Path) -> Stamp:
    try:
        file = path.stat()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    return file.st_ino, file.st_size, file.st_mtime_ns


def _read(path: Path) -> dict[str, bool]:
    """Read a table. Raises `ConfigError`."""
    found = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for line, row in enumerate(csv.reader(file), start=1):
                if row == ["number", "abroad"] or not row:
                    continue
                number, abroad = _row(row)
                if not number.isdecimal() or abroad not in _MEANT:
                    raise ConfigError(f"{path}:{line}: a line is number,abroad: +77172000001,true")
                found[number] = _MEANT[abroad]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: {error}") from error
    return found


def _row(row: Sequence[str]) -> tuple[str, str]:
    """Return digits and meaning of a line, empty where it has others."""
    number, abroad = (word.strip() for word in row) if len(row) == 2 else ("", "")  # noqa: PLR2004
    return number.removeprefix("+"), abroad.lower()


class Roaming:
    """The part that hears `roam`."""

    hears = frozenset({topic.ROAM})

    def __init__(self, operators: Operators = nobody) -> None:
        """Ask these, whom an answer costs next to nothing: a worker waits for it."""
        self.counts: Counter[str] = Counter()
        self._operators = operators

    def take(self, node: str, rest: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:  # noqa: ARG002
        """Answer a question; one that cannot be read gets no answer, and is kept nowhere."""
        try:
            asked = RoamAsk.model_validate_json(payload)
        except ValidationError:
            self.counts["malformed"] += 1
            return ()
        if asked.v not in ACCEPTS:
            self.counts["malformed"] += 1
            return ()
        abroad = self._ask(asked.number)
        self.counts["answered"] += 1
        answer = RoamAnswer(
            id=asked.id, abroad=abroad, ttl_s=NOBODY_S if abroad is None else KNOWN_S
        )
        return (Outbound(
            topic.down(node, topic.ROAM), answer.model_dump_json().encode(), qos=0,
            expiry_s=ceil(LATE * asked.deadline_ms / 1000),
        ),)  # fmt: skip

    def _ask(self, number: str) -> bool | None:
        try:
            return self._operators(number)
        except Exception:  # noqa: BLE001 - raised, it would put the number into quarantine
            self.counts["failed"] += 1
            return None


def part_of(roamers: Path | None) -> Roaming:
    """Return the part that answers from a file; without one nobody knows. Raises `ConfigError`."""
    return Roaming(Table(roamers) if roamers else nobody)
