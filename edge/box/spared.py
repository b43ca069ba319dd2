# SPDX-License-Identifier: Apache-2.0
"""Numbers that are spared at this box: listed perhaps, and let through all the same, for a while.

Somebody who is stopped by mistake is helped at once, by one person; the centre lifts the block
everywhere and for good, by two. `uplink` writes the file, or who stands before the box; `core`
reads it, as a list of calling numbers whose action is `allow`. Only the number as it is shown is
spared: not a prefix, and no number that stands in some other header of the call.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from edge.blocklist.entry import Entry, Listed, Shape
from edge.blocklist.simple import SimpleBlocklist
from edge.blocklist.store import replace
from edge.errors import ConfigError
from edge.model.verdict import Action

SPARED = "spared.json"
"Its name in `node.state_dir`."
MOST = 1000
"Numbers at once: more is the work of the centre."
MOST_HOURS = 72
HOUR_S = 3600
NAME, CATEGORY = "spared", "spared at this box"


class Spared(msgspec.Struct, frozen=True):
    """Until when a number is spared, and by which act."""

    since_s: int
    "Seconds since the epoch, included."
    until_s: int
    "Excluded."
    act: str
    "Id of the act in the log of acts, which has who asked for it and why."


class _File(msgspec.Struct):
    numbers: dict[str, Spared]
    v: int = 1


def read_spared(path: Path) -> dict[str, Spared]:
    """Return what is spared, by E.164 digits without plus sign, what is over included.

    Raises `ConfigError` for a damaged file.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).numbers
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path}: {error}") from error


def write_spared(path: Path, numbers: Mapping[str, Spared]) -> None:
    """Write all that is spared, on disk before this returns."""
    replace(path, msgspec.json.encode(_File(dict(numbers))))


def list_of(numbers: Mapping[str, Spared]) -> SimpleBlocklist:
    """Return them as the list that is asked."""
    return SimpleBlocklist(NAME, 0, [_entry(digits, one) for digits, one in numbers.items()])


def _entry(digits: str, one: Spared) -> Entry:
    return Entry(
        Shape.EXACT, digits, digits, Listed.CALLING, Action.ALLOW, CATEGORY, one.act,
        one.since_s, one.until_s,
    )  # fmt: skip
