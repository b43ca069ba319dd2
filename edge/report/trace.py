# SPDX-License-Identifier: Apache-2.0
"""By what a call is known again at the next operator, though neither says whom it went to.

Each hop that hears a call makes the same labels of it: a keyed hash of the called number and the
minute, on two grids that lie half a minute apart, so that two hops whose clocks and hearing differ
by less than that have one in common. The caller is not in it: who writes a number anew on the way
is found by the hop at which it changes. What is joined is told in `hil/hub/CONTRACT.md`.

Whoever has the key can try all numbers: it is shared by those who trace, and by nobody else.
"""

from collections.abc import Callable

GRID_NS = 60_000_000_000
HALF_NS = GRID_NS // 2

Labels = tuple[str, str]
Hash = Callable[[str, int], str]
"Keyed hash of a text, with the key of a time (nanoseconds since the epoch)."


def labels_of(called: str, at_ns: int, hashed: Hash) -> Labels:
    """Return the labels of a call to a number, `+` and digits, that was offered at a time."""
    first, second = at_ns // GRID_NS, (at_ns + HALF_NS) // GRID_NS
    return hashed(f"hop 0 {first} {called}", at_ns), hashed(f"hop 1 {second} {called}", at_ns)


def labels_near(called: str, at_ns: int, within_ns: int, hashed: Hash) -> list[str]:
    """Return all labels of a call that was offered `within_ns` of a time, either side."""
    times = range(at_ns - within_ns, at_ns + within_ns + HALF_NS, HALF_NS)
    return sorted({label for time in times for label in labels_of(called, time, hashed)})
