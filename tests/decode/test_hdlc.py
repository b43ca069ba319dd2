# SPDX-License-Identifier: Apache-2.0
"""The deframer against a bit-by-bit reader and writer made from the text of Q.703 section 3."""

import random

import pytest

from edge.decode.hdlc import Deframer, Line, detect
from edge.model.message import Malformed

FLAG = "01111110"
FISU = bytes.fromhex("808000")
SABME = bytes.fromhex("00017f")


def fcs(octets):
    """CRC-16/X.25, a bit at a time."""
    register = 0xFFFF
    for octet in octets:
        for place in range(8):
            mix = (register ^ (octet >> place)) & 1
            register = (register >> 1) ^ (0x8408 if mix else 0)
    return (register ^ 0xFFFF).to_bytes(2, "little")


def stuffed(octets):
    """Bits of a frame between its flags: check sequence, low bit first, a zero after five ones."""
    text, ones = "", 0
    for octet in octets + fcs(octets):
        for place in range(8):
            bit = octet >> place & 1
            text += str(bit)
            ones = ones + 1 if bit else 0
            if ones == 5:
                text, ones = text + "0", 0
    return text


def to_octets(bits):
    """Wire bits to E1 octets, first bit highest; filled up with flags."""
    bits += (FLAG * 2)[: -len(bits) % 8]
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


class Reference:
    """Reads bit by bit: flag, abort, zero deletion, check sequence; repeats left in."""

    def __init__(self):
        self.frames, self.aborts = [], 0
        self._ones, self._bits = 0, None

    def feed(self, octets):
        for octet in octets:
            for place in range(7, -1, -1):
                self._bit(octet >> place & 1)

    def _bit(self, bit):
        if bit:
            self._ones += 1
            if self._ones == 7:
                self.aborts += self._bits is not None and len(self._bits) > 7
                self._bits = None
            if self._bits is not None:
                self._bits.append(1)
            return
        ones, self._ones = self._ones, 0
        if ones == 6:
            if self._bits is not None:
                self._end(self._bits[:-7])
            self._bits = []
        elif ones != 5 and self._bits is not None:
            self._bits.append(0)

    def _end(self, bits):
        if len(bits) % 8 or not 5 <= len(bits) // 8 <= 300:
            return
        octets = bytes(
            sum(bit << place for place, bit in enumerate(bits[at : at + 8]))
            for at in range(0, len(bits), 8)
        )
        if fcs(octets[:-2]) == octets[-2:]:
            self.frames.append(octets[:-2])


def line_noise(rng):
    """A stretch of line: frames, fill, shared flags, aborts, bit errors, idle."""
    bits = FLAG
    for _ in range(rng.randrange(1, 40)):
        body = stuffed(rng.choice([FISU, SABME, rng.randbytes(rng.randrange(3, 280))]))
        kind = rng.randrange(8)
        if kind == 0:
            body = body[: rng.randrange(len(body))] + "1" * rng.randrange(7, 40)
        elif kind == 1:
            at = rng.randrange(len(body))
            body = body[:at] + "10"[int(body[at])] + body[at + 1 :]
        elif kind == 2:
            body = "".join(rng.choice("01") for _ in range(rng.randrange(80)))
        bits += body + rng.choice([FLAG, FLAG * 3, FLAG[:-1] + FLAG, FLAG + "1" * 20 + FLAG])
    return to_octets(bits)


def without_repeats_and_fill(frames):
    kept = [frame for before, frame in zip([b"", *frames], frames, strict=False) if frame != before]
    return [frame for frame in kept if len(frame) > 3 or frame[2] & 0x3F]


def good(found):
    return [frame for frame in found if isinstance(frame, bytes)]


@pytest.mark.parametrize(
    ("octets", "sequence"),
    [
        pytest.param(b"123456789", "6e90", id="CRC-16/X.25 check value 0x906E"),
        pytest.param(bytes.fromhex("ffff00"), "ffff", id="FISU after alignment"),
        pytest.param(bytes.fromhex("808000"), "ec46", id="FISU"),
        pytest.param(bytes.fromhex("00017f"), "6454", id="SABME"),
        pytest.param(bytes.fromhex("000101"), "9dce", id="RR"),
    ],
)
def test_the_test_writer_knows_the_known_check_sequences(octets, sequence):
    assert fcs(octets).hex() == sequence


