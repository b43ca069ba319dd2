# SPDX-License-Identifier: Apache-2.0
"""The house of the whole country: what all pages of the hub's desk share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

import structlog
from securesystemslib.signer import Signer
from typing_extensions import override

from edge.console import house
from edge.console.house import Door, House, Look, Refused
from edge.console.people import Role
from edge.console.speech import Speech
from edge.errors import InputError, QalqanError
from hil.hub.campaigns import Group, groups
from hil.hub.desk.acts import Act, Acts
from hil.hub.desk.fresh import Fresh
from hil.hub.desk.health import Health, health_of
from hil.hub.desk.lists import Lists
from hil.hub.desk.regions import Regions
from hil.hub.desk.stops import Stops
from hil.hub.desk.urgent import Urgent
from hil.hub.desk.wording import speeches
from hil.hub.fleet import members
from hil.hub.library import REPOSITORY
from hil.hub.store import Store

FOLDER = "desk"
"Of people and the code of the first engineer, in the hub's folder."
FRESH_S = 2.0
"What was seen of the fleet and of campaigns is shown for so long, whoever asks."
TEMPLATES = Path(__file__).with_name("templates")


def _(text: str) -> str:
    return text


CALLS = frozenset(Role) - {Role.VIEWER}
CHECKING = frozenset({Role.ENGINEER, Role.PROSECUTOR})
DOORS = (
    Door("/", _("Country")),
    Door("/fleet", _("Boxes")),
    Door("/campaigns", _("Campaigns")),
    Door("/lists", _("Lists"), CALLS),
    Door("/rollouts", _("Rollouts")),
    Door("/acts", _("Log of acts"), CHECKING),
    Door("/people", _("People")),
)
CODE = _("At the hub, make a code; it is good once, for an hour:"), "python -m hil.hub desk-code"


class Means(NamedTuple):
    """With what the desk works."""

    store: Store
    folder: Path
    "Of the hub."
    online: Signer | None = None
    "The key that puts in force what both sides have signed, if it lies here."


class Office(House):
    """What all pages of the hub's desk share."""

    def __init__(self, means: Means, *, tls: bool) -> None:
        """Show the country of a hub's database. Raises `InputError`."""
        look = Look(_("Kazakhstan"), DOORS, CODE, speeches(), (TEMPLATES,), ("desk.css",))
        super().__init__(means.folder / FOLDER, look, tls=tls)
        means.store.make()
        self.store = means.store
        self.acts = Acts(means.store)
        self.regions = Regions(means.folder)
        self.stops = Stops(means.store)
        self.lists = Lists(means.folder / REPOSITORY, means.online)
        self.urgent = Urgent(self.lists)
        self._fleet = Fresh(self._look, FRESH_S)
        self._groups = Fresh(lambda: groups(means.store), FRESH_S)

    @override
    def note(self, person: str, text: str, address: str) -> None:
        self.acts.put(Act(self.wall_s(), person, text, "", address))

    @override
    def later(self, person: str, text: str, address: str) -> None:
        try:
            self.note(person, text, address)
        except InputError as lack:
            log = structlog.get_logger("desk")
            log.warning("not recorded", by=person, text=text, why=str(lack))

    @override
    def title(self, speech: Speech) -> str:
        return speech.say(self.look.name)

    def fleet(self) -> list[Health]:
        """Return how all appliances stood a moment ago."""
        return self._fleet.get(self.now_s())

    def groups(self) -> list[Group]:
        """Return the campaigns of all regions, as they stood a moment ago."""
        return self._groups.get(self.now_s())

    def _look(self) -> list[Health]:
        wall_s = self.wall_s()
        return [health_of(one, wall_s) for one in members(self.store)]

    def forget(self) -> None:
        """Have all of it found anew when somebody asks."""
        self._fleet.forget()
        self._groups.forget()


Visit: TypeAlias = house.Visit[Office]


@contextmanager
def recorded(visit: Visit, text: str, reason: str = "") -> Iterator[None]:
    """Record what is done within the block before it is done, and that it was not if it was not."""
    acts = visit.desk.acts
    acts.put(Act(visit.desk.wall_s(), visit.name, text, reason, visit.address))
    try:
        yield
    except (QalqanError, Refused) as refusal:
        why = str(refusal.__cause__ or refusal)
        acts.put(Act(visit.desk.wall_s(), visit.name, f"not done: {text}", why, visit.address))
        raise
