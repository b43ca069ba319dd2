# SPDX-License-Identifier: Apache-2.0
"""LAPD frames against tshark, and the repeats and losses of a D channel."""

import pytest

from edge.decode.isdn import IsdnLink
from edge.decode.lapd import MAX_SIDES, Frame, Lapd, parse
from edge.decode.layer import LayerMessage
from edge.model.message import Malformed
from edge.model.unit import LinkType, Unit
from tests.vectors.e1.make_vectors import CHANNEL, information, lapd, q931, with_lapd_header
from tests.vectors.e1.oracle import numbers, tshark

FIELDS = ["lapd.sapi", "lapd.tei", "lapd.cr", "lapd.control.n_s", "lapd.control.n_r"]
KINDS = ["_ws.col.Info", "lapd.control.p", "lapd.control.f"]
SECOND = 1_000_000_000
SETUP = q931(0x05)


@pytest.mark.peer("tshark")
@pytest.mark.parametrize("capture", ["lapd.pcap", "linux_lapd.pcap"])
def test_every_frame_is_what_tshark_reads(capture):
    rows = tshark(capture, [*FIELDS, *KINDS])
    for row, (_, octets) in zip(rows, CHANNEL, strict=True):
        frame = parse(octets)
        fields = frame.fields()
        ours = [
            [fields[name]] if name in fields else [] for name in ("sapi", "tei", "cr", "ns", "nr")
        ]
        assert [numbers(row[name]) for name in FIELDS] == ours
        assert any(numbers(row["lapd.control.p"] + row["lapd.control.f"])) == frame.poll_final
        [info] = row["_ws.col.Info"][:1]
        assert frame.type == "I" or f"func={frame.type}" in info.replace("SARM", "DM")


def fed(*frames):
    """Feed frames with their seconds; return the counts and the frames that came through."""
    channel = Lapd()
    return [bool(channel.feed(octets, at * SECOND)) for octets, at in frames], channel.counts


def test_a_repeat_is_heard_once():
    came, counts = fed(
        (information(0, 0, SETUP), 0), (information(0, 0, SETUP), 1), (information(1, 0, SETUP), 1)
    )
    assert came == [True, False, True]
    assert (counts["repeats"], counts["lost"]) == (1, 0)


def test_each_side_counts_for_itself():
    came, counts = fed(
        (information(5, 0, SETUP), 0),
        (information(5, 0, SETUP, response_bit=1), 0),
        (information(6, 0, SETUP), 0),
    )
    assert came == [True, True, True]
    assert (counts["repeats"], counts["lost"]) == (0, 0)


@pytest.mark.parametrize(
    ("heard", "lost"), [([0, 1, 2], 0), ([0, 3], 2), ([126, 127, 0], 0), ([126, 2], 3)]
)
def test_losses_are_counted_across_the_end_of_the_numbers(heard, lost):
    _, counts = fed(*((information(n, 0, SETUP + bytes([0x28, 1, n])), 0) for n in heard))
    assert counts["lost"] == lost


def test_a_number_that_looks_old_is_heard_if_its_octets_are_new():
    came, _ = fed((information(9, 0, SETUP), 0), (information(8, 0, q931(0x45)), 0))
    assert came == [True, True]


def test_a_number_comes_round_again_with_the_same_octets():
    came, _ = fed((information(9, 0, SETUP), 0), (information(9, 0, SETUP), 60))
    assert came == [True, True]


@pytest.mark.parametrize(
    "control", [b"\x7f", b"\x73", b"\x53", b"\x1f"], ids=["SABME", "UA", "DISC", "DM"]
)
def test_a_link_set_up_anew_counts_from_zero(control):
    came, counts = fed(
        (information(0, 0, SETUP), 0), (lapd(control), 0), (information(0, 0, SETUP), 0)
    )
    assert came == [True, True, True]
    assert counts["lost"] == 0


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param("", "1 octets wanted, 0 left", id="empty"),
        pytest.param("0001", "1 octets wanted, 0 left", id="no control"),
        pytest.param("000101", "1 octets wanted, 0 left", id="no N(R)"),
        pytest.param("01017f", "address 01 01 is not two octets (Q.921 3.3.1)", id="one octet"),
        pytest.param("00007f", "address 00 00 is not two octets (Q.921 3.3.1)", id="no end"),
        pytest.param("00010d00", "unknown S frame 0d", id="S"),
        pytest.param("00010b", "unknown U frame 0b", id="U"),
    ],
)
def test_a_broken_frame_is_malformed(octets, why):
    malformed = parse(bytes.fromhex(octets))
    assert isinstance(malformed, Malformed)
    assert (malformed.layer, malformed.why) == ("lapd", why)


def test_an_unaligned_side_is_shown():
    [message] = IsdnLink().feed(Unit("tap", LinkType.LAPD, 0, bytes.fromhex("02017f")))
    assert isinstance(message, LayerMessage)
    assert (message.proto, message.type) == ("lapd", "SABME")
    assert message.fields() == {"sapi": 0, "tei": 0, "cr": 1, "pf": 1}


def test_other_users_of_the_channel_are_named_not_opened():
    found = IsdnLink().feed(Unit("tap", LinkType.LAPD, 0, bytes.fromhex("fcff030f00000101ff")))
    assert [(message.proto, message.type) for message in found] == [("lapd", "UI")]


def test_the_pseudo_header_may_be_cut():
    whole = with_lapd_header(*CHANNEL[2])
    link = IsdnLink()
    for size in range(len(whole)):
        found = link.feed(Unit("tap", LinkType.LINUX_LAPD, size, whole[:size]))
        assert size >= 20 or isinstance(found[0], Malformed)


def test_noise_costs_no_memory():
    channel = Lapd()
    for sapi in range(64):
        for tei in range(128):
            channel.feed(bytes([sapi << 2, tei << 1 | 1, 0, 0, 8]), 0)
    assert len(channel._sequences) <= MAX_SIDES + 1


def test_a_frame_is_plain_data():
    assert parse(bytes.fromhex("00010101")) == Frame("RR", 0, 0, 0, True, b"", 0, 0)
