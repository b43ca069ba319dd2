# SPDX-License-Identifier: Apache-2.0
"""A list as columns: the form in which it is sorted, sent, merged and hashed, block by block.

Numbers are keys in ascending order beside the index of their group; a group is all that the list
says of a number, in a dictionary that holds each group once. So ten million numbers stream through
in blocks of 65,536 and the same entries give the same octets, and the same hash, everywhere.
"""

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Annotated, NamedTuple

import msgspec

from edge.blocklist.entry import Entry, Listed, Shape
from edge.blocklist.layout import BLOCK, digits_of, key_of
from edge.blocklist.simple import rank
from edge.errors import ListError
from edge.model.verdict import Action

SHAPES = (Shape.EXACT, Shape.PREFIX, Shape.RANGE)
MOST_GROUP_OCTETS = 1 << 16

_Word = Annotated[str, msgspec.Meta(max_length=256)]
_Scope = Annotated[str, msgspec.Meta(max_length=256, pattern=r"^(all$|class:.|trunk:.)")]
_Second = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800)]  # year 10000


class Terms(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """What an entry says beside its numbers; fields as of `Entry`, their order is the format's."""

    party: Listed
    action: Action
    category: _Word
    basis: _Word
    valid_from: _Second
    valid_until: _Second
    scope: _Scope
    source: _Word

    def entry(self, shape: Shape, low: int, high: int) -> Entry:
        """Return the entry that says this of these keys."""
        return Entry(
            shape, digits_of(low), digits_of(high), self.party, self.action, self.category,
            self.basis, self.valid_from, self.valid_until, self.scope, self.source,
        )  # fmt: skip


_encode: Callable[[object], bytes] = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(tuple[Terms, ...])


class Block(NamedTuple):
    """Up to 65,536 records of one shape, ascending."""

    shape: Shape
    keys: "array[int]"
    highs: "array[int]"
    "Highest keys, of ranges only; else empty."
    groups: "array[int]"


class Sheet(NamedTuple):
    """A whole list in columns. `blocks` may be a stream that can be read once."""

    name: str
    version: int
    dictionary: Sequence[bytes]
    "Encoded groups, ascending, each used."
    blocks: Iterable[Block]
    "Exact numbers, prefixes, ranges, in this order."


class Counts(NamedTuple):
    """How many records of each shape."""

    numbers: int = 0
    prefixes: int = 0
    ranges: int = 0


def terms_of(entry: Entry) -> Terms:
    """Return what an entry says beside its numbers."""
    return Terms(
        entry.party, entry.action, entry.category, entry.basis,
        entry.valid_from, entry.valid_until, entry.scope, entry.source,
    )  # fmt: skip


def encode_group(entries: Iterable[Entry]) -> bytes:
    """Return the group of entries for the same numbers, whatever their order and repetitions."""
    return _encode([terms_of(entry) for entry in sorted(set(entries), key=rank)])


def decode_group(octets: bytes) -> tuple[Terms, ...]:
    """Return what a group says. Raises `ListError`."""
    try:
        return _decoder.decode(octets)
    except msgspec.MsgspecError as error:
        raise ListError(f"has a group that cannot be read: {error}") from error


def from_entries(name: str, version: int, entries: Iterable[Entry]) -> Sheet:
    """Return entries in columns."""
    together: dict[tuple[Shape, int, int], list[Entry]] = defaultdict(list)
    for entry in entries:
        together[entry.shape, key_of(entry.low), key_of(entry.high)].append(entry)
    said = {place: encode_group(group) for place, group in together.items()}
    dictionary = sorted(set(said.values()))
    index = {octets: at for at, octets in enumerate(dictionary)}
    blocks = []
    for shape in SHAPES:
        places = sorted(place for place in said if place[0] is shape)
        highs = [high for *_, high in places] if shape is Shape.RANGE else []
        groups = [index[said[place]] for place in places]
        keys = array("Q", [low for _, low, _ in places])
        blocks.append(Block(shape, keys, array("Q", highs), array("I", groups)))
    return Sheet(name, version, dictionary, blocks)


def to_entries(sheet: Sheet) -> Iterator[Entry]:
    """Yield the entries of a list in its canonical order."""
    known = [decode_group(octets) for octets in sheet.dictionary]
    for shape, keys, highs, groups in sheet.blocks:
        for low, high, group in zip(keys, highs or keys, groups, strict=True):
            for terms in known[group]:
                yield terms.entry(shape, low, high)


def by_shape(blocks: Iterable[Block]) -> Iterator[tuple[Shape, Iterator[Block]]]:
    """Yield each of the three shapes with its blocks, all full but the last."""
    groups = groupby(blocks, key=_shape_of)
    pending = next(groups, None)
    for shape in SHAPES:
        if pending and pending[0] is shape:
            yield shape, _full(shape, pending[1])
            pending = next(groups, None)
        else:
            yield shape, iter(())
    if pending:
        raise ListError("has its shapes out of order")


def _shape_of(block: Block) -> Shape:
    return block.shape


def _full(shape: Shape, blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the same records in blocks of 65,536."""
    held = Block(shape, array("Q"), array("Q"), array("I"))
    for block in blocks:
        for column, more in zip(held[1:], block[1:], strict=True):
            column.extend(more)
        while len(held.keys) >= BLOCK:
            yield Block(shape, *(column[:BLOCK] for column in held[1:]))
            held = Block(shape, *(column[BLOCK:] for column in held[1:]))
    if held.keys:
        yield held


class Canon:
    """SHA-256 over a list in its canonical form (FORMAT.md), fed as it streams by."""

    def __init__(self, dictionary: Sequence[bytes]) -> None:
        """Begin with the dictionary."""
        self._hash = hashlib.sha256(len(dictionary).to_bytes(8, "little"))
        for octets in dictionary:
            self._hash.update(len(octets).to_bytes(8, "little") + octets)

    def block(self, block: Block) -> None:
        """Take a full block, or the last of its shape."""
        for column in block[1:]:
            self._hash.update(column)

    def end(self, count: int) -> None:
        """End a shape of so many records."""
        self._hash.update(count.to_bytes(8, "little"))

    def digest(self) -> bytes:
        """Return the hash of all that was taken."""
        return self._hash.digest()


def digest_of(sheet: Sheet) -> bytes:
    """Return the canonical hash of a list."""
    canon = Canon(sheet.dictionary)
    for _, blocks in by_shape(sheet.blocks):
        count = 0
        for block in blocks:
            canon.block(block)
            count += len(block.keys)
        canon.end(count)
    return canon.digest()
