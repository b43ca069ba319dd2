# SPDX-License-Identifier: Apache-2.0
"""pcap files: both orders, both resolutions, any pieces, and files that are none."""

from itertools import pairwise
from struct import pack

import pytest
from hypothesis import given, strategies as st

from edge.decode.pcapfile import CaptureReader
from edge.model.message import Malformed
from edge.model.unit import Unit

FRAMES = (b"first frame", b"", b"\xff" * 1500)
SECONDS = 1_764_000_000


def a_pcap(order: str = "<", magic: int = 0xA1B2C3D4, link: int = 1) -> bytes:
    """Three frames, the first with 9 octets cut off, the others whole."""
    octets = pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, link)
    for index, frame in enumerate(FRAMES):
        cut = 9 if index == 0 else 0
        octets += pack(order + "IIII", SECONDS + index, 123_456, len(frame), len(frame) + cut)
        octets += frame
    return octets


def read(octets: bytes, piece: int = 1 << 20) -> list[Unit | Malformed]:
    reader = CaptureReader("north")
    heard = []
    for at in range(0, len(octets), piece):
        heard += reader.feed(octets[at : at + piece])
    return heard + reader.end()


@pytest.mark.parametrize("piece", [1, 3, 1 << 20])
@pytest.mark.parametrize(
    ("order", "magic", "scale", "digits"),
    [
        pytest.param("<", 0xA1B2C3D4, 1000, 6, id="little-us"),
        pytest.param(">", 0xA1B2C3D4, 1000, 6, id="big-us"),
        pytest.param("<", 0xA1B23C4D, 1, 9, id="little-ns"),
        pytest.param(">", 0xA1B23C4D, 1, 9, id="big-ns"),
    ],
)
def test_orders_and_resolutions(
    order: str, magic: int, scale: int, digits: int, piece: int
) -> None:
    heard = read(a_pcap(order, magic), piece)
    assert [unit.data for unit in heard] == list(FRAMES)
    assert [unit.at for unit in heard] == [
        (SECONDS + index) * 1_000_000_000 + 123_456 * scale for index in range(3)
    ]
    assert [(unit.number, unit.cut) for unit in heard] == [(1, 9), (2, 0), (3, 0)]
    assert {(unit.tap, unit.link, unit.clock.digits) for unit in heard} == {("north", 1, digits)}


def test_the_frame_check_sequence_length_is_not_part_of_the_link_type() -> None:
    assert {unit.link for unit in read(a_pcap(link=0x2400_0071))} == {113}


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF", "starts with ff d8 ff e0", id="jpeg"),
        pytest.param(b"\xa1\xb2", "starts with a1 b2", id="two-octets"),
        pytest.param(
            b"\x1f\x8b\x08\x00", "starts with 1f 8b 08 00 (gzip: unpack it first)", id="gzip"
        ),
    ],
)
@pytest.mark.parametrize("piece", [1, 1 << 20])
def test_what_is_no_capture_is_told_once(octets: bytes, why: str, piece: int) -> None:
    (malformed,) = read(octets, piece)
    assert (malformed.layer, malformed.offset) == ("pcap", 0)
    assert malformed.why == f"not a pcap or pcapng file: {why}"


def test_a_file_without_records_is_a_file() -> None:
    assert read(a_pcap()[:24]) == []


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_a_file_cut_anywhere_gives_its_whole_records_and_says_so(piece: int) -> None:
    octets = a_pcap()
    ends = [24, 24 + 16 + 11, 24 + 16 + 11 + 16, len(octets)]
    for size in (5, 23, 25, 39, 45, 60, 70, len(octets) - 1):
        *units, malformed = read(octets[:size], piece)
        whole = sum(end <= size for end in ends[1:])
        assert [unit.data for unit in units] == list(FRAMES[:whole])
        assert malformed.layer == "pcap"
        assert malformed.offset == max([0, *(end for end in ends if end <= size)])
        assert malformed.why.startswith("file ends early")


@pytest.mark.parametrize("piece", [1, 16, 1 << 20])
def test_a_record_longer_than_any_packet_ends_the_reading(piece: int) -> None:
    lie = pack("<IIII", SECONDS, 0, 262_145, 262_145)
    octets = a_pcap()
    *units, malformed, rest = read(octets + lie + bytes(100), piece)
    assert [unit.data for unit in units] == list(FRAMES)
    assert (malformed.offset, malformed.why) == (
        len(octets),
        "record 4 claims 262145 octets, more than 262144",
    )
    assert rest.why == "the last 116 octets of the file were not read"


def test_the_longest_record_is_read() -> None:
    longest = pack("<IIII", SECONDS, 0, 262_144, 262_144) + bytes(262_144)
    assert len(read(a_pcap() + longest, 4096)[-1].data) == 262_144


@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_octets_are_read_without_an_exception(octets: bytes, piece: int) -> None:
    assert all(isinstance(heard, Unit | Malformed) for heard in read(octets, piece))


@given(st.binary(max_size=200), st.sampled_from([a_pcap()[:24], a_pcap(">")[:24]]))
def test_any_octets_after_a_header_never_make_more_octets(octets: bytes, header: bytes) -> None:
    heard = read(header + octets)
    assert sum(len(unit.data) for unit in heard if isinstance(unit, Unit)) <= len(octets)


@given(st.lists(st.integers(0, len(a_pcap()))))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    octets, reader = a_pcap(), CaptureReader("north")
    ends = [0, *sorted(cuts), len(octets)]
    heard = [unit for start, end in pairwise(ends) for unit in reader.feed(octets[start:end])]
    assert heard == read(octets)
