# SPDX-License-Identifier: Apache-2.0
"""Whether people must look at an appliance, and why: the same for a table, a tile and a total.

Time is an argument.
"""

from collections.abc import Iterator
from typing import NamedTuple

from hil.hub.fleet import Member
from hil.hub.watch import SILENT_S

NS = 10**9
DAY_S = 86_400
ENDS_SOON_S = 14 * DAY_S
"A certificate is renewed long before; so late it did not work."
BEHIND = 10_000
"Events that are missing here: more than a region tells in a quarter of an hour."
NEW_S = 3 * DAY_S
"What the hub remarked is news for so long."

NONE, OK, WARN, FAIL = "none", "ok", "warn", "fail"
LEVELS = (NONE, OK, WARN, FAIL)
"The worse, the later."
_AWAY = {"lost", "offline", "unknown"}


class Need(NamedTuple):
    """Why people must look."""

    level: str
    word: str
    "As `wording` has it, under `need`."


class Health(NamedTuple):
    """How an appliance stands."""

    member: Member
    level: str
    needs: tuple[str, ...]


def health_of(member: Member, now_s: int) -> Health:
    """Return how an appliance stands now, epoch seconds."""
    needs = list(_needs(member, now_s))
    level = max((need.level for need in needs), key=LEVELS.index, default=OK)
    return Health(member, level, tuple(need.word for need in needs))


def worst(levels: list[str]) -> str:
    """Return the worst of several; `none` if there is none."""
    return max(levels, key=LEVELS.index, default=NONE)


def _needs(member: Member, now_s: int) -> Iterator[Need]:
    if member.state in _AWAY:
        yield Need(FAIL, member.state)
    elif now_s - member.heard_ns // NS > SILENT_S:
        yield Need(FAIL, "silent")
    if member.certificate_ends and member.certificate_ends - now_s < ENDS_SOON_S:
        has_ended = member.certificate_ends <= now_s
        yield Need(FAIL, "certificate-ended") if has_ended else Need(WARN, "certificate-ends")
    yield from _remarks(member, now_s)


def _remarks(member: Member, now_s: int) -> Iterator[Need]:
    if member.alarms or member.state == "alert":
        yield Need(WARN, "alarms")
    if member.behind > BEHIND:
        yield Need(WARN, "behind")
    if member.unread:
        yield Need(WARN, "unread")
    if any(now_s - at // NS < NEW_S for at, _, _ in member.notes):
        yield Need(WARN, "notes")


def first_who_needs_people(found: list[Health]) -> list[Health]:
    """Return appliances, the worst first, then those with the most reasons, then by name."""
    return sorted(
        found, key=lambda one: (-LEVELS.index(one.level), -len(one.needs), one.member.node)
    )
