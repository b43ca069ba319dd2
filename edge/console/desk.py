# SPDX-License-Identifier: Apache-2.0
"""The house of one box: what all pages of a box share."""

from typing import TypeAlias

from typing_extensions import override

from edge.config import Config
from edge.console import house
from edge.console.history import History
from edge.console.house import Door, House, Look
from edge.console.minutes import Minutes
from edge.console.people import Role
from edge.console.speech import LANGUAGES, speech_of
from edge.console.tables import Tables
from edge.moment import Moments
from edge.places import Places, places_of


def _(text: str) -> str:
    return text


CALLS = frozenset(Role) - {Role.VIEWER}
DOORS = (
    Door("/", _("Now")),
    Door("/call", _("A call"), CALLS),
    Door("/list", _("List"), CALLS),
    Door("/trunks", _("Trunks")),
    Door("/campaigns", _("Campaigns")),
    Door("/box", _("Box")),
    Door("/people", _("People")),
)
CODE = _("At the box, make a code; it is good once, for an hour:"), "qalqan page-code"


class Desk(House):
    """What all pages of a box share."""

    def __init__(self, config: Config, history: History, *, tls: bool) -> None:
        """Show the box of a configuration. Raises `InputError`."""
        self.config = config
        self.places: Places = places_of(config)
        speeches = {name: speech_of(name) for name in LANGUAGES}
        super().__init__(self.places.page, Look(config.node.name, DOORS, CODE, speeches), tls=tls)
        self.minutes = Minutes(config)
        self.tables = Tables(config.blocklist.files, config.blocklist.least_prefix_digits)
        self.moments = Moments()
        self.history = history

    @override
    def note(self, person: str, text: str, address: str) -> None:
        self.minutes.note(person, f"{text} from {address}")

    @override
    def later(self, person: str, text: str, address: str) -> None:
        self.minutes.later(person, f"{text} from {address}")


Visit: TypeAlias = house.Visit[Desk]
