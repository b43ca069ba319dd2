# SPDX-License-Identifier: Apache-2.0
"""What a probe says, as units, losses and a named state."""

from random import Random

import pytest

from drivers.taps.e1_serial.probe import Probe, State
from edge.model.unit import Alarm, Direction, LinkType, Unit
from hil.e1 import probe as sending
from hil.e1.probe import A_TO_B, B_TO_A, UNKNOWN, with_crc

NOW = 1_790_000_000_000_000_000
FISU = bytes.fromhex("ffff00")
SABME = bytes.fromhex("00017f")


class Desk:
    """A probe that sends, and what is made of it."""

    def __init__(self, protocol="auto", channels=None, start: int = 1) -> None:
        self.line = bytearray()
        self.sender = sending.Probe(self.line.extend, start)
        self.heard = Probe("desk", protocol, channels or {}, now_s=0.0)

    def hear(self, now_s: float = 0.0) -> list[Unit]:
        line, self.line[:] = bytes(self.line), b""
        return self.heard.feed(line, NOW + int(now_s * 1e9), now_s)

    def switch_on_again(self, start: int) -> None:
        self.sender = sending.Probe(self.line.extend, start)


def facts(unit: Unit) -> tuple[int, bytes, str, Direction]:
    return unit.link, unit.data, unit.channel, unit.direction


def test_both_directions_of_a_timeslot() -> None:
    desk = Desk()
    desk.sender.raw(1, 16, A_TO_B, b"\x7e" * 160)
    desk.sender.raw(1, 16, B_TO_A, b"\x81" * 160)
    desk.sender.raw(1, 16, UNKNOWN, b"\xff" * 160)
    assert [facts(unit) for unit in desk.hear()] == [
        (LinkType.E1_RAW, b"\x7e" * 160, "1:16", Direction.A_TO_B),
        (LinkType.E1_RAW, b"\x81" * 160, "1:16", Direction.B_TO_A),
        (LinkType.E1_RAW, b"\xff" * 160, "1:16", Direction.UNKNOWN),
    ]


@pytest.mark.parametrize(
    ("protocol", "channels", "link", "data"),
    [
        ("auto", {}, LinkType.E1_HDLC, with_crc(FISU)),
        ("mtp2", {}, LinkType.MTP2, FISU),
        ("lapd", {}, LinkType.LAPD, FISU),
        ("lapd", {"1:16": "mtp2"}, LinkType.MTP2, FISU),
        ("lapd", {"1:1": "mtp2"}, LinkType.LAPD, FISU),
        ("mtp2", {"1:16": "auto"}, LinkType.E1_HDLC, with_crc(FISU)),
    ],
)
def test_a_frame_is_what_its_channel_is_said_to_carry(protocol, channels, link, data) -> None:
    desk = Desk(protocol, channels)
    desk.sender.frame(1, 16, A_TO_B, with_crc(FISU), repeats=1332)
    assert [facts(unit) for unit in desk.hear()] == [(link, data, "1:16", Direction.A_TO_B)]
    assert desk.heard.suppressed == 1332


def test_a_bad_frame_is_never_taken_for_a_good_one() -> None:
    desk = Desk("lapd")
    desk.sender.bad_frame(2, 16, B_TO_A, SABME + b"\0\0")
    assert [facts(unit) for unit in desk.hear()] == [
        (LinkType.E1_HDLC, SABME + b"\0\0", "2:16", Direction.B_TO_A)
    ]


def test_alarms_are_news_only_when_they_change() -> None:
    desk = Desk()
    for bits in (0, 0, 1, 1, 1, 24, 0, 0):
        desk.sender.alarms(1, A_TO_B, bits)
    desk.sender.alarms(1, B_TO_A, 4)
    assert [facts(unit)[1:] for unit in desk.hear()] == [
        (b"\x00", "1:0", Direction.A_TO_B),
        (b"\x01", "1:0", Direction.A_TO_B),
        (b"\x18", "1:0", Direction.A_TO_B),
        (b"\x00", "1:0", Direction.A_TO_B),
        (b"\x04", "1:0", Direction.B_TO_A),
    ]
    assert desk.heard.alarms == {(1, A_TO_B): Alarm(0), (1, B_TO_A): Alarm.AIS}


