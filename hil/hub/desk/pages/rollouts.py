# SPDX-License-Identifier: Apache-2.0
"""*Rollouts*: which firmware the boxes are to have, how far each group has got; halt, go on."""

from collections import Counter
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from edge.console.people import Role
from edge.errors import ConfigError
from hil.hub import rollout
from hil.hub.desk.forms import Steer
from hil.hub.desk.office import Visit, recorded
from hil.hub.rollout import DONE, HALTED, RUNNING, Rollout, Shown
from hil.hub.rollout_plan import Box

MOST_SHOWN = 30
MOST_BAD = 50


class Group(msgspec.Struct, frozen=True):
    """A group of a rollout, ready to be shown."""

    name: str
    is_begun: bool
    boxes: int
    confirmed: int
    states: list[tuple[str, int]]
    bad: list[Shown]
    "Those that failed, at most some."


def show(visit: Visit) -> Response:
    """Show them, the latest first."""
    found = rollout.show(visit.desk.store)
    context = {
        "rollouts": [(one, _groups(one)) for one in found[:MOST_SHOWN]],
        "may_steer": visit.may(Role.ENGINEER), "running": RUNNING, "halted": HALTED, "done": DONE,
    }  # fmt: skip
    return visit.page("rollouts.html", context)


def steer(visit: Visit) -> Response:
    """Halt one, or have it go on."""
    form = visit.form(Steer)
    name = visit.request.path_params["name"]
    with recorded(visit, f"rollout {name}: {form.to}", form.reason):
        try:
            if form.to == "halt":
                rollout.halt(visit.desk.store, name, f"{visit.name}: {form.reason}")
            else:
                rollout.resume(visit.desk.store, name)
        except ConfigError as wrong:
            raise visit.no(HTTPStatus.CONFLICT, "The hub refuses it:", str(wrong)) from wrong
    return visit.to("/rollouts")


def _groups(one: Rollout) -> list[Group]:
    found = []
    for at, name in enumerate(one.groups):
        mine = [box for box in one.boxes if box.group == name]
        states = Counter(box.state for box in mine)
        bad = [box for box in mine if Box(at, box.state, box.why).is_bad]
        found.append(
            Group(name, at < one.open, len(mine), states["confirmed"], states.most_common(),
                  bad[:MOST_BAD])
        )  # fmt: skip
    return found
