# SPDX-License-Identifier: Apache-2.0
"""Records of E1TAP/1: the page for makers, the sending side and the reader say the same."""

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, strategies as st

from drivers.taps.e1_serial.wire import (
    MAX_ENCODED,
    OTHER_VERSION,
    Reader,
    Record,
    Type,
    cobs_decoded,
    read,
)
from edge.model.message import Malformed
from hil.e1 import probe as sending
from hil.e1.probe import Probe, cobs, with_crc

PAGE = Path(__file__).parents[4] / "drivers" / "taps" / "E1TAP.md"
HEAD = bytes.fromhex("13 01 10 01 0000 00000000 0000")
"RAW, span 1, timeslot 16, A to B."


def sent(*payloads: bytes) -> bytes:
    line = bytearray()
    probe = Probe(line.extend)
    for payload in payloads:
        probe.raw(1, 16, sending.A_TO_B, payload)
    return bytes(line)


def in_pieces(line: bytes, size: int) -> list[Record | Malformed]:
    reader = Reader()
    return [one for at in range(0, len(line), size) for one in reader.feed(line[at : at + size])]


# Examples of Cheshire and Baker, "Consistent Overhead Byte Stuffing", and its longest block.
@pytest.mark.parametrize(
    ("encoded", "octets"),
    [
        pytest.param("01", "", id="nothing"),
        pytest.param("01 01", "00", id="one zero"),
        pytest.param("01 02 11 01", "00 11 00", id="between zeros"),
        pytest.param("03 11 22 02 33", "11 22 00 33", id="two blocks"),
        pytest.param("05 11 22 33 44", "11 22 33 44", id="no zero"),
        pytest.param("ff" + "aa" * 254, "aa" * 254, id="longest block"),
        pytest.param("ff" + "aa" * 254 + "01", "aa" * 254, id="longest block, empty rest"),
        pytest.param("ff" + "aa" * 254 + "01 01", "aa" * 254 + "00", id="longest block, zero"),
        pytest.param("ff" + "aa" * 254 + "02 bb", "aa" * 254 + "bb", id="longest block and one"),
        pytest.param("03 11", None, id="cut"),
        pytest.param("02 11 ff", None, id="block past the end"),
    ],
)
def test_cobs(encoded: str, octets: str | None) -> None:
    expected = None if octets is None else bytes.fromhex(octets)
    assert cobs_decoded(bytes.fromhex(encoded)) == expected


@given(st.binary(max_size=1200))
def test_cobs_undoes_what_the_sending_side_does(octets: bytes) -> None:
    encoded = cobs(octets)
    assert 0 not in encoded
    assert cobs_decoded(encoded) == octets


def test_the_sending_side_computes_the_published_crc() -> None:
    assert sending.crc_x25(b"123456789") == 0x906E


EXAMPLES = {
    "HELLO": Record(Type.HELLO, 0, 0, 0, 0, 0, 0, b"\x2a\0\0\0\x07Acme P1 42 1.0"),
    "FRAME": Record(Type.FRAME, 1, 16, 1, 1, 8000, 1332, bytes.fromhex("ffff00ffff")),
    "ALARMS": Record(Type.ALARMS, 1, 0, 2, 2, 8001, 0, b"\x01"),
    "CAS": Record(Type.CAS, 1, 5, 2, 3, 8002, 0, b"\x09"),
    "COUNTERS": Record(Type.COUNTERS, 0, 0, 0, 4, 8003, 0, b"\x07\0\0\0"),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_page_are_what_it_says(name: str) -> None:
    row = re.search(rf"^\| {name}, .*\| `([0-9a-f ]+)` \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert row
    assert Reader().feed(bytes.fromhex(row[1])) == [EXAMPLES[name]]


@pytest.mark.parametrize("size", [1, 3, 7, 160, 10_000])
def test_records_are_found_however_the_line_is_cut(size: int) -> None:
    payloads = [bytes([n]) * 160 for n in range(5)] + [bytes(512), b"\xff" * 512]
    found = in_pieces(sent(*payloads), size)
    assert [record.payload for record in found] == payloads
    assert [record.sequence for record in found] == list(range(7))


def test_what_began_before_us_is_no_fault() -> None:
    line = sent(b"half", b"whole")
    assert [record.payload for record in Reader().feed(line[4:])] == [b"whole"]
    assert [record.payload for record in Reader().feed(line)] == [b"half", b"whole"]


@pytest.mark.parametrize("at", range(1, 22))
def test_one_damaged_octet_costs_one_record(at: int) -> None:
    line = bytearray(sent(b"first", b"second", b"third"))
    second = line.index(b"\0\0") + 1
    line[second + at] ^= 0x5A
    found = Reader().feed(bytes(line))
    whole = [record.payload for record in found if isinstance(record, Record)]
    assert whole[:1] + whole[-1:] == [b"first", b"third"]
    assert b"second" not in whole


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param(with_crc(HEAD[:11]), "shorter than any record", id="no head"),
        pytest.param(HEAD + b"x\0\0", "bad CRC", id="CRC"),
        pytest.param(with_crc(b"\x23" + HEAD[1:] + b"x"), OTHER_VERSION, id="version 2"),
        pytest.param(with_crc(HEAD), "shorter than its type", id="RAW of nothing"),
        pytest.param(with_crc(b"\x10" + HEAD[1:] + b"1234"), "shorter than its type", id="HELLO"),
        pytest.param(with_crc(b"\x16" + HEAD[1:] + b"123"), "shorter than its type", id="COUNTERS"),
        pytest.param(with_crc(HEAD + b"x" * 600), "no record", id="too long"),
    ],
)
def test_what_is_wrong_is_named(octets: bytes, why: str) -> None:
    assert read(cobs(octets)).why == why


def test_a_line_without_a_zero_is_held_to_the_longest_record() -> None:
    reader = Reader()
    noise = b"\x55" * 100_000
    assert not reader.feed(b"\0" + noise)
    assert len(reader._held) <= MAX_ENCODED + 1
    assert [one.why for one in reader.feed(noise + b"\0")] == ["no record"]
    assert [one.payload for one in reader.feed(sent(b"x"))] == [b"x"]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_octets_are_survived(pieces: list[bytes]) -> None:
    reader = Reader()
    for piece in pieces:
        for one in reader.feed(piece):
            assert isinstance(one, Record | Malformed)
    assert len(reader._held) <= MAX_ENCODED + 1
    after = reader.feed(sent(b"x"))
    assert [one.payload for one in after if isinstance(one, Record)][-1:] == [b"x"]


def test_noise_is_not_taken_for_records() -> None:
    noise = Random(7).randbytes(500_000)
    found = Reader().feed(noise)
    assert found
    assert not [one for one in found if isinstance(one, Record)]
