# SPDX-License-Identifier: Apache-2.0
"""Lists on the wire: a snapshot is a whole list, a delta what changed between two versions.

A stream of frames (FORMAT.md): a head, the dictionary, then blocks of columns, each as differences
of ascending keys, cut into planes of octets, deflated. Read and written block by block. What is
read is hostile until proven otherwise: every size is bounded before anything is inflated.
"""

import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from operator import sub
from typing import Annotated, BinaryIO, NamedTuple, TypeVar

import msgspec

from edge.blocklist.entry import Shape
from edge.blocklist.layout import BLOCK
from edge.blocklist.sheet import SHAPES, Block, Counts, Sheet, by_shape
from edge.errors import ListError

MAGIC = b"QALQWIRE\x01"
FRAME = struct.Struct("<BII")
"Kind, octets stored, octets inflated."
REMOVED = 0
"In the group column of a delta; every other value is one more than an index of its dictionary."

_HEAD, _GROUPS, _END = 1, 2, 3
_KINDS = dict(zip(SHAPES, (16, 17, 18), strict=True))
_SHAPES = {kind: shape for shape, kind in _KINDS.items()}
_MOST_HEAD = 1 << 14
_MOST_GROUPS = 1 << 20
_LEVEL = 9

DecodedT = TypeVar("DecodedT")

_Size = Annotated[int, msgspec.Meta(ge=0, lt=1 << 32)]
_Version = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class Limits(NamedTuple):
    """The largest list that is read."""

    numbers: int = 50_000_000
    prefixes: int = 1_000_000
    ranges: int = 100_000
    groups: int = 1_000_000
    dictionary: int = 64 << 20
    "Octets of all groups together."


