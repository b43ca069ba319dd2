# SPDX-License-Identifier: Apache-2.0
"""*List*: whether a number is listed, why, since when and until when."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from starlette.responses import Response

from edge.blocklist.said import Said, said_of
from edge.blocklist.store import State, Store, lists_in
from edge.console.desk import Visit

NUMBER = re.compile(r"\+?[0-9]{2,15}")
SPOKEN = str.maketrans("", "", " ()-\N{NO-BREAK SPACE}")
"What people write between digits."


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
    folder = visit.desk.places.lists
    stores = [Store(folder, name) for name in lists_in(folder)] if folder.exists() else []
    found: list[Said] = []
    if asked and not wrong:
        found = list(said_of(stores, number.removeprefix("+"), visit.desk.wall_s()))
    context = {"asked": asked, "wrong": wrong, "found": found, "lists": list(_in_force(stores))}
    return visit.page("list.html", context)


def _in_force(stores: list[Store]) -> Iterator[Loaded]:
    for store in stores:
        snapshot = store.open()
        if snapshot:
            yield Loaded(store.name, snapshot.version, len(snapshot), store.state())
