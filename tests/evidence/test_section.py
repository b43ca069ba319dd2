# SPDX-License-Identifier: Apache-2.0
"""A section is a capture by itself, and can be followed block by block."""

from hypothesis import given, strategies as st

from edge.decode.pcapfile import CaptureReader
from edge.evidence.section import frames_in, is_whole, section_of
from edge.model.unit import LinkType, Unit

UNITS = (
    Unit("mirror", LinkType.ETHERNET, 10**18, b"first", 1),
    Unit("mirror", LinkType.ETHERNET, 10**18 + 5, b"second frame", 2),
    Unit("e1", LinkType.E1_HDLC, 10**18 + 9, b"", 1, channel="1:16"),
)


def test_a_section_is_a_capture() -> None:
    section = section_of(UNITS, "a comment")
    reader = CaptureReader("evidence")
    heard = [*reader.feed(section), *reader.end()]
    assert [(unit.at, unit.data) for unit in heard] == [(unit.at, unit.data) for unit in UNITS]
    assert section.count(b"a comment") == 3


def test_frames_are_parts_of_it() -> None:
    section = section_of(UNITS, "a comment")
    frames = list(frames_in(section))
    assert len(frames) == 3
    assert all(frame in section and b"a comment" in frame for frame in frames)
    assert is_whole(section)
    assert is_whole(b"")
    assert is_whole(section * 3)


@given(st.integers(1, len(section_of(UNITS, "")) - 1), st.binary(max_size=64))
def test_whatever_stands_there_is_followed_to_an_end(at: int, octets: bytes) -> None:
    section = section_of(UNITS, "")
    is_whole(octets)
    assert len(list(frames_in(section[:at]))) < 3
    assert len(list(frames_in(section[:at] + octets))) < 10
