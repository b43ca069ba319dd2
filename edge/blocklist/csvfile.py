# SPDX-License-Identifier: Apache-2.0
"""A list from a CSV file, as people write it: all of it, or one error that names each wrong line.

UTF-8 with or without byte order mark; separated by `,` or by `;`, as spreadsheets of this region
write. A line that begins with `#` is a comment; `# version: N` gives the version of the list.
"""

import csv
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import TypeVar

import msgspec

from edge.blocklist.entry import Entry, Listed, Shape
from edge.blocklist.simple import SimpleBlocklist
from edge.errors import ListError
from edge.model.event import TrunkClass
from edge.model.verdict import Action
from edge.numbering.plan import SHORT_CODES

REQUIRED = ("pattern", "party", "action", "category", "basis")
OPTIONAL = ("valid_from", "valid_until", "scope", "source")
COLUMNS = REQUIRED + OPTIONAL

MOST_SHOWN = 20
KAZAKHSTAN = timezone(timedelta(hours=5))
"One zone for the whole country since 1 March 2024."

# E.164 clause 6: up to 15 digits; no country code begins with 0.
_PATTERN = re.compile(r"\+([1-9][0-9]{0,14})(\*|\.\.\+([1-9][0-9]{0,14}))?", re.ASCII)
_VERSION = re.compile(r"#\s*version\s*:(.*)", re.IGNORECASE)
_SPOILT = re.compile(r"\+?[0-9][.,][0-9]+E\+?[0-9]+", re.IGNORECASE)

EnumT = TypeVar("EnumT", bound=Enum)


class Guards(msgspec.Struct, frozen=True):
    """What no entry of a list may do, whatever its author meant."""

    least_prefix: int = 3
    "Least digits of a prefix after the plus sign; a range may cover no more than such a prefix."
    reserved: Collection[str] = tuple(code.digits for code in SHORT_CODES)
    "Emergency and short codes: no entry may cover one."
    zone: tzinfo = KAZAKHSTAN
    "Where a date without a time begins."


class _Wrong(Exception):
    """Why one line cannot be taken; becomes a line of the `ListError`."""


def read_csv(
    path: Path, *, list_name: str, version: int | None = None, guards: Guards | None = None
) -> SimpleBlocklist:
    """Return the list of a file. Raises `ListError`; nothing is half loaded.

    The version comes from the caller or from the file; they may not contradict each other.
    """
    found, entries = _read(path, version, guards or Guards())
    return SimpleBlocklist(list_name, found, entries)


def read_csv_files(
    paths: Sequence[Path], *, list_name: str, guards: Guards | None = None
) -> SimpleBlocklist:
    """Return one list of several files, its version the highest of theirs. Raises `ListError`."""
    read = [_read(path, None, guards or Guards()) for path in paths]
    entries = [entry for _, of_file in read for entry in of_file]
    return SimpleBlocklist(list_name, max((found for found, _ in read), default=0), entries)


def read_entries(path: Path, guards: Guards | None = None) -> list[Entry]:
    """Return the entries of a file, whatever version it says it is. Raises `ListError`."""
    return [entry for _, entry in read_lines(path, guards)]


def read_lines(path: Path, guards: Guards | None = None) -> list[tuple[int, Entry]]:
    """Return the entries of a file, each with the number of its line. Raises `ListError`."""
    reader = _Reader(guards or Guards())
    entries = reader.read(_text(path))
    if reader.wrong:
        raise ListError(_report(path, reader.wrong))
    return entries


def entry_of(row: Mapping[str, str], guards: Guards | None = None) -> Entry:
    """Return the entry of one row, cells by column; missing ones are empty. Raises `ListError`."""
    try:
        return _entry(dict.fromkeys(COLUMNS, "") | dict(row), guards or Guards())
    except _Wrong as wrong:
        raise ListError(str(wrong)) from None


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ListError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ListError(
            f"{path}: octet {error.start} is not UTF-8; save the table as 'CSV UTF-8'"
        ) from error


def _read(path: Path, version: int | None, guards: Guards) -> tuple[int, list[Entry]]:
    """Return version and entries of a file."""
    reader = _Reader(guards)
    entries = [entry for _, entry in reader.read(_text(path))]
    versions = reader.versions | ({version} if version is not None else set())
    if not versions:
        reader.refuse(1, "the list has no version; add a line '# version: 1'")
    elif len(versions) > 1:
        reader.refuse(1, f"which version is it: {' or '.join(map(str, sorted(versions)))}?")
    if reader.wrong:
        raise ListError(_report(path, reader.wrong))
    return versions.pop(), entries


