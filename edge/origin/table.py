# SPDX-License-Identifier: Apache-2.0
"""Keys of the TOML file on detection: what is looked for, and what is done with what is found."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, IPvAnyAddress

from edge.settings.table import Table

E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
Leading = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{1,14}$")]


class AllowedTable(Table):
    """A caller that the centre knows to be honest: a bank, a clinic, a courier, a school."""

    name: str = Field(min_length=1, max_length=64)
    numbers: tuple[E164, ...] = ()
    "Numbers it shows."
    ranges: tuple[Leading, ...] = ()
    "Leading digits of numbers it shows: `+7717200`."
    media: tuple[IPvAnyAddress, ...] = ()
    "Addresses that its speech comes from. Named, one must fit too: a number alone is shown by all."


class DetectTable(Table):
    """Who is behind calls: campaigns, and where they come from."""

    on: bool = True
    "Whether campaigns are looked for."
    action: Literal["observe", "divert", "block"] = "observe"
    """What is done with a call of a campaign: `observe`, whatever the mode of its trunk, until the
    share of honest calls that are over within ten seconds was measured there."""
    keys: int = Field(default=8_000, ge=100, le=100_000)
    "Devices, addresses, ranges and peers that are remembered, of each kind; 17 kB a piece at most."
    places4: Path | None = None
    """Table of countries and networks of IPv4 addresses, sorted: `first,last,CC`, or as iptoasn.com
    has it; replaced by renaming alone. None: the dossier names addresses without their place."""
    places6: Path | None = None
    "The same of IPv6 addresses."
    allowed: tuple[AllowedTable, ...] = ()
    "Who calls many and is never taken for a campaign."
