# SPDX-License-Identifier: Apache-2.0
"""Repeats and losses among the numbered units of a link (Q.703 section 5, Q.921 section 5.6).

A listener may miss the first copy of a unit and hear its repeat, or miss a hundred units. So a
repeat is the same number with the same octets, never a number that merely looks old.
"""

MEMORY_NS = 5_000_000_000
"A repeat comes within T7 of MTP2 (2 s) or N200 times T200 of LAPD (3 s)."
REPEAT = -1


class Sequence:
    """The units one side of a link sends. Holds one unit for each number."""

    def __init__(self, modulus: int, *, mixed: bool = False) -> None:
        """Count numbers by `modulus`; `mixed`: both sides in one, so losses cannot be told."""
        self._modulus = modulus
        self._mixed = mixed
        self._next = -1
        self._heard: dict[int, tuple[bytes, int]] = {}

    def restart(self, first: int = -1) -> None:
        """Forget all: the link was set up anew. `first` is the number to come, if known."""
        self._next = first
        self._heard.clear()

    def judge(self, number: int, payload: bytes, at: int) -> int:
        """Return `REPEAT`, or how many units were missed before this one heard `at` (ns)."""
        known, when = self._heard.get(number, (b"", -MEMORY_NS))
        self._heard[number] = (payload, at)
        if known == payload and abs(at - when) < MEMORY_NS:
            return REPEAT
        ahead = (number - self._next) % self._modulus if self._next >= 0 else 0
        if self._mixed or ahead >= self._modulus // 2:
            return 0  # the repeat of a unit whose first copy was missed: already counted
        self._next = (number + 1) % self._modulus
        return ahead
