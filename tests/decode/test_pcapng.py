# SPDX-License-Identifier: Apache-2.0
"""pcapng files: what others write is read, what we write is read by others."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from struct import pack

import pytest
from hypothesis import given, strategies as st

from edge.decode.pcapfile import CaptureReader
from edge.decode.pcapng import PcapngWriter
from edge.model.message import Malformed
from edge.model.unit import ClockQuality, Direction, LinkType, Unit

SECOND = 1_764_000_000
FRAME = b"abcdefg"


def block(kind: int, body: bytes, order: str = "<", trailer: int | None = None) -> bytes:
    length = 12 + len(body)
    end = length if trailer is None else trailer
    return pack(order + "II", kind, length) + body + pack(order + "I", end)


def section(order: str = "<", major: int = 1, body: bytes = b"") -> bytes:
    return block(0x0A0D0D0A, pack(order + "IHHq", 0x1A2B3C4D, major, 0, -1) + body, order)


def interface(order: str = "<", link: int = 1, snap: int = 0, options: bytes = b"") -> bytes:
    return block(1, pack(order + "HHI", link, 0, snap) + options, order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def packet(ticks: int, order: str = "<", index: int = 0, options: bytes = b"") -> bytes:
    head = pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(FRAME), len(FRAME) + 2)
    return block(6, head + FRAME + b"\0" + options, order)


def read(octets: bytes, piece: int = 1 << 20) -> list[Unit | Malformed]:
    reader = CaptureReader("north")
    heard = []
    for at in range(0, len(octets), piece):
        heard += reader.feed(octets[at : at + piece])
    return heard + reader.end()


@pytest.mark.parametrize("piece", [1, 3, 1 << 20])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("options", "ticks", "at", "digits"),
    [
        pytest.param(lambda _: b"", 1_000_001, 1_000_001_000, 6, id="default-us"),
        pytest.param(lambda o: option(9, b"\x09", o), 17, 17, 9, id="ns"),
        pytest.param(lambda o: option(9, b"\x03", o), 17, 17_000_000, 3, id="ms"),
        pytest.param(lambda o: option(9, b"\x8a", o), 1536, 1_500_000_000, 3, id="2-to-the-10"),
        pytest.param(
            lambda o: option(14, pack(o + "q", SECOND), o), 1, SECOND * 10**9 + 1000, 6, id="offset"
        ),
        pytest.param(lambda o: option(14, pack(o + "q", -5), o), 1, 0, 6, id="before-the-epoch"),
        pytest.param(lambda o: option(9, b"\x00", o), 1 << 63, (1 << 63) - 1, 0, id="absurd"),
    ],
)
def test_time(
    order: str, options: Callable[[str], bytes], ticks: int, at: int, digits: int, piece: int
) -> None:
    octets = section(order) + interface(order, options=options(order)) + packet(ticks, order)
    (unit,) = read(octets, piece)
    assert (unit.at, unit.clock.digits) == (at, digits)
    assert (unit.tap, unit.link, unit.number, unit.data, unit.cut) == ("north", 1, 1, FRAME, 2)


def test_interfaces_after_the_first_are_taps_of_their_own() -> None:
    octets = section() + interface(options=option(2, b"eth0"))
    octets += interface(link=113, options=option(2, b"eth1")) + interface(link=101)
    octets += packet(1, index=1) + packet(2, index=2) + packet(3, index=0)
    heard = read(octets)
    assert [(unit.tap, unit.link) for unit in heard] == [
        ("north:eth1", 113),
        ("north:2", 101),
        ("north", 1),
    ]
    assert [unit.number for unit in heard] == [1, 2, 3]


def test_options_are_kept() -> None:
    reader = CaptureReader("north")
    options = option(2, b"eth0") + option(1, b"rack 4") + option(0x8001, b"\1\2\3") + bytes(4)
    octets = section() + interface(options=options)
    octets += packet(1) + packet(2, options=option(1, b"the call") + option(2, pack("<I", 1)))
    reader.feed(octets)
    assert reader.interfaces[0].name == "eth0"
    assert reader.interfaces[0].options == ((2, b"eth0"), (1, b"rack 4"), (0x8001, b"\1\2\3"))
    assert reader.comments == {2: "the call"}
    reader.feed(packet(3))
    assert reader.comments == {}


def test_a_new_section_forgets_interfaces_and_may_turn_the_octets_round() -> None:
    octets = section() + interface() + packet(1) + section(">") + packet(2, ">")
    octets += interface(">", link=101) + packet(3, ">")
    first, malformed, second = read(octets)
    assert (first.at, second.at, second.link, second.number) == (1000, 3000, 101, 2)
    assert malformed.why == "packet of interface 0, of which there are 0"


def test_simple_and_obsolete_packets() -> None:
    octets = section() + interface(snap=4)
    octets += block(2, pack("<HHIIII", 0, 1, 0, 5, 7, 7) + FRAME + b"\0")
    octets += block(3, pack("<I", 7) + FRAME[:4])
    obsolete, simple = read(octets)
    assert (obsolete.at, obsolete.data, obsolete.cut) == (5000, FRAME, 0)
    assert (simple.at, simple.data, simple.cut) == (5000, FRAME[:4], 3)


def test_unknown_blocks_are_stepped_over() -> None:
    octets = section() + block(5, bytes(8)) + interface() + block(0x80000001, bytes(40))
    assert len(read(octets + packet(1), 3)) == 1


@pytest.mark.parametrize("piece", [1, 1000, 1 << 20])
def test_a_block_too_long_to_hold_is_stepped_over_and_told(piece: int) -> None:
    octets = section() + interface() + block(4, bytes(600_000)) + packet(1)
    malformed, unit = read(octets, piece)
    assert (malformed.layer, malformed.why) == ("pcapng", "block of 600012 octets stepped over")
    assert unit.data == FRAME


def test_a_length_that_forgot_its_padding_is_rounded_up() -> None:
    body = pack("<IIIII", 0, 0, 1, 7, 7) + FRAME
    octets = section() + interface() + pack("<II", 6, 39) + body + b"\0" + pack("<I", 39)
    assert [unit.data for unit in read(octets + packet(2))] == [FRAME, FRAME]


@pytest.mark.parametrize("piece", [1, 1 << 20])
@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param(pack("<II", 6, 8) + bytes(40), "block of 8 octets", id="too-short"),
        pytest.param(
            block(6, bytes(20), trailer=36),
            "the two lengths of a block differ",
            id="lengths-differ",
        ),
        pytest.param(
            b"\x0a\x0d\x0d\x0a" + bytes(40), "section without a byte-order magic", id="no-magic"
        ),
    ],
)
def test_lost_framing_ends_the_reading(octets: bytes, why: str, piece: int) -> None:
    start = section() + interface() + packet(1)
    unit, malformed, rest = read(start + octets, piece)
    assert unit.data == FRAME
    assert malformed.why == why
    assert rest.why.endswith("octets of the file were not read")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        pytest.param(block(6, bytes(16)), "20 octets wanted, 16 left", id="no-room"),
        pytest.param(
            block(6, pack("<IIIII", 0, 0, 0, 9, 9) + b"12345678"),
            "9 octets wanted, 8 left",
            id="longer-than-its-block",
        ),
        pytest.param(packet(1, index=7), "packet of interface 7, of which there are 1", id="whose"),
        pytest.param(block(3, pack("<I", 9) + bytes(8)), "9 octets wanted, 8 left", id="simple"),
    ],
)
def test_a_lie_inside_a_block_costs_that_block(bad: bytes, why: str) -> None:
    malformed, unit = read(section() + interface() + bad + packet(1))
    assert (malformed.layer, malformed.why, malformed.data) == ("pcapng", why, bad)
    assert unit.data == FRAME


def test_a_bad_option_costs_neither_its_packet_nor_its_interface() -> None:
    bad = pack("<HH", 1, 999)
    octets = section() + interface(options=bad) + packet(1, options=bad)
    malformed, unit, malformed_too = read(octets)
    assert unit.data == FRAME
    assert malformed.why == malformed_too.why == "999 octets wanted, 0 left"


def test_another_version_gives_no_units() -> None:
    version, rest = read(section(major=2) + interface() + packet(1))
    assert (version.offset, version.why) == (12, "version 2.0 of pcapng")
    assert rest.why == "the last 76 octets of the file were not read"


def test_a_file_that_breaks_off_says_so() -> None:
    unit, malformed = read((section() + interface() + packet(1) * 2)[:-3])
    assert unit.data == FRAME
    assert malformed.why == "file ends early: 37 of 40 octets"


WHOLE = section() + interface(options=option(2, b"eth0")) + packet(1, options=option(1, b"x")) * 3


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_octets_are_read_without_an_exception(octets: bytes, piece: int) -> None:
    heard = read(section() + octets, piece)
    assert sum(len(unit.data) for unit in heard if isinstance(unit, Unit)) <= len(octets)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.integers(1, 40))
def test_one_wrong_octet_anywhere_does_no_harm(at: int, octet: int, piece: int) -> None:
    octets = WHOLE[:at] + bytes([octet]) + WHOLE[at + 1 :]
    assert len(read(octets, piece)) <= 5
    assert said(read(octets, piece)) == said(read(octets))


def said(heard: list[Unit | Malformed]) -> list[object]:
    """Leave out the octets of what is malformed: they end where the piece ended."""
    return [(one.offset, one.why) if isinstance(one, Malformed) else one for one in heard]


UNITS = (
    Unit("north", LinkType.ETHERNET, SECOND * 10**9 + 1, b"\0" * 12 + b"\x88\xb5 padding"),
    Unit("north", LinkType.ETHERNET, SECOND * 10**9 + 2, bytes(60), cut=1400),
    Unit(
        "span",
        LinkType.MTP2,
        SECOND * 10**9 + 3,
        bytes(5),
        direction=Direction.A_TO_B,
        channel="1:16",
    ),
    Unit(
        "span",
        LinkType.MTP2,
        SECOND * 10**9 + 4,
        bytes(6),
        direction=Direction.B_TO_A,
        channel="1:16",
    ),
)


def written(units: tuple[Unit, ...] = UNITS) -> bytes:
    writer = PcapngWriter()
    comments = ["", "Қоңырау", "", ""]
    blocks = [writer.write(unit, comment) for unit, comment in zip(units, comments, strict=True)]
    return writer.header("case 7") + b"".join(blocks)


def test_what_is_written_is_read_back() -> None:
    reader = CaptureReader("case")
    heard = reader.feed(written())
    assert reader.section == ((1, b"case 7"), (4, b"Qalqan Edge"))
    assert reader.comments == {2: "Қоңырау"}
    assert [interface.name for interface in reader.interfaces] == ["north", "span", "span"]
    for number, (unit, original) in enumerate(zip(heard, UNITS, strict=True), 1):
        assert unit == Unit(
            unit.tap,
            original.link,
            original.at,
            original.data,
            number,
            ClockQuality("capture file", 9),
            original.direction,
            original.cut,
            original.channel,
        )


@pytest.mark.peer("tshark")
def test_tshark_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "case.pcapng"
    path.write_bytes(written())
    names = ("interface_name", "interface_description", "time_epoch", "len", "cap_len", "comment")
    fields = [argument for name in names for argument in ("-e", f"frame.{name}")]
    command = ["tshark", "-r", str(path), "-T", "fields", "-E", "separator=;", *fields]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert answer.splitlines() == [
        f"north;direction=unknown;{SECOND}.000000001;22;22;",
        f"north;direction=unknown;{SECOND}.000000002;1460;60;Қоңырау",
        f"span;direction=a-b channel=1:16;{SECOND}.000000003;5;5;",
        f"span;direction=b-a channel=1:16;{SECOND}.000000004;6;6;",
    ]


@pytest.mark.peer("editcap")
@pytest.mark.parametrize("kind", ["pcap", "nsecpcap", "pcapng"])
def test_what_wireshark_writes_is_read(tmp_path: Path, kind: str) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    # Their pcap can hold but one link type.
    ours.write_bytes(PcapngWriter().header() + PcapngWriter().write(UNITS[0]))
    subprocess.run(["editcap", "-F", kind, ours, theirs], check=True)
    (unit,) = read(theirs.read_bytes())
    assert unit.data == UNITS[0].data
    assert unit.at == (SECOND * 10**9 if kind == "pcap" else UNITS[0].at)


def test_the_directions_of_one_tap_are_read_back_as_one_tap() -> None:
    writer = PcapngWriter()
    ways = [(Direction.A_TO_B, "1:16"), (Direction.B_TO_A, "1:16"), (Direction.A_TO_B, "2:16")]
    units = [Unit("e1", 203, 5, b"x", direction=way, channel=channel) for way, channel in ways]
    octets = writer.header() + b"".join(writer.write(unit) for unit in units)
    heard = CaptureReader("north").feed(octets)
    assert [(u.tap, u.direction, u.channel) for u in heard] == [("north", *way) for way in ways]
