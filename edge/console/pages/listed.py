# SPDX-License-Identifier: Apache-2.0
"""*List*: whether a number is listed, why, since when and until when; and its sparing."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from edge.blocklist.said import Said, said_of
from edge.blocklist.store import State, Store, lists_in
from edge.console.desk import Visit
from edge.console.forms import Sparing
from edge.spared import read_spared

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


def show(visit: Visit) -> Response:
    """Show every entry that covers a number."""
    asked = visit.asked("number")
    number = asked.translate(SPOKEN)
    wrong = bool(asked) and NUMBER.fullmatch(number) is None
    digits, now_s = number.removeprefix("+"), visit.desk.wall_s()
    spared = read_spared(visit.desk.places.spared)
    spared = {one: said for one, said in spared.items() if said.until_s > now_s}
    folder = visit.desk.places.lists
    stores = [Store(folder, name) for name in lists_in(folder)] if folder.exists() else []
    found: list[Said] = []
    if asked and not wrong:
        found = list(said_of(stores, digits, now_s))
    context = {
        "asked": asked, "wrong": wrong, "found": found, "lists": list(_in_force(stores)),
        "number": f"+{digits}", "spared": spared, "own": None if wrong else spared.get(digits),
        "whiles": WHILES,
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


def _in_force(stores: list[Store]) -> Iterator[Loaded]:
    for store in stores:
        snapshot = store.open()
        if snapshot:
            yield Loaded(store.name, snapshot.version, len(snapshot), store.state())