def _report(path: Path, wrong: Sequence[tuple[int, str]]) -> str:
    """Return the first wrong lines in their order, and how many there are."""
    count = len(wrong)
    lines = [f"{path}: {count} wrong line{'s' * (count > 1)}, nothing was loaded"]
    lines += [f"{path}:{number}: {reason}" for number, reason in sorted(wrong)[:MOST_SHOWN]]
    if count > MOST_SHOWN:
        lines.append(f"... and {count - MOST_SHOWN} more")
    return "\n".join(lines)


class _Reader:
    """Reads one file, and remembers everything that is wrong with it."""

    def __init__(self, guards: Guards) -> None:
        self._guards = guards
        self._taken: dict[tuple[object, ...], list[tuple[int, Entry]]] = {}
        self.versions: set[int] = set()
        self.wrong: list[tuple[int, str]] = []

    def refuse(self, number: int, reason: str) -> None:
        """Remember a wrong line."""
        self.wrong.append((number, reason))

    def read(self, text: str) -> list[tuple[int, Entry]]:
        """Return the entries of all lines that are right, each with the number of its line."""
        lines = self._lines(text)
        number, header = next(lines, (1, ""))
        separator = ";" if header.count(";") > header.count(",") else ","
        columns = [name.strip(' \t"') for name in header.lower().split(separator)]
        problems = list(_header_problems(columns))
        if problems:  # no line can be understood under a wrong header
            self.wrong += [(number, problem) for problem in problems]
            return []
        entries = []
        for number, line in lines:
            try:
                entry = _entry(_row(columns, _cells(line, separator)), self._guards)
                self._take(number, entry)
                entries.append((number, entry))
            except _Wrong as wrong:
                self.refuse(number, str(wrong))
        return entries

    def _lines(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield what is neither empty nor a comment, with its line number."""
        for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
            if line.startswith("#"):
                self._comment(number, line)
            elif line.strip(" \t,;"):  # a spreadsheet writes an empty row as separators
                yield number, line

    def _comment(self, number: int, line: str) -> None:
        if not (found := _VERSION.match(line)):
            return
        word = found[1].strip(" \t,;")  # padded by a spreadsheet to the width of the table
        if word.isascii() and word.isdigit() and 0 < int(word[:19]) < 2**63:
            self.versions.add(int(word))
        else:
            self.refuse(number, f"version {word!r} is not a number from 1")

    def _take(self, number: int, entry: Entry) -> None:
        """Remember an entry, unless an earlier line speaks of the same calls at the same time."""
        key = (entry.shape, entry.low, entry.high, entry.party, entry.scope)
        twins = self._taken.setdefault(key, [])
        for line, other in twins:
            if _overlap(entry, other):
                verb = "repeats" if entry.action is other.action else "contradicts"
                raise _Wrong(f"{entry.text()} {verb} line {line}")
        twins.append((number, entry))


def _overlap(one: Entry, other: Entry) -> bool:
    """Return whether there is a second at which both are valid."""
    return (not other.valid_until or one.valid_from < other.valid_until) and (
        not one.valid_until or other.valid_from < one.valid_until
    )


def _header_problems(columns: Sequence[str]) -> Iterator[str]:
    for name in columns:
        if name not in COLUMNS:
            yield f"no column is called {_nearest(name, COLUMNS)}"
    for name in COLUMNS:
        if columns.count(name) > 1:
            yield f"column '{name}' stands twice"
        if name in REQUIRED and name not in columns:
            yield f"column '{name}' is missing"


def _cells(line: str, separator: str) -> list[str]:
    try:
        rows = list(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error as error:
        raise _Wrong(f"is no CSV: {error}") from error
    return [cell.strip() for cell in rows[0]] if rows else []


def _row(columns: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    if len(cells) != len(columns):
        raise _Wrong(f"{len(cells)} fields, where the header has {len(columns)}")
    return dict.fromkeys(COLUMNS, "") | dict(zip(columns, cells, strict=True))


def _entry(row: Mapping[str, str], guards: Guards) -> Entry:
    """Return the entry of a line, or raise the first reason why it is none."""
    shape, low, high = _numbers(row["pattern"], guards)
    entry = Entry(
        shape=shape,
        low=low,
        high=high,
        party=_word(row, "party", Listed),
        action=_word(row, "action", Action),
        category=row["category"],
        basis=row["basis"],
        valid_from=_seconds(row, "valid_from", guards.zone),
        valid_until=_seconds(row, "valid_until", guards.zone),
        scope=_scope(row["scope"]),
        source=row["source"],
    )
    if entry.action in {Action.BLOCK, Action.DIVERT} and not entry.basis:
        raise _Wrong(f"no {entry.action.value} without a legal basis")
    if entry.valid_until and entry.valid_until <= entry.valid_from:
        raise _Wrong("valid_until is not after valid_from")
    return entry


def _numbers(pattern: str, guards: Guards) -> tuple[Shape, str, str]:
    """Return shape, lowest and highest number of a pattern that the guards let pass."""
    found = _PATTERN.fullmatch(pattern)
    if not found:
        raise _Wrong(_pattern_problem(pattern))
    low, tail, high = found[1], found[2], found[3]
    if not tail:
        shape, high = Shape.EXACT, low
    elif tail == "*":
        shape, high = Shape.PREFIX, low
        if len(low) < guards.least_prefix:
            raise _Wrong(f"prefix {pattern} is wider than {guards.least_prefix} digits allow")
    else:
        shape = Shape.RANGE
        _check_range(pattern, low, high, guards.least_prefix)
    for code in guards.reserved:
        if _covers(shape, low, high, code):
            raise _Wrong(f"{pattern} covers {code}, which is never blocked")
    return shape, low, high


def _check_range(pattern: str, low: str, high: str, least_prefix: int) -> None:
    if len(low) != len(high):
        raise _Wrong(f"the ends of {pattern} differ in length")
    if high < low:
        raise _Wrong(f"the ends of {pattern} stand the wrong way round")
    if int(high) - int(low) >= 10 ** max(len(low) - least_prefix, 0):
        raise _Wrong(f"range {pattern} is wider than a prefix of {least_prefix} digits")


def _pattern_problem(pattern: str) -> str:
    if _SPOILT.fullmatch(pattern):
        return f"{pattern} was a number until a spreadsheet shortened it; format the cells as text"
    if pattern[:1].isdigit():
        return f"{pattern!r} does not begin with + and a country code"
    return f"{pattern!r} is no +number, +prefix* or +first..+last"


def _covers(shape: Shape, low: str, high: str, digits: str) -> bool:
    if shape is Shape.PREFIX:
        return digits.startswith(low)
    return len(digits) == len(low) and low <= digits <= high


def _word(row: Mapping[str, str], column: str, words: type[EnumT]) -> EnumT:
    try:
        return words(row[column].lower())
    except ValueError:
        known = [word.value for word in words]
        raise _Wrong(f"no {column} is called {_nearest(row[column], known)}") from None


def _scope(text: str) -> str:
    kind, _, name = text.partition(":")
    if not text or text == "all":
        return "all"
    if kind == "trunk" and name:
        return text
    classes = [f"class:{word.value}" for word in TrunkClass]
    if text not in classes:
        raise _Wrong(f"no scope is called {_nearest(text, ['all', 'trunk:NAME', *classes])}")
    return text


def _seconds(row: Mapping[str, str], column: str, zone: tzinfo) -> int:
    """Return the second at which a date begins or that a date-time names; 0 for an empty cell."""
    text = row[column]
    if not text:
        return 0
    try:
        if len(text) == len("2026-01-31"):
            moment = datetime.combine(date.fromisoformat(text), time(), zone)
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        raise _Wrong(f"{column} {text!r} is no date like 2026-01-31") from None
    if moment.tzinfo is None:
        raise _Wrong(f"{column} {text!r} names no zone; write {text}+05:00")
    if moment < datetime.fromtimestamp(1, UTC):
        raise _Wrong(f"{column} {text!r} lies before 1970")
    return int(moment.timestamp())


def _nearest(word: str, known: Sequence[str]) -> str:
    """Return the wrong word with the nearest right one, or with all of them."""
    near = get_close_matches(word.lower(), known, n=1)
    return f"'{word}'; " + (f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}")
