# SPDX-License-Identifier: Apache-2.0
"""*List*: whether a number is listed, why, since when and until when; and its sparing.

What cannot be searched is named: of a number that was found nowhere it is not known then that it is
on no list.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from edge import counters
from edge.blocklist.entry import Entry
from edge.blocklist.said import said_of, validity
from edge.blocklist.store import State, Store, lists_in
from edge.box.spared import Spared, read_spared
from edge.console.desk import Desk, Visit
from edge.console.forms import Sparing
from edge.console.tables import File, covering
from edge.errors import ConfigError, ListError
from edge.seen.readings import read

NUMBER = re.compile(r"\+?[0-9]{2,15}")
SPOKEN = str.maketrans("", "", " ()-\N{NO-BREAK SPACE}")
"What people write between digits."
WHILES = (1, 24, 72)
"Hours that a number may be spared for."


class Loaded(NamedTuple):
    """A list of this box."""

    name: str
    version: int
    entries: int
    state: State


class Row(NamedTuple):
    """An entry that covers the number."""

    entry: Entry
    holds: str
    list: str
    "Its name; of a file, the path."
    version: int = 0
    "0 for an urgent record over the list."
    line: int = 0
    "Of a file, which nobody signs; 0 for a signed list."


class Unread(NamedTuple):
    """A list that could not be searched."""

    list: str
    "Its name; of a file, without the folder, which the error has."
    error: str


def show(visit: Visit) -> Response:
    """Show every entry that covers a number."""
    asked = visit.asked("number")
    number = asked.translate(SPOKEN)
    wrong = bool(asked) and NUMBER.fullmatch(number) is None
    digits, now_s = number.removeprefix("+"), visit.desk.wall_s()
    spared, lack = _spared(visit.desk.places.spared, now_s)
    folder = visit.desk.places.lists
    stores = [Store(folder, name) for name in lists_in(folder)] if folder.exists() else []
    files = visit.desk.tables.files()
    found, unread = _searched(stores, files, "" if wrong else digits, now_s)
    context = {
        "asked": asked, "wrong": wrong, "found": found, "unread": unread,
        "lists": list(_in_force(stores)),
        "files": [(one, _is_new(visit.desk, one)) for one in files if not one.why],
        "number": f"+{digits}", "spared": spared, "own": None if wrong else spared.get(digits),
        "whiles": WHILES, "spared_lack": lack,
    }  # fmt: skip
    return visit.page("list.html", context)


def spare(visit: Visit) -> Response:
    """Let a number through at this box for a while, or no longer; recorded with the reason."""
    form = visit.form(Sparing)
    args: dict[str, object] = {"number": form.number, "on": bool(form.hours)}
    if form.hours:
        args["hours"] = form.hours
    visit.desk.minutes.do("spare", args, form.reason, visit.name)
    return visit.to(f"/list?number={quote(form.number)}")


def _spared(path: Path, now_s: int) -> tuple[dict[str, Spared], str]:
    """Return what is let through at this box, and why it is not known; empty if it is."""
    try:
        found = read_spared(path)
    except ConfigError as error:
        return {}, str(error)
    return {one: said for one, said in found.items() if said.until_s > now_s}, ""


def _searched(
    stores: list[Store], files: list[File], digits: str, now_s: int
) -> tuple[list[Row], list[Unread]]:
    """Return the entries that cover a number, and the lists that could not be searched."""
    found: list[Row] = []
    unread = [Unread(one.path.name, one.why) for one in files if one.why]
    for store in stores:
        try:
            found += [
                Row(said.entry, said.holds, said.list, said.version)
                for said in said_of([store], digits, now_s)
            ]
        except ListError as error:
            unread.append(Unread(store.name, str(error)))
    found += [
        Row(one.entry, validity(one.entry, now_s), str(one.file.path), line=one.line)
        for one in (covering(files, digits) if digits else ())
    ]
    return found, unread


def _in_force(stores: list[Store]) -> Iterator[Loaded]:
    for store in stores:
        with suppress(ListError):  # it is told as one that could not be searched
            if snapshot := store.open():
                yield Loaded(store.name, snapshot.version, len(snapshot), store.state())


def _is_new(desk: Desk, file: File) -> bool:
    """Return whether `core` has not read the file as it is now."""
    core = read(desk.places.run).get("core")
    return core is not None and any(
        file.changed_s > one.values[0]
        for one in core.series()
        if one.declared is counters.PROCESS_START
    )
