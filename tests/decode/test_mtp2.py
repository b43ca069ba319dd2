# SPDX-License-Identifier: Apache-2.0
"""Signal units against tshark, and the repeats and losses of a link."""

import pytest

from edge.decode.mtp2 import Mtp2, SignalUnit, parse
from edge.decode.ss7 import Ss7Link
from edge.model.message import Malformed
from edge.model.unit import Direction, LinkType, Unit
from tests.vectors.e1.make_vectors import (
    CAPTURES,
    LINK,
    extended_msu,
    isup,
    link_status,
    msu,
    mtp3,
    with_fcs,
)
from tests.vectors.e1.oracle import numbers, tshark

FIELDS = ["mtp2.bsn", "mtp2.bib", "mtp2.fsn", "mtp2.fib"]
SECOND = 1_000_000_000
FISU = bytes([0xFF, 0x80, 0])
STATUSES = ["SIO", "SIN", "SIE", "SIOS", "SIPO", "SIB"]


def heard(units, link=LinkType.MTP2, direction=Direction.A_TO_B):
    stack, found = Ss7Link(), []
    for number, octets in enumerate(units):
        found += stack.feed(Unit("tap", link, number, octets, direction=direction))
    return found, stack.counts


@pytest.mark.peer("tshark")
@pytest.mark.parametrize(
    ("capture", "with_sequence"),
    [("mtp2.pcap", ""), ("mtp2_fcs.pcap", "fcs"), ("mtp2_phdr.pcap", "")],
)
def test_every_unit_is_what_tshark_reads(capture, with_sequence):
    contained = "TRUE" if with_sequence else "FALSE"
    rows = tshark(
        capture,
        [*FIELDS, "mtp2.sf", "mtp2.li"],
        f"mtp2.capture_contains_frame_check_sequence:{contained}",
    )
    for row, octets in zip(rows, LINK, strict=True):
        unit = parse(with_fcs(octets) if with_sequence else octets)
        assert [numbers(row[name]) for name in FIELDS] == [[v] for v in unit.fields().values()]
        kind = STATUSES[numbers(row["mtp2.sf"])[0]] if row["mtp2.sf"] else None
        assert unit.type == (kind or ("MSU" if numbers(row["mtp2.li"])[0] else "FISU"))


@pytest.mark.peer("tshark")
def test_the_long_numbers_of_annex_a_are_what_tshark_reads():
    units = [octets[4:] for octets in CAPTURES["mtp2_annex_a.pcap"][1]]
    rows = tshark("mtp2_annex_a.pcap", [*FIELDS, "mtp2.li"])
    for row, octets in zip(rows, units, strict=True):
        unit = parse(octets, extended=True)
        assert [numbers(row[name]) for name in FIELDS] == [[v] for v in unit.fields().values()]
        assert numbers(row["mtp2.li"]) == [len(unit.payload)]


BLO, UBL, RSC = (mtp3(isup(type_)) for type_ in (0x13, 0x14, 0x12))


def test_a_repeat_is_heard_once():
    found, counts = heard([msu(BLO, 3), msu(UBL, 4), msu(BLO, 3), msu(UBL, 4), msu(RSC, 5)])
    assert [message.type for message in found] == ["BLO", "UBL", "RSC"]
    assert (counts["mtp2.repeats"], counts["mtp2.lost"]) == (2, 0)


def test_a_unit_whose_first_copy_was_missed_is_heard_in_its_repeat():
    found, counts = heard([msu(BLO, 3), msu(RSC, 5), msu(BLO, 3), msu(UBL, 4), msu(RSC, 5)])
    assert [message.type for message in found] == ["BLO", "RSC", "UBL"]
    assert counts["mtp2.lost"] == 1


def test_a_long_outage_costs_no_message_after_it():
    found, _ = heard([msu(BLO, 3), *(msu(UBL, 100 + n) for n in range(10))])
    assert len(found) == 11


@pytest.mark.parametrize(
    ("fsn", "lost"), [([1, 2, 3], 0), ([1, 5], 3), ([127, 0], 0), ([126, 2], 3)]
)
def test_losses_are_counted_across_the_end_of_the_numbers(fsn, lost):
    _, counts = heard([msu(mtp3(isup(0x13, cic=n)), n) for n in fsn])
    assert counts["mtp2.lost"] == lost


def test_losses_are_not_guessed_where_directions_are_not_told_apart():
    units = [msu(BLO, 3), msu(UBL, 90), msu(UBL, 4), msu(BLO, 91)]
    found, counts = heard(units, direction=Direction.UNKNOWN)
    assert len(found) == 4
    assert counts["mtp2.lost"] == 0


@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_a_link_aligned_anew_counts_anew(status):
    found, counts = heard([msu(BLO, 0), link_status(status), msu(BLO, 0), msu(UBL, 1)])
    assert [message.type for message in found] == ["BLO", STATUSES[status], "BLO", "UBL"]
    assert counts["mtp2.lost"] == 0


def test_a_status_is_shown_when_it_changes():
    found, counts = heard([link_status(3)] * 50 + [link_status(0)] * 50)
    assert [message.type for message in found] == ["SIOS", "SIO"]
    assert counts["mtp2.repeats"] == 98


def test_a_number_comes_round_again_with_the_same_octets():
    link = Mtp2()
    assert link.feed(msu(BLO, 3), 0)
    assert not link.feed(msu(BLO, 3), 1 * SECOND)
    assert link.feed(msu(BLO, 3), 30 * SECOND)


@pytest.mark.parametrize("size", [3, 62, 63, 64, 272])
@pytest.mark.parametrize("checked", [False, True])
def test_units_of_every_length_with_and_without_check_sequence(size, checked):
    payload = bytes(range(256))[:size].ljust(size, b"\x55")
    octets = msu(payload, 1)
    assert parse(with_fcs(octets) if checked else octets).payload == payload


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param(b"", "1 octets wanted, 0 left", id="empty"),
        pytest.param(b"\xff\xff", "1 octets wanted, 0 left", id="no length"),
        pytest.param(msu(BLO, 1)[:-1], "length indicator 8, 7 octets follow", id="cut"),
        pytest.param(msu(BLO, 1) + b"\0", "length indicator 8, 9 octets follow", id="too much"),
        pytest.param(FISU + b"\0\0", "bad FCS", id="bad FCS"),
        pytest.param(b"\xff\xff\x3f" + bytes(40), "length indicator 63, 40 octets follow", id="63"),
    ],
)
def test_a_broken_unit_is_malformed(octets, why):
    malformed = parse(octets)
    assert isinstance(malformed, Malformed)
    assert (malformed.layer, malformed.why) == ("mtp2", why)


def test_a_unit_is_plain_data():
    assert parse(FISU) == SignalUnit("FISU", 127, 1, 0, 1, b"")
    assert parse(extended_msu(BLO, 300), extended=True).fsn == 300
