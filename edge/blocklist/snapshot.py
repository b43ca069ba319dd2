# SPDX-License-Identifier: Apache-2.0
"""A list in a look-up file, asked where it lies: a miss, the common case, is one kernel call.

Pure: works on any buffer; `store` maps files. Immutable, so that a swap is one assignment.
"""

import hashlib
from array import array
from collections.abc import Iterator

from edge.blocklist.entry import Entry, Hit, Listed, Shape
from edge.blocklist.kernel import Finder, Kernel, Ranges, Table, touch
from edge.blocklist.layout import (
    BLOCK,
    DIGEST_SIZE,
    GROUP,
    HEAD_SIZE,
    MOST_DIGITS,
    key_of,
    part,
    read_head,
)
from edge.blocklist.sheet import Block, Sheet, Terms, decode_group
from edge.blocklist.simple import is_in_scope, is_valid, rank
from edge.errors import ListError
from edge.model.event import Trunk

_MOST_KNOWN = 4096
_CHUNK = 1 << 20


class Snapshot:
    """A look-up file, open. Implements `edge.blocklist.entry.Blocklist`."""

    def __init__(self, image: memoryview, kernel: type[Finder] = Kernel) -> None:
        """Check the head of the file; its tables are not read. Raises `ListError`."""
        self.layout = layout = read_head(image)
        self.name = layout.name
        self.version = layout.version
        self.image = image
        self._seek = kernel(image, layout).find
        self._exact = Table(image, layout.exact_table, layout.exact_directory, wide=layout.wide)
        self._prefixes = Table(
            image, layout.prefix_table, layout.prefix_directory, wide=layout.wide
        )
        self._ranges = Ranges(image, layout.range_table)
        self._group_table = part(image, layout.group_table)
        self._group_records = part(image, layout.group_records)
        self._known: dict[int, tuple[Terms, ...]] = {}

    def find(self, digits: str, party: Listed, trunk: Trunk, at_s: int) -> Hit | None:
        """Return the most specific entry valid at `at_s`, or None; see `Blocklist.find`."""
        if self._seek(digits) < 0:
            return None
        return next(self.hits(digits, party, trunk, at_s), None)

    def hits(self, digits: str, party: Listed, trunk: Trunk, at_s: int) -> Iterator[Hit]:
        """Yield the entries that are one here and now, the most specific first."""
        for entry in self.covering(digits):
            if entry.party is party and is_valid(entry, at_s) and is_in_scope(entry, trunk):
                yield Hit(entry, self.name, self.version)

    def covering(self, digits: str) -> Iterator[Entry]:
        """Yield every entry whose numbers cover this one, the most specific first."""
        head = digits[:MOST_DIGITS]
        if not (head.isascii() and head.isdigit()):
            return
        key = key_of(head)
        whole = len(digits) <= MOST_DIGITS
        if whole:
            yield from self._at(Shape.EXACT, key, self._exact.get(key))
        for size in range(len(head), 0, -1):
            if self.layout.prefix_lengths >> size & 1:
                prefix = key // 10 ** (len(head) - size)
                yield from self._at(Shape.PREFIX, prefix, self._prefixes.get(prefix))
        if whole:
            yield from self._covering_ranges(key)

    def _covering_ranges(self, key: int) -> Iterator[Entry]:
        """Yield the entries of all ranges that hold a key; narrowest first, then by rank."""
        found = [
            (high - low, rank(entry), entry)
            for low, high, group in self._ranges.covering(key)
            for entry in (terms.entry(Shape.RANGE, low, high) for terms in self.group(group))
        ]
        for _, _, entry in sorted(found, key=lambda item: item[:2]):
            yield entry

    def _at(self, shape: Shape, key: int, group: int) -> Iterator[Entry]:
        """Yield what a group, if any, says of a key."""
        for terms in self.group(group):
            yield terms.entry(shape, key, key)

    def group(self, which: int) -> tuple[Terms, ...]:
        """Return what a group says; nothing for a group that does not exist."""
        if not 0 <= which < self.layout.groups:
            return ()
        terms = self._known.get(which)
        if terms is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            terms = self._known[which] = self._read_group(which)
        return terms

    def _read_group(self, which: int) -> tuple[Terms, ...]:
        """Return what a group says; one that cannot be read is no entry, and the call goes on."""
        try:
            return decode_group(self.group_octets(which))
        except ListError:
            return ()

    def group_octets(self, which: int) -> bytes:
        """Return an encoded group."""
        _, start, size = GROUP.unpack_from(self._group_table, which * GROUP.size)
        return bytes(self._group_records[start : start + size])

    def ranges(self) -> Iterator[tuple[int, int]]:
        """Yield lowest and highest key of every range."""
        for at in range(len(self._ranges)):
            low, high, _, _ = self._ranges[at]
            yield low, high

    def uses(self) -> list[int]:
        """Return how many records name each group."""
        return [uses for uses, *_ in GROUP.iter_unpack(self._group_table)]

    def group_of(self, shape: Shape, low: int, high: int) -> int:
        """Return the group of exactly these keys, or -1."""
        if shape is not Shape.RANGE:
            return (self._exact if shape is Shape.EXACT else self._prefixes).get(low)
        for one, other, group in self._ranges.covering(low):
            if (one, other) == (low, high):
                return group
        return -1

    def sheet(self) -> Sheet:
        """Return the list in columns, its blocks a stream."""
        dictionary = [self.group_octets(which) for which in range(self.layout.groups)]
        return Sheet(self.name, self.version, dictionary, self._blocks())

    def _blocks(self) -> Iterator[Block]:
        for keys, groups in self._exact.blocks():
            yield Block(Shape.EXACT, keys, array("Q"), groups)
        for keys, groups in self._prefixes.blocks():
            yield Block(Shape.PREFIX, keys, array("Q"), groups)
        for start in range(0, len(self._ranges), BLOCK):
            lows, highs, groups = array("Q"), array("Q"), array("I")
            for at in range(start, min(start + BLOCK, len(self._ranges))):
                low, high, _, group = self._ranges[at]
                lows.append(low)
                highs.append(high)
                groups.append(group)
            yield Block(Shape.RANGE, lows, highs, groups)

    def verify(self) -> None:
        """Read the whole file. Raises `ListError` unless every octet is as it was written."""
        found = hashlib.sha256()
        end = len(self.image) - DIGEST_SIZE
        for at in range(HEAD_SIZE, end, _CHUNK):
            found.update(self.image[at : min(at + _CHUNK, end)])
        found.update(self.image[:HEAD_SIZE])
        if found.digest() != self.image[end:]:
            raise ListError("is damaged: it does not match its hash")

    def warm(self) -> None:
        """Bring every page into memory, beside the look-ups of another list."""
        touch(self.image)

    def __len__(self) -> int:
        """Entries held, valid or not."""
        return self.layout.entries
