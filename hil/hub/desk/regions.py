# SPDX-License-Identifier: Apache-2.0
"""The 20 regions of Kazakhstan as tiles of a map, and of which of them an appliance is.

`regions.csv` in the hub's folder says it, a line `node,region` each, read anew when it changes;
where it says nothing, the beginning of the name does: `aktau-1` is of Mangystau. An appliance of no
region is shown as such, and never left out.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from edge.errors import ConfigError

FILE = "regions.csv"
MOST_OCTETS = 1 << 20
NOWHERE = ""
"The region of who is placed nowhere."


def _(text: str) -> str:
    return text


class Region(NamedTuple):
    """A region, and where its tile stands: columns from the west, rows from the north, from 1."""

    id: str
    code: str
    "Of its number plates: everybody knows it, and it fits into the tile on a telephone."
    name: str
    column: int
    row: int
    beginnings: tuple[str, ...] = ()
    "Of names of appliances, besides its own: towns, other spellings."


REGIONS = (
    Region("abai", "18", _("Abai"), 6, 3, ("semey", "abay")),
    Region("akmola", "03", _("Akmola"), 4, 2, ("kokshetau", "aqmola")),
    Region("aktobe", "04", _("Aktobe"), 2, 2, ("aqtobe",)),
    Region("almaty-city", "02", _("Almaty city"), 6, 5, ("almaty",)),
    Region("almaty-oblast", "05", _("Almaty region"), 6, 4, ("qonaev", "konaev", "kapshagay")),
    Region("astana", "01", _("Astana city"), 4, 3),
    Region("atyrau", "06", _("Atyrau"), 1, 3),
    Region("east", "16", _("East Kazakhstan"), 7, 3, ("oskemen", "ust-kamenogorsk", "shyghys")),
    Region("jambyl", "08", _("Jambyl"), 5, 4, ("taraz", "zhambyl")),
    Region("jetisu", "19", _("Jetisu"), 7, 4, ("taldykorgan", "zhetisu", "zhetysu")),
    Region("karaganda", "09", _("Karaganda"), 5, 3, ("qaraghandy", "qaragandy", "temirtau")),
    Region("kostanay", "10", _("Kostanay"), 3, 2, ("qostanay", "kostanai", "rudny")),
    Region("kyzylorda", "11", _("Kyzylorda"), 3, 4, ("qyzylorda", "baikonur", "baiqonyr")),
    Region("mangystau", "12", _("Mangystau"), 1, 4, ("aktau", "aqtau", "manghystau", "zhanaozen")),
    Region("north", "15", _("North Kazakhstan"), 4, 1, ("petropavl", "petropavlovsk")),
    Region("pavlodar", "14", _("Pavlodar"), 5, 2, ("ekibastuz",)),
    Region("shymkent", "17", _("Shymkent city"), 4, 5),
    Region("turkistan", "13", _("Turkistan"), 4, 4, ("turkestan", "kentau")),
    Region("ulytau", "20", _("Ulytau"), 3, 3, ("jezkazgan", "zhezkazgan", "satpaev")),
    Region("west", "07", _("West Kazakhstan"), 1, 2, ("oral", "uralsk", "batys")),
)
"In the order of their names."
BY_ID = {region.id: region for region in REGIONS}
_BEGINNINGS = sorted(
    ((word, region.id) for region in REGIONS for word in (region.id, *region.beginnings)),
    key=lambda pair: -len(pair[0]),
)
_BEHIND = re.compile(r"[-_0-9]|\Z")
"What ends the beginning of a name: `oralman` is not of Oral."


class Regions:
    """Who is of which region."""

    def __init__(self, folder: Path) -> None:
        """Look into the hub's folder."""
        self._path = folder / FILE
        self._stamp: tuple[int, int] | None = None
        self._said: dict[str, str] = {}

    def of(self, nodes: Iterable[str]) -> dict[str, str]:
        """Return the region of each appliance, or `NOWHERE`. Raises `ConfigError`."""
        said = self._read()
        return {node: said.get(node, by_name(node)) for node in nodes}

    def _read(self) -> dict[str, str]:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return {}
        stamp = stat.st_mtime_ns, stat.st_size
        if stamp != self._stamp:
            self._said, self._stamp = _lines(self._path), stamp
        return self._said


def by_name(node: str) -> str:
    """Return the region that the beginning of a name stands for."""
    for word, region in _BEGINNINGS:
        if node.startswith(word) and _BEHIND.match(node, len(word)):
            return region
    return NOWHERE


def _lines(path: Path) -> dict[str, str]:
    """Read the file: empty lines and those that begin with `#` say nothing."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST_OCTETS).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError(f"{path}: {wrong}") from wrong
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        node, _comma, region = (part.strip() for part in line.partition(","))
        if not node or (region and region not in BY_ID):
            known = ", ".join(BY_ID)
            raise ConfigError(f"{path}:{number}: a line is node,region; regions are {known}")
        found[node] = region
    return found
