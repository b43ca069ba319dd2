# SPDX-License-Identifier: Apache-2.0
"""The ways to have calls stopped, as `drivers/README.md` sets them up, in a region of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from hil.region.pbx import make_system
from hil.region.sipp import phone
from tests.flows import region as place
from tests.flows.house import Part
from tests.flows.region import Region
from tests.flows.samples import samples
from tests.flows.switches import asterisk, kamailio


class Way(NamedTuple):
    """One way to have calls stopped."""

    title: str
    "Of its configuration in `drivers/README.md`."
    trunk: str
    "What its trunk says."
    switch: Callable[[Region, str], object]
    refusal: int
    "What a stopped caller hears."
    reaches: bool
    "Whether the phone is called before the order comes; it must not ring all the same."
    picture: str = ""
    "Heading of the ladder in README.md."


GATES, ENFORCER = 'gates = ["switch"]', 'enforcer = "switch"'
WAYS = {
    "kamailio-asks": Way(
        "Kamailio asks the gate", GATES, kamailio, 603, reaches=False, picture="Kamailio asks"
    ),
    "kamailio-told": Way("Kamailio is told", ENFORCER, kamailio, 603, reaches=True),
    "asterisk-asks": Way("Asterisk asks the gate", GATES, asterisk, 403, reaches=False),
    "asterisk-told": Way(
        "Asterisk is told", ENFORCER, asterisk, 403, reaches=True, picture="Asterisk is told"
    ),
}


@contextmanager
def switched(way: Way, folder: Path) -> Iterator[tuple[Region, Callable[[], Part]]]:
    """A region whose switch lets the appliance stop calls; yields what starts that, too."""
    sample = samples(way.title)
    tables = sample.pop("toml")
    (rest,) = sample.values()
    if way.switch is asterisk:
        make_system()  # from a mirror, to which no way leads from within the region
    with place.region(folder) as region:
        way.switch(region, rest)
        region.phone(phone(folder, ring_after_ms=700))
        yield region, lambda: region.appliance(way.trunk, tables)
