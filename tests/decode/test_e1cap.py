# SPDX-License-Identifier: Apache-2.0
"""Recordings of E1 spans, in both formats and bare, in pieces of any size."""

from struct import pack

import pytest
from hypothesis import given, strategies as st

from edge.decode.e1cap import BLOCK, RawTimeslot, TracerChunks
from edge.decode.pcapfile import CaptureReader
from edge.model.message import Malformed
from edge.model.unit import Direction, LinkType, Unit
from hil.e1.probe import with_crc

SECOND = 1_700_000_000
A_B, B_A = Direction.A_TO_B, Direction.B_TO_A
FRAMES = b"".join(bytes([0x9B]) + bytes([n] * 15) + bytes([0x40 + n]) + bytes(15) for n in range(4))


def chunk(octets: bytes, endpoint: int = 0x81, size: int | None = None, micros: int = 250) -> bytes:
    size = len(octets) if size is None else size
    return pack("<IQQhB", 0xE115600D, SECOND, micros, size, endpoint) + octets


def record(octets: bytes, line: int = 0, slot: int = 16, mode: int = 0) -> bytes:
    head = pack("<II", SECOND, 250) + pack(">I", len(octets)) + bytes([line, slot, mode, 0])
    return head + bytes(8) + octets


def read(octets: bytes, piece: int = 1 << 20) -> list[Unit | Malformed]:
    reader = CaptureReader("t")
    pieces = [octets[at : at + piece] for at in range(0, len(octets), piece)]
    return [*(unit for each in pieces for unit in reader.feed(each)), *reader.end()]


@pytest.mark.parametrize("piece", [1, 3, 100, 1 << 20])
class TestWhole:
    def test_e1_tracer(self, piece: int) -> None:
        found = read(chunk(FRAMES) + chunk(FRAMES[:32], 0x82), piece)
        assert [(u.data, u.direction, u.channel, u.link) for u in found] == [
            (b"\x40\x41\x42\x43", A_B, "1:16", LinkType.E1_RAW),
            (b"\x40", B_A, "1:16", LinkType.E1_RAW),
        ]
        assert {u.at for u in found} == {SECOND * 10**9 + 250_000}
        assert [u.number for u in found] == [1, 2]

    def test_osmo_e1_recorder(self, piece: int) -> None:
        good = with_crc(b"\x02\x01\x7f")
        octets = (
            record(b"\x7e" * 5)
            + record(good, line=1, mode=1)
            + record(b"\x02\x01\x7f", line=2, mode=1)
            + record(b"voice", mode=2)
            + record(b"\x7e", line=3, slot=1)
        )
        assert [(u.data, u.direction, u.channel, u.link) for u in read(octets, piece)] == [
            (b"\x7e" * 5, A_B, "1:16", LinkType.E1_RAW),
            (good, B_A, "1:16", LinkType.E1_HDLC),
            (b"\x02\x01\x7f", A_B, "2:16", LinkType.LAPD),
            (b"\x7e", B_A, "2:1", LinkType.E1_RAW),
        ]

    def test_a_bare_timeslot(self, piece: int) -> None:
        octets, reader = bytes(range(200)), RawTimeslot("t", 64, B_A)
        found = [
            unit for at in range(0, 200, piece) for unit in reader.feed(octets[at : at + piece])
        ] + reader.end()
        assert b"".join(unit.data for unit in found) == octets
        assert [(unit.at, len(unit.data), unit.number) for unit in found] == [
            (20_000_000, BLOCK, 1),
            (25_000_000, 40, 2),
        ]
        assert {(unit.direction, unit.channel) for unit in found} == {(B_A, "1:16")}


def test_errors_of_the_transfer_and_other_endpoints_say_nothing() -> None:
    octets = chunk(b"", size=-71) + chunk(FRAMES, endpoint=0x83) + chunk(FRAMES)
    assert [unit.data for unit in read(octets)] == [b"\x40\x41\x42\x43"]


def test_speech_is_not_opened() -> None:
    heard: list[Unit | Malformed] = []
    TracerChunks("t").read(chunk(FRAMES), 0, heard)
    assert [unit.channel for unit in heard] == ["1:16"]
    TracerChunks("t", (1, 16)).read(chunk(FRAMES), 0, heard)
    assert [unit.channel for unit in heard[1:]] == ["1:1", "1:16"]


@pytest.mark.parametrize("octets", [chunk(FRAMES) + bytes(40), record(b"\x7e") + b"\xff" * 40])
def test_a_lie_is_told_with_its_place(octets: bytes) -> None:
    *units, lie, rest = read(octets)
    assert len(units) == 1
    assert (lie.layer, lie.offset) == ("e1cap", len(octets) - 40)
    assert rest.why == "the last 40 octets of the file were not read"


def test_a_file_that_ends_early() -> None:
    *_, lie = read(chunk(FRAMES)[:-1])
    assert lie.why.startswith("file ends early")


@given(st.binary(max_size=200), st.sampled_from([chunk(FRAMES), record(b"\x7e")]))
def test_any_octets_after_a_record(octets: bytes, before: bytes) -> None:
    heard = read(before + octets, 7)
    assert isinstance(heard[0], Unit)
    assert all(isinstance(one, Unit | Malformed) for one in heard)
