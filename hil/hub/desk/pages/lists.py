# SPDX-License-Identifier: Apache-2.0
"""*Lists*: what is in force, what the draft changes, and whether a number is in either."""

import re
from http import HTTPStatus
from urllib.parse import quote

from starlette.responses import Response

from edge.blocklist.csvfile import entry_of
from edge.blocklist.entry import Listed
from edge.console.house import UNFIT
from edge.console.people import Role
from edge.errors import ListError
from edge.model.verdict import Action
from edge.trust.roles import LIST_SIDES
from hil.hub.desk.forms import NewEntry, OldEntry
from hil.hub.desk.office import Visit, recorded

NUMBER = re.compile(r"\+?[0-9]{2,15}")
SPOKEN = str.maketrans("", "", " ()-\N{NO-BREAK SPACE}")
"What people write between digits."
DAYS = 30
"For so long a version may be taken, if nobody says otherwise."


def all_of_them(visit: Visit) -> Response:
    """Show all lists."""
    lists, urgent, wall_s = visit.desk.lists, visit.desk.urgent, visit.desk.wall_s()
    found = [(lists.standing(name), urgent.waiting(name, wall_s)) for name in lists.names()]
    return visit.page("lists.html", {"lists": found})


def show(visit: Visit) -> Response:
    """Show one list, and what covers a number if one is asked for."""
    lists, name = visit.desk.lists, named(visit)
    asked = visit.asked("number")
    number = asked.translate(SPOKEN)
    wrong = bool(asked) and NUMBER.fullmatch(number) is None
    digits = number.removeprefix("+")
    urgent, wall_s = visit.desk.urgent, visit.desk.wall_s()
    found = urgent.covering(name, digits, wall_s) if asked and not wrong else []
    role = visit.person.role.value if visit.person else ""
    context = {
        "list": lists.standing(name), "changes": lists.changes(name), "asked": asked,
        "wrong": wrong, "found": found, "digits": digits,
        "side": role if role in LIST_SIDES else "",
        "sides": LIST_SIDES, "days": DAYS, "actions": [one.value for one in Action],
        "parties": [one.value for one in Listed], "repository": lists.folder,
        "may_edit": visit.may(Role.OPERATOR),
        "may_publish": visit.may(Role.OPERATOR, Role.ENGINEER),
        "waiting": urgent.waiting(name, wall_s), "done": visit.asked("done") == "yes",
    }  # fmt: skip
    return visit.page("list.html", context)


def add(visit: Visit) -> Response:
    """Add an entry to the draft."""
    form, name = visit.form(NewEntry), named(visit)
    try:
        entry = entry_of({
            "pattern": form.pattern, "action": form.action.value, "party": form.party.value,
            "category": form.category, "basis": form.basis, "valid_until": form.until,
            "source": visit.name,
        })  # fmt: skip
    except ListError as wrong:
        raise visit.no(UNFIT, "The list cannot hold this:", str(wrong)) from wrong
    with recorded(visit, f"list {name}: add {entry.text()} ({form.basis})", form.reason):
        visit.desk.lists.add(name, entry)
    return to(visit, name)


def remove(visit: Visit) -> Response:
    """Remove the entries of a pattern from the draft."""
    form, name = visit.form(OldEntry), named(visit)
    with recorded(visit, f"list {name}: remove {form.pattern}", form.reason):
        try:
            visit.desk.lists.remove(name, form.pattern)
        except ListError as wrong:
            raise visit.no(
                HTTPStatus.CONFLICT, "These numbers cannot be taken out:", str(wrong)
            ) from wrong
    return to(visit, name)


def named(visit: Visit) -> str:
    """Return the list that is meant. Raises `Refused` if there is none."""
    name: str = visit.request.path_params["name"]
    if name not in visit.desk.lists.names():
        raise visit.no(HTTPStatus.NOT_FOUND, "There is no such list.")
    return name


def to(visit: Visit, name: str) -> Response:
    """Send the browser back to the list, which says that it was done."""
    return visit.to(f"/lists/{quote(name)}?done=yes")
