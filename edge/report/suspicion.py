# SPDX-License-Identifier: Apache-2.0
"""What the hub is told of campaigns: a campaign with its reasons, and the lines of its dossier."""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec.structs import asdict

from edge.detect.case import Case, Mark, Member
from edge.detect.origin import Clue
from edge.report.event import Class, Event, Moment

State = Literal["open", "withdrawn", "silent", "crowded"]
MOST_LINES = 128
"Lines that are told of a campaign at once, the surest; whoever dials us makes up more."
MOST_OF_EACH = 12_288
"Octets of the members, and of the marks: an event has its bounds."


def campaign_event(case: Case, state: State, moment: Moment) -> Event:
    """Return a campaign as it stands."""
    members = _within(case.members)
    fields: dict[str, object] = {
        "campaign": case.id,
        "state": state,
        "first": case.first,
        "found": case.found,
        "last": case.last,
        "score": case.score,
        "calls_before": case.calls_before,
        "calls": case.calls,
        "callers": case.callers,
        "callees": case.callees,
        "hours": case.hours,
        "reasons": [
            {"code": one.code, "values": one.values, "text": one.text()} for one in case.reasons
        ],
        "members": members,
        "members_left_out": len(case.members) - len(members),
        "marks": _within(case.marks()),
    }
    return Event(Class.BLOCK, "campaign", moment, fields)


def clue_events(case: Case, since: int, moment: Moment) -> Iterator[Event]:
    """Yield the lines of the dossier that calls since a time (nanoseconds) have changed."""
    fresh = [line for line in case.lines if line.last > since]
    for line in fresh[:MOST_LINES]:
        yield Event(Class.BLOCK, "clue", moment, {"campaign": case.id, **_fields(line)})


def _within(found: Iterable[Member | Mark]) -> list[dict[str, object]]:
    """Return as many as there is room for, in order."""
    taken, room = [], MOST_OF_EACH
    for one in found:
        room -= len(msgspec.json.encode(one))
        if room < 0:
            break
        taken.append(asdict(one))
    return taken


def _fields(line: Clue) -> dict[str, object]:
    said = asdict(line)
    return {
        "clue": said.pop("kind"),
        **said,
        "evidence": [msgspec.to_builtins(one) for one in line.evidence],
    }