class Head(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a stream says of itself; fields in the order of the format."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=63, pattern=r"^[a-z0-9-]+$")]
    base: _Version
    "The version that a delta changes; 0 for a snapshot."
    version: Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
    digest: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    "SHA-256 of the canonical list `version`."
    numbers: _Size
    prefixes: _Size
    ranges: _Size
    groups: _Size

    @property
    def counts(self) -> Counts:
        """Records of each shape that follow."""
        return Counts(self.numbers, self.prefixes, self.ranges)


class Wire(NamedTuple):
    """A stream being read: `blocks` go on reading it."""

    head: Head
    dictionary: Sequence[bytes]
    blocks: Iterator[Block]
    "Group columns as on the wire: of a delta with `REMOVED`."

    def sheet(self) -> Sheet:
        """Return the list that a snapshot is."""
        if self.head.base:
            raise ListError(f"is a delta to version {self.head.version}, not a whole list")
        return Sheet(self.head.name, self.head.version, self.dictionary, self.blocks)


def write_wire(
    out: BinaryIO, head: Head, dictionary: Iterable[bytes], blocks: Iterable[Block]
) -> None:
    """Write a snapshot or a delta."""
    out.write(MAGIC)
    _put(out, _HEAD, msgspec.msgpack.encode(head))
    for batch in _batches(dictionary):
        _put(out, _GROUPS, msgspec.msgpack.encode(batch))
    for shape, full in by_shape(blocks):
        for block in full:
            _put(out, _KINDS[shape], _planes_of(block))
    _put(out, _END, b"")


def read_wire(source: BinaryIO, limits: Limits = Limits()) -> Wire:  # noqa: B008 - immutable
    """Read head and dictionary of a stream; the blocks are read as they are asked for.

    Raises `ListError`, here or between blocks, for all that no writer of ours writes.
    """
    if source.read(len(MAGIC)) != MAGIC:
        raise ListError("is no list of this format")
    kind, octets = _get(source)
    if kind != _HEAD or len(octets) > _MOST_HEAD:
        raise ListError("does not begin with its head")
    head = _decode(octets, Head)
    if any(count > most for count, most in zip(head.counts, limits, strict=False)):
        raise ListError(f"is larger than the {limits.numbers} numbers that are read")
    if head.groups > limits.groups:
        raise ListError(f"has more than {limits.groups} groups")
    dictionary: list[bytes] = []
    size = 0
    while len(dictionary) < head.groups:
        kind, octets = _get(source)
        size += len(octets)
        if kind != _GROUPS or size > limits.dictionary:
            raise ListError("has a dictionary that is too large or cut short")
        dictionary += _decode(octets, list[bytes])
    if len(dictionary) > head.groups:
        raise ListError("has more groups than its head says")
    return Wire(head, dictionary, _blocks(source, head))


def _blocks(source: BinaryIO, head: Head) -> Iterator[Block]:
    """Yield the blocks of a stream, exactly as many records as its head says."""
    left = dict(zip(SHAPES, head.counts, strict=True))
    limit = head.groups + (1 if head.base else 0)
    while True:
        kind, octets = _get(source)
        if kind == _END:
            break
        shape = _SHAPES.get(kind)
        if shape is None:
            raise ListError(f"has a frame of unknown kind {kind}")
        block = _block_of(shape, octets)
        left[shape] -= len(block.keys)
        if left[shape] < 0:
            raise ListError("has more records than its head says")
        if max(block.groups) >= limit:
            raise ListError("names a group that it does not have")
        yield block
    if any(left.values()):
        raise ListError("ends before the records that its head says")
    if source.read(1):
        raise ListError("goes on behind its end")


def _batches(dictionary: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the dictionary in parts that fit into a frame."""
    batch: list[bytes] = []
    size = 0
    for octets in dictionary:
        if size + len(octets) > _MOST_GROUPS // 2:
            yield batch
            batch, size = [], 0
        batch.append(octets)
        size += len(octets) + 5
    if batch:
        yield batch


def _put(out: BinaryIO, kind: int, octets: bytes) -> None:
    stored = zlib.compress(octets, _LEVEL)
    out.write(FRAME.pack(kind, len(stored), len(octets)))
    out.write(stored)


def _get(source: BinaryIO) -> tuple[int, bytes]:
    """Return kind and octets of the next frame; neither is ever larger than a full block."""
    header = source.read(FRAME.size)
    if len(header) < FRAME.size:
        raise ListError("is cut short")
    kind, stored, size = FRAME.unpack(header)
    most = max(BLOCK * 20, _MOST_GROUPS)
    if size > most or stored > most + (most >> 8) + 64:
        raise ListError("has a frame larger than any can be")
    octets = source.read(stored)
    if len(octets) < stored:
        raise ListError("is cut short")
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(octets, size + 1)
    except zlib.error as error:
        raise ListError(f"cannot be inflated: {error}") from error
    if len(found) != size or not inflater.eof or inflater.unused_data:
        raise ListError("has a frame that is not as large as it says")
    return kind, found


def _decode(octets: bytes, kind: type[DecodedT]) -> DecodedT:
    try:
        return msgspec.msgpack.decode(octets, type=kind)
    except msgspec.MsgspecError as error:
        raise ListError(f"cannot be read: {error}") from error


def _planes_of(block: Block) -> bytes:
    """Return the columns of a block as planes of octets."""
    keys = array("Q", block.keys[:1])
    keys.extend(map(sub, block.keys[1:], block.keys))
    widths = array("Q", map(sub, block.highs, block.keys))
    return b"".join(
        octets[plane::size]
        for octets, size in (
            (keys.tobytes(), 8),
            (widths.tobytes(), 8),
            (block.groups.tobytes(), 4),
        )
        for plane in range(size)
    )


def _block_of(shape: Shape, planes: bytes) -> Block:
    """Return the block whose planes these are."""
    record = 20 if shape is Shape.RANGE else 12
    count, rest = divmod(len(planes), record)
    if rest or not 0 < count <= BLOCK:
        raise ListError("has a block of the wrong size")
    keys = array("Q", _join(planes[: 8 * count], 8))
    widths = array("Q", _join(planes[8 * count : -4 * count], 8))
    groups = array("I", _join(planes[-4 * count :], 4))
    try:
        lows = array("Q", accumulate(keys))
        highs = array("Q", map(int.__add__, widths, lows))
    except OverflowError:
        raise ListError("has keys beyond 64 bits") from None
    return Block(shape, lows, highs, groups)


def _join(planes: bytes, size: int) -> bytes:
    """Return the octets of a column from its planes."""
    count = len(planes) // size
    octets = bytearray(len(planes))
    for plane in range(size):
        octets[plane::size] = planes[plane * count : (plane + 1) * count]
    return bytes(octets)