def test_cas_bits() -> None:
    desk = Desk()
    desk.sender.cas(1, 5, A_TO_B, 0b1001)
    assert [facts(unit) for unit in desk.hear()] == [
        (LinkType.E1_CAS, b"\x09", "1:5", Direction.A_TO_B)
    ]


def test_units_are_numbered_and_stamped_by_the_probe() -> None:
    desk = Desk()
    desk.sender.raw(1, 16, A_TO_B, b"on time")
    units = desk.hear()
    for ticks in (160, 320):
        desk.sender.ticks = ticks
        desk.sender.raw(1, 16, A_TO_B, b"late")
    units += desk.hear(now_s=0.1)
    assert [unit.number for unit in units] == [1, 2, 3]
    assert [unit.at - NOW for unit in units] == pytest.approx([0, 20e6, 40e6], abs=125_000)
    assert {unit.clock.source for unit in units} == {"probe"}


def test_a_probe_names_itself_in_printable_letters() -> None:
    desk = Desk()
    desk.sender.hello("Acme\tP1 \x1b[31m")
    desk.hear()
    assert desk.heard.identity == "Acme?P1 ?[31m"


def test_losses_of_line_and_probe() -> None:
    desk = Desk()
    desk.sender.hello()
    desk.sender.counters(2)
    desk.hear()
    desk.sender.raw(1, 16, A_TO_B, b"lost")
    desk.line.clear()
    desk.sender.raw(1, 16, A_TO_B, b"damaged")
    desk.line[20] ^= 1
    desk.sender.raw(1, 16, A_TO_B, b"heard")
    desk.sender.counters(5)
    assert [unit.data for unit in desk.hear()] == [b"heard"]
    assert desk.heard.ledger.lost == {"bad CRC": 1, "sequence gap": 1, "probe overrun": 3}


def test_a_probe_that_starts_anew_is_not_taken_for_a_gap() -> None:
    desk = Desk(start=7)
    desk.sender.ticks = 800_000
    for _ in range(10):
        desk.sender.hello()
    desk.hear()
    desk.switch_on_again(start=8)
    desk.sender.hello()
    desk.sender.raw(1, 16, A_TO_B, b"x")
    (unit,) = desk.hear(now_s=1.0)
    assert desk.heard.ledger.lost == {"probe restarted": 1}
    assert unit.at == NOW + 1_000_000_000


def test_what_a_later_probe_adds_is_passed_over() -> None:
    desk = Desk()
    desk.sender.send(9, b"what is this")
    desk.sender.raw(1, 16, A_TO_B, b"x")
    assert [unit.data for unit in desk.hear()] == [b"x"]
    assert not desk.heard.ledger.lost


def test_states_by_their_signs() -> None:
    desk = Desk()
    assert desk.heard.state(2.9) is State.LISTENING
    assert desk.heard.state(3.0) is State.SILENT
    desk.heard.feed(Random(1).randbytes(5000), NOW, 4.0)
    assert desk.heard.state(4.0) is State.GARBAGE
    desk.sender.hello()
    desk.hear(now_s=5.0)
    assert desk.heard.state(5.0) is State.SYNCED
    desk.heard.feed(Random(2).randbytes(5000), NOW, 7.0)
    assert desk.heard.state(7.9) is State.SYNCED
    assert desk.heard.state(8.0) is State.GARBAGE
    assert desk.heard.state(11.0) is State.SILENT


def test_octets_without_a_single_zero_are_garbage_too() -> None:
    desk = Desk()
    for second in range(5):
        assert desk.heard.feed(b"\xff" * 10_000, NOW, float(second)) == []
    assert desk.heard.state(4.0) is State.GARBAGE


def test_another_version_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    monkeypatch.setattr(sending, "VERSION", 2)
    desk.sender.hello()
    desk.sender.hello()
    assert desk.hear(now_s=1.0) == []
    assert desk.heard.state(1.0) is State.FOREIGN
    assert desk.heard.ledger.lost == {"another version of E1TAP": 1}
