# SPDX-License-Identifier: Apache-2.0
"""Where everything lies in a look-up file (FORMAT.md draws it), and how a number becomes a key.

Pure: works on any buffer. What is read here is checked here, so that a file cut short, damaged or
forged is a `ListError` at opening and never a read outside of it.
"""

import struct
import sys
import zlib
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from edge.errors import ListError

if sys.byteorder != "little":
    raise ImportError("look-up files are little-endian and mapped as they are")

MAGIC = b"QALQLIST"
FORMAT = 1
BLOCK = 1 << 16
"Records of a full block: what is sorted, packed, sent and hashed at a time."

MOST_DIGITS = 15  # E.164 clause 6
KEY_BITS = 51
GROUP_BITS = 13
LOW_GROUP = (1 << GROUP_BITS) - 1

HEAD = struct.Struct("<8sHHIQQ64s32sQQQQII14Q")
HEAD_SIZE = 512
DIGEST_SIZE = 32
SEGMENT = struct.Struct("<QQII")
"First key, start in octets, slots, homes."
RANGE = struct.Struct("<QQQII")
"Lowest key, highest key, highest key of this and all ranges before it, group, zero."
GROUP = struct.Struct("<QII")
"Uses, start in the records, octets."

_WIDE = 1
_CRC_AT = 12
_MASK = (1 << KEY_BITS) - 1
_HALF = (KEY_BITS + 1) // 2
_ODD = (0x2F0E1EBA9EA35, 0x56A0D05C5C2D3)
_BACK = tuple(pow(odd, -1, 1 << KEY_BITS) for odd in _ODD)


class Section(msgspec.Struct, frozen=True, gc=False):
    """A stretch of the file."""

    start: int
    size: int


class Layout(msgspec.Struct, frozen=True, gc=False):
    """The head of a look-up file, read and checked."""

    name: str
    version: int
    digest: bytes
    "SHA-256 of the canonical list: the same for every file that holds the same entries."
    entries: int
    numbers: int
    prefixes: int
    ranges: int
    groups: int
    prefix_lengths: int
    "Bit n is set where a prefix of n digits exists."
    wide: bool
    "Whether groups do not fit into 13 bits and slots carry 16 more."
    exact_table: Section
    exact_directory: Section
    prefix_table: Section
    prefix_directory: Section
    range_table: Section
    group_table: Section
    group_records: Section


def key_of(digits: str) -> int:
    """Return the key of 1 to 15 digits: a 1 written before them, so that zeros are kept."""
    return int("1" + digits)


def digits_of(key: int) -> str:
    """Return the digits of a key."""
    return str(key)[1:]


def mix(key: int) -> int:
    """Return a key scattered evenly over 51 bits; a bijection, so that nothing is lost."""
    key ^= key >> _HALF
    key = key * _ODD[0] & _MASK
    key ^= key >> _HALF
    key = key * _ODD[1] & _MASK
    return key ^ key >> _HALF


def unmix(mixed: int) -> int:
    """Return the key that `mix` scattered."""
    mixed ^= mixed >> _HALF
    mixed = mixed * _BACK[1] & _MASK
    mixed ^= mixed >> _HALF
    mixed = mixed * _BACK[0] & _MASK
    return mixed ^ mixed >> _HALF


def homes_for(count: int) -> int:
    """Return the home slots of a segment of `count` keys: five keys to six slots."""
    return count + count // 5 + 1


def home(mixed: int, homes: int) -> int:
    """Return the slot at which the search for a mixed key begins."""
    return (mixed >> (KEY_BITS - 32)) * homes >> 32


