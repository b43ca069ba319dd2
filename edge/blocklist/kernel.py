# SPDX-License-Identifier: Apache-2.0
"""The look-up itself, twice with one interface: compiled where it was built, else in Python.

`Kernel`, `pack`, `unpack` and `touch` are the compiled ones if there are any; `which()` says it.
Both read the same files, give the same answers and stand under the same tests.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from types import ModuleType
from typing import Protocol

from edge.blocklist.layout import (
    GROUP_BITS,
    LOW_GROUP,
    MOST_DIGITS,
    RANGE,
    SEGMENT,
    Layout,
    Section,
    home,
    key_of,
    mix,
    part,
    unmix,
)
from edge.errors import ListError

_PAGE = 4096


class Finder(Protocol):
    """What both kernels are."""

    def __init__(self, image: memoryview, layout: Layout) -> None:
        """Read the directories of a file whose layout was checked."""

    def find(self, digits: str, /) -> int:
        """Return the group of the most specific entry that covers a number, or -1.

        Exact, then longest prefix, then narrowest range (of equal width, the last). Digits after
        the fifteenth are not looked at; what is not digits is covered by nothing.
        """


class Table:
    """Keys and their groups: sorted segments, scattered within, so that a look-up reads one line.

    A segment is its mixed keys in ascending order, each at or after its home slot, every gap
    closed by a copy of the slot after it. So a search goes up from the home slot and ends at the
    first slot that is not below.
    """

    def __init__(
        self, image: memoryview, table: Section, directory: Section, *, wide: bool
    ) -> None:
        """Read the directory; the table stays where it is."""
        self._segments = list(SEGMENT.iter_unpack(part(image, directory)))
        self._firsts = [first for first, *_ in self._segments]
        self._octets = part(image, table)
        self._words = self._octets.cast("Q")
        self._wide = wide

    def get(self, key: int) -> int:
        """Return the group of a key, or -1."""
        which = bisect_right(self._firsts, key) - 1
        if which < 0:
            return -1
        _, start, slots, homes = self._segments[which]
        first = start // 8
        mixed = mix(key)
        at = bisect_left(
            self._words, mixed << GROUP_BITS, first + min(home(mixed, homes), slots), first + slots
        )
        if at == first + slots or self._words[at] >> GROUP_BITS != mixed:
            return -1
        group = self._words[at] & LOW_GROUP
        if self._wide:
            place = start + slots * 8 + (at - first) * 2
            group |= int.from_bytes(self._octets[place : place + 2], "little") << GROUP_BITS
        return group

    def blocks(self) -> Iterator[tuple["array[int]", "array[int]"]]:
        """Yield keys and groups of each segment, ascending."""
        for _, start, slots, _ in self._segments:
            yield unpack(self._octets[start:], slots, wide=self._wide)


class Ranges:
    """Ranges of numbers by their lowest key, with how far up any before reaches."""

    def __init__(self, image: memoryview, section: Section) -> None:
        """Count the ranges; the table stays where it is."""
        self._table = part(image, section)
        self._count = section.size // RANGE.size

    def __getitem__(self, at: int) -> tuple[int, int, int, int]:
        """Return lowest key, highest key, reach and group of a range."""
        low, high, reach, group, _ = RANGE.unpack_from(self._table, at * RANGE.size)
        return low, high, reach, group

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def covering(self, key: int) -> Iterator[tuple[int, int, int]]:
        """Yield lowest key, highest key and group of every range that holds a key, last first."""
        at = bisect_right(self, key, key=_lowest) - 1
        while at >= 0:
            low, high, reach, group = self[at]
            if reach < key:
                return
            if high >= key:
                yield low, high, group
            at -= 1


def _lowest(record: tuple[int, int, int, int]) -> int:
    return record[0]


class PythonKernel:
    """Look-up in an open file, in plain Python."""

    def __init__(self, image: memoryview, layout: Layout) -> None:
        """Read the directories; the tables stay where they are."""
        self._exact = Table(image, layout.exact_table, layout.exact_directory, wide=layout.wide)
        self._prefixes = Table(
            image, layout.prefix_table, layout.prefix_directory, wide=layout.wide
        )
        self._ranges = Ranges(image, layout.range_table)
        self._lengths = [n for n in range(MOST_DIGITS, 0, -1) if layout.prefix_lengths >> n & 1]
        self._groups = layout.groups

    def find(self, digits: str, /) -> int:
        """Return the group of the most specific entry that covers a number, or -1."""
        head = digits[:MOST_DIGITS]
        if not (head.isascii() and head.isdigit()):
            return -1
        group = self._first(head, whole=len(digits) <= MOST_DIGITS)
        return group if group < self._groups else -1

    def _first(self, head: str, *, whole: bool) -> int:
        """Return the group of the first candidate, or -1."""
        key = key_of(head)
        if whole and (group := self._exact.get(key)) >= 0:
            return group
        for size in self._lengths:
            if size <= len(head):
                group = self._prefixes.get(key // 10 ** (len(head) - size))
                if group >= 0:
                    return group
        if not whole:
            return -1
        covering = ((high - low, group) for low, high, group in self._ranges.covering(key))
        return min(covering, key=_width, default=(0, -1))[1]


def _width(found: tuple[int, int]) -> int:
    return found[0]


def python_pack(
    keys: "array[int]", groups: "array[int]", uses: "array[int]", *, wide: bool, homes: int
) -> tuple[bytes, int]:
    """Return the octets of a segment and its slots; count in `uses` how often each group occurs.

    Raises `ListError` unless the keys ascend, are numbers, and name groups that exist.
    """
    if len(groups) != len(keys):
        raise ListError("has keys without groups")
    _check(keys, groups, len(uses) if wide else min(len(uses), LOW_GROUP + 1))
    for group in groups:
        uses[group] += 1
    words, highs = array("Q"), array("H")
    for mixed, group in sorted(zip(map(mix, keys), groups, strict=True)):
        repeats = max(home(mixed, homes) - len(words), 0) + 1
        words.extend([mixed << GROUP_BITS | group & LOW_GROUP] * repeats)
        highs.extend([group >> GROUP_BITS] * repeats)
    octets = words.tobytes()
    if wide:
        octets += highs.tobytes()
        octets += bytes(-len(octets) & 7)
    return octets, len(words)


def _check(keys: "array[int]", groups: "array[int]", limit: int) -> None:
    before = 0
    for key in keys:
        text = str(key)
        if key <= before or text[0] != "1" or not 1 < len(text) <= MOST_DIGITS + 1:
            raise ListError("has keys that do not ascend or are no numbers")
        before = key
    if groups and max(groups) >= limit:
        raise ListError("names a group that it does not have")


def python_unpack(
    octets: memoryview, slots: int, *, wide: bool
) -> tuple["array[int]", "array[int]"]:
    """Return keys and groups of a segment, ascending."""
    if not slots or len(octets) < slots * (10 if wide else 8):
        raise ListError("has a segment outside of its table")
    words = octets[: slots * 8].cast("Q")
    highs = octets[slots * 8 : slots * 10].cast("H") if wide else bytes(slots)
    pairs = sorted(
        (unmix(word >> GROUP_BITS), word & LOW_GROUP | high << GROUP_BITS)
        for word, high in dict(zip(words, highs, strict=True)).items()
    )
    return array("Q", [key for key, _ in pairs]), array("I", [group for _, group in pairs])


def python_touch(image: memoryview) -> int:
    """Read an octet of every page, so that no look-up has to wait for one."""
    return sum(image[::_PAGE]) & 0xFF


try:
    from edge.blocklist import _kernel as _compiled
except ImportError:
    COMPILED: ModuleType | None = None
    Kernel: type[Finder] = PythonKernel
    pack, unpack, touch = python_pack, python_unpack, python_touch
else:
    COMPILED = _compiled
    Kernel = _compiled.Kernel
    pack, unpack, touch = _compiled.pack, _compiled.unpack, _compiled.touch


def which() -> str:
    """Return `compiled` or `python`: what look-ups run on here."""
    return "compiled" if COMPILED else "python"
