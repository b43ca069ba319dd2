# SPDX-License-Identifier: Apache-2.0
"""Writes a look-up file from a list that streams by, within the memory of a few blocks.

Pure: writes to whatever can be written to and sought in. Folders, names and fsync are `store`'s.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import mul
from typing import BinaryIO

from edge.blocklist.entry import Shape
from edge.blocklist.kernel import pack
from edge.blocklist.layout import (
    GROUP,
    HEAD_SIZE,
    LOW_GROUP,
    MOST_DIGITS,
    RANGE,
    SEGMENT,
    Layout,
    Section,
    digits_of,
    homes_for,
    write_head,
)
from edge.blocklist.sheet import (
    MOST_GROUP_OCTETS,
    Block,
    Canon,
    Sheet,
    by_shape,
    decode_group,
)
from edge.errors import ListError

_ALIGN = 64  # a cache line


def write_image(sheet: Sheet, out: BinaryIO) -> Layout:
    """Write the look-up file of a list; return its layout, the canonical hash among it.

    Raises `ListError` if the list is not canonical: what is wrong is never written as right.
    """
    return _Writer(sheet, out).write()


class _Writer:
    """One file on its way out."""

    def __init__(self, sheet: Sheet, out: BinaryIO) -> None:
        self._sheet = sheet
        self._out = out
        self._hash = hashlib.sha256()
        self._at = HEAD_SIZE
        self._canon = Canon(sheet.dictionary)
        self._uses = array("Q", bytes(8 * len(sheet.dictionary)))
        self._wide = len(sheet.dictionary) > LOW_GROUP + 1
        self._lengths = 0

    def write(self) -> Layout:
        entries_of = _check_dictionary(self._sheet.dictionary)
        self._out.seek(HEAD_SIZE)
        tables: list[Section] = []
        counts: list[int] = []
        checked: list[bytes] = []
        for shape, blocks in by_shape(self._sheet.blocks):
            if shape is Shape.RANGE:
                count, table = self._ranges(blocks)
                tables.append(table)
            else:
                count, table, directory = self._table(shape, blocks)
                tables += [table, self._section([directory])]
                checked.append(directory)
            self._canon.end(count)
            counts.append(count)
        if not all(self._uses):
            raise ListError("has a group that nothing uses")
        groups = _group_table(self._uses, self._sheet.dictionary)
        records = b"".join(self._sheet.dictionary)
        tables += [self._section([groups]), self._section([records])]
        numbers, prefixes, ranges = counts
        layout = Layout(
            self._sheet.name, self._sheet.version, self._canon.digest(),
            sum(map(mul, self._uses, entries_of)), numbers, prefixes, ranges,
            len(self._uses), self._lengths, self._wide, *tables,
        )  # fmt: skip
        self._finish(write_head(layout, b"".join([*checked, groups, records])))
        return layout

    def _section(self, parts: Iterable[bytes]) -> Section:
        """Write the parts one behind the other, from the next cache line on."""
        self._put(bytes(-self._at % _ALIGN))
        start = self._at
        for octets in parts:
            self._put(octets)
        return Section(start, self._at - start)

    def _put(self, octets: bytes) -> None:
        self._out.write(octets)
        self._hash.update(octets)
        self._at += len(octets)

    def _finish(self, head: bytes) -> None:
        """Write the hash over all behind the head and then the head, and the head itself."""
        self._hash.update(head)
        self._out.write(self._hash.digest())
        self._out.seek(0)
        self._out.write(head)

    def _table(self, shape: Shape, blocks: Iterable[Block]) -> tuple[int, Section, bytes]:
        """Write the segments of a shape; return their records, place and directory."""
        directory = bytearray()
        count = before = start = 0

        def segments() -> Iterator[bytes]:
            nonlocal count, before, start
            for block in blocks:
                if block.keys[0] <= before:
                    raise ListError("has keys that do not ascend or are no numbers")
                homes = homes_for(len(block.keys))
                octets, slots = pack(
                    block.keys, block.groups, self._uses, wide=self._wide, homes=homes
                )
                directory.extend(SEGMENT.pack(block.keys[0], start, slots, homes))
                self._canon.block(block)
                if shape is Shape.PREFIX:
                    self._note_lengths(block)
                count += len(block.keys)
                start += len(octets)
                before = block.keys[-1]
                yield octets

        section = self._section(segments())
        return count, section, bytes(directory)

    def _note_lengths(self, block: Block) -> None:
        for key in block.keys:
            self._lengths |= 1 << len(digits_of(key))

    def _ranges(self, blocks: Iterable[Block]) -> tuple[int, Section]:
        """Write the ranges; return how many and where."""
        count = reach = 0
        before = (0, 0)

        def records() -> Iterator[bytes]:
            nonlocal count, reach, before
            for block in blocks:
                self._canon.block(block)
                for low, high, group in zip(*block[1:], strict=True):
                    _check_range(before, low, high)
                    if group >= len(self._uses):
                        raise ListError("names a group that it does not have")
                    self._uses[group] += 1
                    before, reach, count = (low, high), max(reach, high), count + 1
                    yield RANGE.pack(low, high, reach, group, 0)

        section = self._section(records())
        return count, section


def _check_range(before: tuple[int, int], low: int, high: int) -> None:
    texts = str(low), str(high)
    sizes = {len(text) for text in texts}
    if (low, high) <= before or low > high:
        raise ListError("has ranges that do not ascend")
    if len(sizes) > 1 or not 1 < sizes.pop() <= MOST_DIGITS + 1 or {t[0] for t in texts} != {"1"}:
        raise ListError("has a range that is none of numbers")


def _check_dictionary(dictionary: Sequence[bytes]) -> list[int]:
    """Return how many entries each group is. Raises `ListError`."""
    if any(len(octets) > MOST_GROUP_OCTETS for octets in dictionary):
        raise ListError("has a group larger than 64 KiB")
    if any(one >= other for one, other in pairwise(dictionary)):
        raise ListError("has a dictionary that does not ascend")
    sizes = [len(decode_group(octets)) for octets in dictionary]
    if not all(sizes):
        raise ListError("has an empty group")
    return sizes


def _group_table(uses: Iterable[int], dictionary: Iterable[bytes]) -> bytes:
    table = bytearray()
    start = 0
    for count, octets in zip(uses, dictionary, strict=True):
        table += GROUP.pack(count, start, len(octets))
        start += len(octets)
    return bytes(table)
