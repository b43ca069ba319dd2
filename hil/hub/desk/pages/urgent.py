# SPDX-License-Identifier: Apache-2.0
"""*Lists*, urgent records: prepared, signed by each side on its own machine, on their way."""

from http import HTTPStatus
from urllib.parse import quote

from starlette.responses import Response

from edge.blocklist.csvfile import entry_of
from edge.blocklist.entry import Listed
from edge.console.house import UNFIT
from edge.console.people import Role
from edge.errors import ListError
from edge.model.verdict import Action
from edge.trust.handed import NotTaken
from edge.trust.roles import LIST_SIDES
from hil.hub.desk.forms import (
    MOST_HOURS,
    MOST_PATTERNS,
    Reasoned,
    RecordSignature,
    UrgentEntries,
    UrgentLift,
)
from hil.hub.desk.office import Visit, recorded
from hil.hub.desk.pages.lists import named
from hil.hub.desk.urgent import Hurried, NotOpen, State

HOURS = 72
"For so long a record holds, if nobody says otherwise."
MOST_PAST = 20
"Of records that are done, the latest are shown."


def show(visit: Visit) -> Response:
    """Show the records of a list: those that wait, the oldest first; on their way; and past."""
    name, desk = named(visit), visit.desk
    found = desk.urgent.all(name, desk.wall_s())
    past = [one for one in found if not one.is_open and one.state is not State.SENT]
    role = visit.person.role.value if visit.person else ""
    context = {
        "list": desk.lists.standing(name), "waiting": [one for one in found if one.is_open],
        "sent": [one for one in found if one.state is State.SENT], "waits": State.WAITS,
        "past": past[: -MOST_PAST - 1 : -1], "left_out": max(0, len(past) - MOST_PAST),
        "asked": visit.asked("pattern", 41), "done": visit.asked("done") == "yes",
        "side": role if role in LIST_SIDES else "", "sides": LIST_SIDES,
        "may_add": visit.may(Role.OPERATOR), "hours": HOURS, "most_hours": MOST_HOURS,
        "most": MOST_PATTERNS, "actions": [one.value for one in Action],
        "parties": [one.value for one in Listed],
    }  # fmt: skip
    return visit.page("urgent.html", context)


def add(visit: Visit) -> Response:
    """Prepare an addition."""
    form, name = visit.form(UrgentEntries), named(visit)
    rest = {
        "action": form.action.value, "party": form.party.value, "category": form.category,
        "basis": form.basis, "source": visit.name,
    }  # fmt: skip
    try:
        entries = [entry_of({"pattern": each, **rest}) for each in dict.fromkeys(form.each)]
    except ListError as wrong:
        raise visit.no(UNFIT, "The list cannot hold this:", str(wrong)) from wrong
    numbers = " ".join(entry.text() for entry in entries)
    text = f"list {name}: prepare an urgent addition, {form.hours} h ({form.basis}): {numbers}"
    with recorded(visit, text, form.reason):
        visit.desk.urgent.add(name, entries, form.hours, visit.desk.wall_s())
    return _to(visit, name)


def lift(visit: Visit) -> Response:
    """Prepare a lifting."""
    form, name = visit.form(UrgentLift), named(visit)
    text = f"list {name}: prepare an urgent lifting, {form.hours} h: {form.pattern}"
    with recorded(visit, text, form.reason):
        try:
            visit.desk.urgent.lift(name, form.pattern, form.hours, visit.desk.wall_s())
        except ListError as wrong:
            raise visit.no(
                HTTPStatus.CONFLICT, "Nothing of this is in force:", str(wrong)
            ) from wrong
    return _to(visit, name)


def record(visit: Visit) -> Response:
    """Hand out what is to be signed, octet for octet."""
    one = _meant(visit)
    headers = {"Content-Disposition": f'attachment; filename="{one.file}"'}
    return Response(one.octets, media_type="application/json", headers=headers)


def sign(visit: Visit) -> Response:
    """Take a signature: that of the side which the person's role is."""
    form, name, one = visit.form(RecordSignature), named(visit), _meant(visit)
    side = visit.person.role.value if visit.person else ""
    signature = side, form.signature.strip().encode()
    text = f"list {name}: sign urgent {one.record.seq} as {side}, {one.sha256}"
    with recorded(visit, text):
        try:
            visit.desk.urgent.take(name, one.record.seq, signature, visit.desk.wall_s())
        except NotTaken as flaw:
            status = HTTPStatus.CONFLICT if flaw.flaw.value == "twice" else UNFIT
            raise visit.no(status, visit.speech.word("flaw", flaw.flaw.value)) from flaw
        except NotOpen as wrong:
            word = visit.speech.word("urgent", wrong.state.value)
            raise visit.no(
                HTTPStatus.CONFLICT, "This record takes no signature any more:", word
            ) from wrong
    return _to(visit, name)


def withdraw(visit: Visit) -> Response:
    """Take a record back that was not sent, and out of the draft what it put there."""
    form, name, one = visit.form(Reasoned), named(visit), _meant(visit)
    if one.record.added and not visit.may(Role.OPERATOR):
        raise visit.no(HTTPStatus.FORBIDDEN, "Your role does not let you do this.")
    with recorded(visit, f"list {name}: withdraw urgent {one.record.seq}", form.reason):
        try:
            visit.desk.urgent.withdraw(name, one.record.seq, visit.desk.wall_s())
        except NotOpen as wrong:
            word = visit.speech.word("urgent", wrong.state.value)
            raise visit.no(HTTPStatus.CONFLICT, "This record cannot be withdrawn:", word) from wrong
    return _to(visit, name)


def _meant(visit: Visit) -> Hurried:
    """Return the record that is meant. Raises `Refused` if there is none."""
    number = visit.request.path_params["number"]
    found = visit.desk.urgent.all(named(visit), visit.desk.wall_s())
    one = next((one for one in found if str(one.record.seq) == number), None)
    if one is None:
        raise visit.no(HTTPStatus.NOT_FOUND, "There is no such record.")
    return one


def _to(visit: Visit, name: str) -> Response:
    return visit.to(f"/lists/{quote(name)}/urgent?done=yes")
