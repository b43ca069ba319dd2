# SPDX-License-Identifier: Apache-2.0
"""Capture files as a tap. The files are written here, by draft-ietf-opsawg-pcap."""

import struct
from pathlib import Path

import pytest

from drivers.taps.pcap import CHUNK, Config, PcapTap, open_tap
from edge.errors import InputError
from edge.model.unit import Unit

SECOND_NS = 1_000_000_000


def capture(path: Path, *records: tuple[float, bytes]) -> Path:
    """Write a little-endian microsecond file of (time, octets)."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for at_s, data in records:
        seconds = int(at_s)
        head = struct.pack("<IIII", seconds, round((at_s - seconds) * 1e6), len(data), len(data))
        out += head + data
    path.write_bytes(out)
    return path


class Clock:
    """Time that passes only while the tap sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def read(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds


async def everything(tap: PcapTap) -> list[Unit]:
    units: list[Unit] = []
    while batch := await tap.read():
        units += batch
    return units


@pytest.mark.asyncio
async def test_files_are_heard_one_after_the_other_and_numbered_on(tmp_path: Path) -> None:
    late = capture(tmp_path / "late.pcap", (2000, b"c"), (2001, b"d"))
    early = capture(tmp_path / "early.pcap", (1000, b"a"), (1001, b"b"))
    tap = await open_tap("mirror", Config(files=(late, early)))
    units = await everything(tap)
    assert [(unit.number, unit.data) for unit in units] == [
        (1, b"c"),
        (2, b"d"),
        (3, b"a"),
        (4, b"b"),
    ]
    assert {unit.tap for unit in units} == {"mirror"}
    assert tap.lost().total == 0


@pytest.mark.asyncio
async def test_a_long_file_comes_in_batches_and_whole(tmp_path: Path) -> None:
    records = [(float(n), n.to_bytes(4, "big") * 200) for n in range(2 * CHUNK // 800)]
    tap = PcapTap("mirror", [capture(tmp_path / "long.pcap", *records)])
    first = await tap.read()
    rest = await everything(tap)
    assert 0 < len(first) < len(records)
    assert [unit.data for unit in (*first, *rest)] == [data for _, data in records]


@pytest.mark.asyncio
@pytest.mark.parametrize(("pace", "took_s"), [(1.0, 10.0), (2.0, 5.0), (0.0, 0.0)])
async def test_pace_is_kept_against_the_time_of_the_capture(
    tmp_path: Path, pace: float, took_s: float
) -> None:
    path = capture(tmp_path / "a.pcap", (50, b"a"), (50.5, b"b"), (60, b"c"))
    clock = Clock()
    tap = PcapTap("mirror", [path], pace=pace, sleep=clock.sleep, now_s=clock.read)
    heard = []
    while batch := await tap.read():
        heard += [(unit.data, clock.now_s - 100) for unit in batch]
    assert [data for data, _ in heard] == [b"a", b"b", b"c"]
    assert heard[-1][1] == pytest.approx(took_s)
    for (_, at_s), expected in zip(heard, (0, took_s / 20, took_s), strict=True):
        assert at_s == pytest.approx(expected)


@pytest.mark.asyncio
async def test_units_that_are_late_are_heard_together(tmp_path: Path) -> None:
    path = capture(tmp_path / "a.pcap", (0, b"a"), (1, b"b"), (2, b"c"), (9, b"d"))
    clock = Clock()
    tap = PcapTap("mirror", [path], pace=1, sleep=clock.sleep, now_s=clock.read)
    assert [unit.data for unit in await tap.read()] == [b"a"]
    clock.now_s += 5
    assert [unit.data for unit in await tap.read()] == [b"b", b"c"]


@pytest.mark.asyncio
async def test_time_that_goes_back_in_the_file_waits_for_nothing(tmp_path: Path) -> None:
    path = capture(tmp_path / "a.pcap", (50, b"a"), (40, b"b"), (51, b"c"))
    clock = Clock()
    tap = PcapTap("mirror", [path], pace=1, sleep=clock.sleep, now_s=clock.read)
    assert [unit.data for unit in await everything(tap)] == [b"a", b"b", b"c"]
    assert clock.now_s == 101.0


@pytest.mark.asyncio
async def test_a_file_cut_short_is_heard_up_to_there(tmp_path: Path) -> None:
    path = capture(tmp_path / "a.pcap", (1, b"whole"), (2, b"cut off"))
    path.write_bytes(path.read_bytes()[:-3])
    tap = PcapTap("mirror", [path])
    assert [unit.data for unit in await everything(tap)] == [b"whole"]
    assert tap.lost().by_cause == (("pcap malformed", 1),)
    assert [place.offset for place in tap.malformed] == [24 + 16 + len(b"whole")]


@pytest.mark.asyncio
@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08 packed", b"INVITE sip:112@192.0.2.1"])
async def test_what_is_no_capture_is_named(tmp_path: Path, content: bytes) -> None:
    good = capture(tmp_path / "good.pcap", (1, b"a"))
    bad = tmp_path / "notes.txt"
    bad.write_bytes(content)
    tap = await open_tap("mirror", Config(files=(good, bad)))
    with pytest.raises(InputError, match=r"notes\.txt: "):
        await everything(tap)


@pytest.mark.asyncio
async def test_a_file_that_is_not_there_is_named_at_once(tmp_path: Path) -> None:
    good = capture(tmp_path / "good.pcap", (1, b"a"))
    with pytest.raises(InputError, match=r"gone\.pcap: No such file"):
        await open_tap("mirror", Config(files=(good, tmp_path / "gone.pcap")))


@pytest.mark.asyncio
async def test_bare_octets_of_a_timeslot(tmp_path: Path) -> None:
    path = tmp_path / "ts16.raw"
    path.write_bytes(b"\x7e" * 400)
    units = await everything(await open_tap("e1", Config(files=(path,), raw_timeslot_kbit=64)))
    assert [(unit.link, len(unit.data)) for unit in units] == [(150, 160), (150, 160), (150, 80)]
    assert [unit.at for unit in units] == [20_000_000, 40_000_000, 50_000_000]
