# SPDX-License-Identifier: Apache-2.0
"""*Country*: the 20 regions as tiles, how their boxes stand, and stops as they come."""

from collections import Counter

import msgspec
from starlette.responses import Response

from edge.seen.glance import mark_of
from hil.hub.desk.health import FAIL, OK, WARN, Health, worst
from hil.hub.desk.office import Visit
from hil.hub.desk.regions import NOWHERE, REGIONS, Region
from hil.hub.desk.stops import Stop


class Tile(msgspec.Struct, frozen=True):
    """A region, ready to be shown."""

    region: Region
    boxes: int
    stops: int
    level: str


class Row(msgspec.Struct, frozen=True):
    """A stop, ready to be shown: by the server in a table, by the script likewise."""

    key: str
    time: str
    region: str
    node: str
    calling: str
    called: str
    verdict: str
    fate: str
    mark: str
    "`stopped`, `would` or `failed`: how it is set off."
    record: str


def show(visit: Visit) -> Response:
    """Show the page."""
    return visit.page("country.html", {**_live(visit), "rows": rows_of(visit)})


def live(visit: Visit) -> Response:
    """Show what changes, for the page that is open already."""
    return visit.page("country_live.html", _live(visit))


def _live(visit: Visit) -> dict[str, object]:
    desk = visit.desk
    fleet = desk.fleet()
    desk.stops.look(desk.now_s(), desk.wall_s())
    today = desk.stops.today()
    regions = desk.regions.of({*(one.member.node for one in fleet), *today})
    tiles = [_tile(region, fleet, regions, today) for region in REGIONS]
    levels = Counter(one.level for one in fleet)
    return {
        "tiles": tiles,
        "unplaced": sorted(node for node, region in regions.items() if region == NOWHERE),
        "boxes": len(fleet),
        "well": levels[OK],
        "needing": levels[WARN],
        "away": levels[FAIL],
        "stops": sum(today.values()),
        "is_behind": desk.stops.is_behind,
    }


def _tile(
    region: Region, fleet: list[Health], regions: dict[str, str], today: dict[str, int]
) -> Tile:
    mine = [one for one in fleet if regions[one.member.node] == region.id]
    stops = sum(count for node, count in today.items() if regions[node] == region.id)
    return Tile(region, len(mine), stops, worst([one.level for one in mine]))


# Stops as they come -----------------------------------------------------------


def rows_of(visit: Visit) -> list[Row]:
    """Return the latest stops, the latest first."""
    desk = visit.desk
    desk.stops.look(desk.now_s(), desk.wall_s())
    latest = desk.stops.latest()
    regions = desk.regions.of(stop.node for stop in latest)
    return [_row(visit, stop, regions[stop.node]) for stop in latest]


def _row(visit: Visit, stop: Stop, region: str) -> Row:
    speech = visit.speech
    fate = speech.word("fate", stop.fate) if stop.fate else ""
    return Row(
        f"{stop.node} {stop.record}", speech.time(stop.at / 1e9), speech.word("region", region),
        stop.node, visit.shown(stop.calling), visit.shown(stop.called),
        speech.verdict(stop.action, stop.wanted), fate, mark_of(stop), stop.record,
    )  # fmt: skip