@pytest.mark.parametrize("size", [1, 3, 160, 10_000])
def test_reads_what_the_reference_reads_however_it_is_cut(size):
    rng = random.Random(size)
    for _ in range(12):
        octets, reference, deframer = line_noise(rng), Reference(), Deframer()
        reference.feed(octets)
        found = []
        for at in range(0, len(octets), size):
            found += deframer.feed(octets[at : at + size])
        assert good(found) == without_repeats_and_fill(reference.frames)
        assert deframer.counts["aborts"] == reference.aborts


def test_a_bad_check_sequence_is_counted_and_shown():
    body = stuffed(bytes.fromhex("000101"))
    spoiled = body[:3] + "10"[int(body[3])] + body[4:]
    deframer = Deframer()
    [found] = deframer.feed(to_octets(FLAG + spoiled + FLAG))
    assert found == Malformed("hdlc", 5, "bad FCS", bytes.fromhex("0801019dce"))
    assert deframer.counts["bad_fcs"] == 1


def test_frames_may_share_a_flag_or_only_its_zero():
    bits = FLAG + stuffed(SABME) + FLAG + stuffed(b"\0\1\1") + FLAG[:-1] + FLAG + stuffed(SABME)
    assert Deframer().feed(to_octets(bits + FLAG)) == [SABME, b"\0\1\1", SABME]


def test_fill_and_repeats_are_counted_not_returned():
    deframer = Deframer()
    bits = FLAG + (stuffed(FISU) + FLAG) * 3 + (stuffed(SABME) + FLAG) * 4
    assert deframer.feed(to_octets(bits)) == [SABME]
    assert (deframer.counts["fill"], deframer.counts["repeats"]) == (1, 5)


def test_a_slip_costs_no_more_than_the_frames_it_hits():
    frames = [bytes([0, 1, 0, 0, number]) * 4 for number in range(20)]
    octets = to_octets("".join(FLAG + stuffed(frame) for frame in frames) + FLAG)
    slipped = octets[:200] + octets[201:]
    found = good(Deframer().feed(slipped))
    assert set(found) < set(frames)
    assert len(found) >= len(frames) - 2


@pytest.mark.parametrize("octet", [0x00, 0xFF, 0x7F, 0x55], ids=hex)
def test_a_dead_line_costs_no_memory(octet):
    deframer = Deframer()
    deframer.feed(to_octets(FLAG + "0"))
    for _ in range(200):
        assert deframer.feed(bytes([octet]) * 160) == []
        assert len(deframer._tail) <= 3012
    assert deframer.feed(to_octets(FLAG + stuffed(SABME) + FLAG)) == [SABME]


def test_an_overlong_frame_is_counted_once_and_the_next_is_read():
    deframer = Deframer()
    octets = to_octets(FLAG + stuffed(bytes(700)) + FLAG + stuffed(SABME) + FLAG)
    found = [frame for at in range(len(octets)) for frame in deframer.feed(octets[at : at + 1])]
    assert found == [SABME]
    assert deframer.counts["overlong"] == 1


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("rate", [64, 56])
def test_every_wiring_fault_is_found_out(reverse, invert, rate):
    bits = "".join(FLAG + stuffed(bytes([0, 1, 1, number])) for number in range(20)) + FLAG
    if rate == 56:
        bits = "".join(bits[at : at + 7] + "1" for at in range(0, len(bits) - 7, 7))
    octets = to_octets(bits)
    octets = bytes(octet ^ 0xFF for octet in octets) if invert else octets
    octets = bytes(int(f"{octet:08b}"[::-1], 2) for octet in octets) if reverse else octets
    assert detect(octets) == Line(reverse, invert, rate)
    assert len(good(Deframer(Line(reverse, invert, rate)).feed(octets))) >= 19


@pytest.mark.parametrize("octets", [b"", b"\xff" * 800, b"\0" * 800, b"\x7e" * 800, b"\xd5" * 800])
def test_a_line_without_frames_has_no_wiring(octets):
    assert detect(octets) is None
