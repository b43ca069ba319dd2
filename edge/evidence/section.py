# SPDX-License-Identifier: Apache-2.0
"""The frames of a record as a pcapng section of their own, that can be cut out of its file.

What is hashed is what is stored: the section as a whole, and the block of each frame in it.
"""

from collections.abc import Iterator, Sequence
from struct import Struct

from edge.decode.pcapng import PcapngWriter
from edge.model.unit import Unit

_HEADER = PcapngWriter().header()

_HEAD = Struct("<II")
"Type and length of a block, in the octet order that `PcapngWriter` writes."
_PACKET = 6
_LEAST = 12
"Octets of a block without a body."


def section_of(units: Sequence[Unit], comment: str) -> bytes:
    """Return frames as a section, each with a comment."""
    writer = PcapngWriter()
    return _HEADER + b"".join(writer.write(unit, comment) for unit in units)


def frames_in(section: bytes) -> Iterator[bytes]:
    """Yield the block of every frame, as far as the blocks can be followed."""
    return (block for block in _blocks(section) if _HEAD.unpack_from(block)[0] == _PACKET)


def is_whole(capture: bytes) -> bool:
    """Whether a capture of ours ends with a block, not within one."""
    return sum(map(len, _blocks(capture))) == len(capture)


def _blocks(octets: bytes) -> Iterator[bytes]:
    at = 0
    while at + _LEAST <= len(octets):
        _, length = _HEAD.unpack_from(octets, at)
        if length < _LEAST or at + length > len(octets):
            return
        yield octets[at : at + length]
        at += length
