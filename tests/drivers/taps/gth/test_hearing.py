# SPDX-License-Identifier: Apache-2.0
"""What a GTH delivers and tells, as units and losses."""

import pytest

from drivers.taps.gth.hearing import Ear, Hearing
from drivers.taps.gth.wire import Record, Said
from edge.model.unit import Alarm, Direction, LinkType
from hil.e1.probe import with_crc

SIDES = (Direction.A_TO_B, Direction.B_TO_A)
EARS = [
    Ear("1A", 16, "mtp2", "1A", SIDES[0]),
    Ear("2A", 16, "mtp2", "1A", SIDES[1]),
    Ear("3A", 1, "lapd", "3A", SIDES[0]),
    Ear("4A", 2, "raw", "4A", SIDES[0]),
]
FISU = bytes.fromhex("ffff00")
BAD = FISU + b"\0\0"


@pytest.mark.parametrize(
    ("tag", "payload", "link", "data", "channel", "direction"),
    [
        (0, with_crc(FISU), LinkType.MTP2, FISU, "1A:16", SIDES[0]),
        (1, with_crc(FISU), LinkType.MTP2, FISU, "1A:16", SIDES[1]),
        (2, with_crc(FISU), LinkType.LAPD, FISU, "3A:1", SIDES[0]),
        (3, with_crc(FISU), LinkType.E1_RAW, with_crc(FISU), "4A:2", SIDES[0]),
        (0, BAD, LinkType.E1_HDLC, BAD, "1A:16", SIDES[0]),
        (0, b"", LinkType.E1_HDLC, b"", "1A:16", SIDES[0]),
    ],
)
def test_records(tag, payload, link, data, channel, direction) -> None:
    (unit,) = Hearing("gth", EARS).record(Record(tag, 0, 1_790_000_000_123, payload))
    assert (unit.link, unit.data, unit.channel, unit.direction) == (link, data, channel, direction)
    assert (unit.at, unit.clock.digits, unit.number) == (1_790_000_000_123_000_000, 3, 1)


def test_a_tag_that_nobody_gave_is_counted() -> None:
    hearing = Hearing("gth", EARS)
    assert hearing.record(Record(4, 0, 0, b"x")) == []
    assert hearing.lost == {"unknown tag": 1}


def test_alarms_of_our_spans() -> None:
    hearing = Hearing("gth", EARS)
    told = [("pcm2A", "LOS"), ("9A", "LOS"), ("2A", "OK")]
    units = [
        unit
        for name, state in told
        for unit in hearing.event(Said("l1_message", {"name": name, "state": state}), 5)
    ]
    assert [(unit.link, unit.data, unit.channel, unit.direction) for unit in units] == [
        (LinkType.E1_ALARMS, b"\x01", "1A:0", SIDES[1]),
        (LinkType.E1_ALARMS, b"\x00", "1A:0", SIDES[1]),
    ]
    assert hearing.alarms == {"2A": Alarm(0)}


def test_events_that_mean_loss_are_counted_as_such() -> None:
    hearing = Hearing("gth", EARS)
    for name in ("slip", "slip", "l2_socket_alert", "alert"):
        assert hearing.event(Said(name, {}), 5) == []
    assert hearing.lost == {"slip": 2, "gth backlog": 1}
    assert hearing.events == {"slip": 2, "l2_socket_alert": 1, "alert": 1}