def write_head(layout: Layout, checked: bytes) -> bytes:
    """Return the head of a file whose directories and dictionary are `checked`, in file order."""
    sections = (
        layout.exact_table, layout.exact_directory, layout.prefix_table, layout.prefix_directory,
        layout.range_table, layout.group_table, layout.group_records,
    )  # fmt: skip
    last = sections[-1]
    head = HEAD.pack(
        MAGIC, FORMAT, _WIDE * layout.wide, 0,
        last.start + last.size + DIGEST_SIZE, layout.version,
        layout.name.encode(), layout.digest,
        layout.entries, layout.numbers, layout.prefixes, layout.ranges,
        layout.groups, layout.prefix_lengths,
        *(number for section in sections for number in (section.start, section.size)),
    ).ljust(HEAD_SIZE, b"\0")  # fmt: skip
    crc = zlib.crc32(checked, zlib.crc32(head))
    return head[:_CRC_AT] + crc.to_bytes(4, "little") + head[_CRC_AT + 4 :]


def read_head(image: memoryview) -> Layout:
    """Return the checked layout of a file, tables not read. Raises `ListError`."""
    if len(image) < HEAD_SIZE + DIGEST_SIZE or image[:8] != MAGIC:
        raise ListError("is no look-up file")
    (_, form, flags, crc, size, version, name, digest, entries, numbers, prefixes, ranges,
     groups, lengths, *bounds) = HEAD.unpack_from(image)  # fmt: skip
    if form != FORMAT:
        raise ListError(f"is a look-up file of format {form}; this version reads {FORMAT}")
    if size != len(image):
        raise ListError(f"has {len(image)} octets where its head says {size}")
    sections = [Section(*bounds[at : at + 2]) for at in range(0, len(bounds), 2)]
    if any(s.start % 8 or s.start + s.size > len(image) - DIGEST_SIZE for s in sections):
        raise ListError("has a section outside of the file")
    layout = Layout(
        name.rstrip(b"\0").decode(errors="replace"), version, digest, entries, numbers, prefixes,
        ranges, groups, lengths, bool(flags & _WIDE), *sections,
    )  # fmt: skip
    _check_sum(image, layout, crc)
    _check_directory(image, layout.exact_directory, layout.exact_table, wide=layout.wide)
    _check_directory(image, layout.prefix_directory, layout.prefix_table, wide=layout.wide)
    if layout.range_table.size != ranges * RANGE.size:
        raise ListError("has a range table of the wrong size")
    if layout.group_table.size != groups * GROUP.size:
        raise ListError("has a group table of the wrong size")
    return layout


def segment_size(slots: int, *, wide: bool) -> int:
    """Return the octets of a segment: its slots, then 16 more bits of group for each if wide."""
    return slots * 8 + (slots * 2 + 7) // 8 * 8 * wide


def part(image: memoryview, section: Section) -> memoryview:
    """Return the octets of a section."""
    return image[section.start : section.start + section.size]


def _check_sum(image: memoryview, layout: Layout, crc: int) -> None:
    """Raise unless head, directories and dictionary are as written; the tables are not read."""
    found = zlib.crc32(image[:_CRC_AT])
    found = zlib.crc32(bytes(4), found)
    found = zlib.crc32(image[_CRC_AT + 4 : HEAD_SIZE], found)
    for section in checked_sections(layout):
        found = zlib.crc32(part(image, section), found)
    if found != crc:
        raise ListError("is damaged: its head does not match its checksum")


def checked_sections(layout: Layout) -> Sequence[Section]:
    """Return what the checksum of the head covers beside the head, in its order."""
    return (
        layout.exact_directory,
        layout.prefix_directory,
        layout.group_table,
        layout.group_records,
    )


def _check_directory(image: memoryview, section: Section, table: Section, *, wide: bool) -> None:
    """Raise unless every segment lies inside its table and the first keys ascend."""
    if section.size % SEGMENT.size:
        raise ListError("has a directory of the wrong size")
    segments = list(SEGMENT.iter_unpack(part(image, section)))
    for _, start, slots, homes in segments:
        outside = start % 8 or start + segment_size(slots, wide=wide) > table.size
        if outside or not slots or not homes:
            raise ListError("has a segment outside of its table")
    if any(one[0] >= other[0] for one, other in pairwise(segments)):
        raise ListError("has segments out of order")
