# SPDX-License-Identifier: Apache-2.0
"""Numbers on disk: whole or not there, as old as they are, and never believed unseen."""

import asyncio
import os
from pathlib import Path
from threading import Event, Thread

import msgspec
import pytest

from edge import counters
from edge.counting import Numbers
from edge.moment import Moments
from edge.report.event import Clock
from edge.seen.readings import MOST_OCTETS, Meter, Reading, Recorder, read

MOMENTS = Moments()


def recorder(folder: Path, numbers: Numbers | None = None, process: str = "core") -> Recorder:
    return Recorder(folder, Meter(process, numbers or Numbers(), MOMENTS))


def values(reading: Reading) -> dict[str, list[float]]:
    return {
        "/".join((series.declared.name, *series.labels)): series.values
        for series in reading.series()
    }


def test_what_is_written_is_read(tmp_path: Path) -> None:
    numbers = Numbers()
    numbers[counters.UNITS].of("mirror").value = 7
    numbers[counters.VERDICT_SECONDS].of().observe(0.25)
    recorder(tmp_path / "run", numbers).write()
    reading = read(tmp_path / "run")["core"]
    found = values(reading)
    assert found["qalqan_units_total/mirror"] == [7]
    assert found["qalqan_verdict_seconds"][-2:] == [1, 0.25]
    assert reading.pid == os.getpid()
    assert 0 <= reading.age_s(MOMENTS) < 5


def test_what_the_kernel_keeps_of_a_process(tmp_path: Path) -> None:
    recorder(tmp_path).write()
    found = values(read(tmp_path)["core"])
    with Path("/dev/null").open() as _, Path("/dev/null").open() as _:
        recorder(tmp_path).write()
        assert values(read(tmp_path)["core"])["qalqan_process_open_fds"][0] >= 2
    assert 5e6 < found["qalqan_process_resident_memory_bytes"][0] < 5e9
    assert found["qalqan_process_cpu_seconds_total"][0] > 0
    assert found["qalqan_process_start_time_seconds"][0] > 1.7e9
    qualities = [found[f"qalqan_clock_quality/{clock.value}"][0] for clock in Clock]
    assert sorted(qualities) == [0, 0, 1]


def test_what_is_counted_elsewhere_is_taken_over_before_each_reading() -> None:
    numbers = Numbers()
    heard = 0

    def look() -> None:
        numbers[counters.UNITS].of("mirror").value = heard

    meter = Meter("core", numbers, MOMENTS, look)
    heard = 9
    assert values(meter.reading())["qalqan_units_total/mirror"] == [9]


def test_a_reading_of_an_earlier_start_is_endlessly_old(tmp_path: Path) -> None:
    reading = Meter("core", Numbers(), MOMENTS).reading()
    earlier = msgspec.structs.replace(reading, boot="0123456789ab")
    assert earlier.age_s(MOMENTS) == float("inf")


GOOD = msgspec.json.encode(Meter("core", Numbers(), MOMENTS).reading())


@pytest.mark.parametrize(
    "octets",
    [
        b"", b"\0" * 100, b"{", GOOD[:-1], GOOD[: len(GOOD) // 2], b"[]", b"\xff" + GOOD,
        GOOD.replace(b'"v":1', b'"v":2'), GOOD.replace(b'"core"', b'"uplink"'), b"[" * 100_000,
        GOOD.replace(b"[[", b"[7,[", 1), GOOD + b" " * MOST_OCTETS,
    ],
    ids=[
        "empty", "zeros", "brace", "one octet short", "half", "another shape", "not UTF-8",
        "of another version", "another's name", "deep", "no series", "too large",
    ],
)  # fmt: skip
def test_what_is_not_whole_is_not_there(octets: bytes, tmp_path: Path) -> None:
    (tmp_path / "core.numbers").write_bytes(octets)
    recorder(tmp_path, process="uplink").write()
    assert list(read(tmp_path)) == ["uplink"]


def test_what_is_not_declared_so_is_passed_over(tmp_path: Path) -> None:
    reading = Meter("core", Numbers(), MOMENTS).reading()
    numbers: dict[str, list[tuple[tuple[str, ...], list[float]]]] = {
        "qalqan_units_total": [(("mirror",), [1]), ((), [2]), (("a", "b"), [3]), (("x",), [4, 5])],
        "qalqan_of_tomorrow_total": [((), [1])],
        "qalqan_verdict_seconds": [((), [1, 2, 3])],
    }
    odd = msgspec.structs.replace(reading, numbers=numbers)
    assert values(odd) == {"qalqan_units_total/mirror": [1]}


@pytest.mark.parametrize("name", ["447700900123", "Core", "", "..", "c" * 40])
def test_a_file_of_no_process(name: str, tmp_path: Path) -> None:
    reading = Meter(name, Numbers(), MOMENTS).reading()
    (tmp_path / f"{name}.numbers").write_bytes(msgspec.json.encode(reading))
    assert not read(tmp_path)


def test_no_folder_no_processes(tmp_path: Path) -> None:
    assert not read(tmp_path / "none")


def test_where_nothing_can_be_written_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file stands where the folder should")
    recorder(tmp_path / "run").write()
    assert not read(tmp_path / "run")


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    numbers = Numbers()
    for index in range(300):
        numbers[counters.UNITS].of(f"tap-{index}")
    writer, over = recorder(tmp_path, numbers), Event()
    writer.write()

    def write() -> None:
        for _ in range(200):
            writer.write()
        over.set()

    thread = Thread(target=write)
    thread.start()
    looks = 0
    while not over.is_set():
        assert list(read(tmp_path)) == ["core"]
        looks += 1
    thread.join()
    assert looks > 10


@pytest.mark.asyncio
async def test_each_second_and_once_more_at_the_end(tmp_path: Path) -> None:
    numbers = Numbers()
    looked = asyncio.Event()
    meter = Meter("core", numbers, MOMENTS, looked.set)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(Recorder(tmp_path, meter).forever())
        for _ in range(2):
            await looked.wait()
            looked.clear()
        numbers[counters.UNITS].of("mirror").value = 5
        task.cancel()
    assert values(read(tmp_path)["core"])["qalqan_units_total/mirror"] == [5]
