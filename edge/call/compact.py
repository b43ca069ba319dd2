# SPDX-License-Identifier: Apache-2.0
"""Tables of the calls that are up, no larger than they need be while calls come and go.

A dict of CPython also fills up with what was deleted. It is made anew then, with three times the
room of what is left, and at the next power of two: of ninety thousand calls a table takes 10.5 MB,
of which a copy needs 5.2. So whoever has such a table copies it now and then, before it is full.
"""

import sys
from typing import TypeVar

SMALL = (1 << 60) - 1
"Of a hash that a call is known by: an `int` of 64 bits takes 48 octets, one of 60 takes 32."

LEAST = 256 << 10
"Octets of a table that is worth a copy, which takes some milliseconds at a hundred thousand calls."

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


def compacted(table: dict[KeyT, ValueT]) -> dict[KeyT, ValueT]:
    """Return a copy of a large table, with little room beside; a small one as it is."""
    return dict(table) if sys.getsizeof(table) >= LEAST else table
