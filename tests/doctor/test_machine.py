# SPDX-License-Identifier: Apache-2.0
"""Clock, disk, heat, supply, watchdog and units, as the machine shows them."""

from collections import namedtuple
from pathlib import Path

import pytest

from edge.doctor import machine
from edge.doctor.machine import restarted
from tests.doctor.bed import Bed, lines


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def test_the_clock(bed: Bed) -> None:
    assert lines(machine.time(bed.patient())) == [("clock", "ok")]
    patient = bed.patient()
    patient.moments.now()
    bed.synced = False
    patient.moments._looked = None
    assert lines(machine.time(patient)) == [("clock", "warn")]
    assert lines(machine.time(bed.patient())) == [("clock", "fail")]


Stat = namedtuple("Stat", "f_bavail f_blocks")  # noqa: PYI024 - two fields of a real one


@pytest.mark.parametrize(
    ("free", "took_ms", "level"),
    [
        (50, 3.0, "ok"), (4, 3.0, "warn"), (0.5, 3.0, "fail"), (50, 150.0, "warn"),
        (50, 1500.0, "fail"),
    ],
)  # fmt: skip
def test_the_disk(
    bed: Bed, monkeypatch: pytest.MonkeyPatch, free: float, took_ms: float, level: str
) -> None:
    monkeypatch.setattr("os.statvfs", lambda _path: Stat(free * 10, 1000))
    monkeypatch.setattr(machine, "sync_ms", lambda _path: took_ms)
    assert lines(machine.disk(bed.patient())) == [("disk", level)]


def test_a_disk_that_is_timed_and_one_that_refuses(bed: Bed) -> None:
    assert machine.sync_ms(bed.folder / "probe") > 0
    assert not (bed.folder / "probe").exists()
    patient = bed.patient()
    gone = patient._replace(places=patient.places._replace(state=bed.folder / "gone"))
    assert lines(machine.disk(gone)) == [("disk", "fail")]


@pytest.mark.parametrize(
    ("degrees", "level"), [(["54000"], "ok"), (["54000", "78000"], "warn"), (["86000"], "fail")]
)
def test_the_heat(bed: Bed, degrees: list[str], level: str) -> None:
    assert lines(machine.temperature(bed.patient())) == []
    for number, text in enumerate(degrees):
        put(bed.folder / f"sys/class/thermal/thermal_zone{number}/temp", text)
    assert lines(machine.temperature(bed.patient())) == [("temperature", level)]


@pytest.mark.parametrize(("alarm", "level"), [("0", "ok"), ("1", "fail")])
def test_the_supply_of_a_raspberry_pi(bed: Bed, alarm: str, level: str) -> None:
    put(bed.folder / "sys/class/hwmon/hwmon0/name", "acpitz")
    assert lines(machine.supply(bed.patient())) == []
    put(bed.folder / "sys/class/hwmon/hwmon1/name", "rpi_volt")
    put(bed.folder / "sys/class/hwmon/hwmon1/in0_lcrit_alarm", alarm)
    assert lines(machine.supply(bed.patient())) == [("supply", level)]


@pytest.mark.parametrize(
    ("state", "level"), [(None, "warn"), ("inactive", "warn"), ("active", "ok")]
)
def test_the_watchdog(bed: Bed, state: str | None, level: str) -> None:
    if state:
        put(bed.folder / "sys/class/watchdog/watchdog0/state", state)
    assert lines(machine.watchdog(bed.patient())) == [("watchdog", level)]


SHOWN = "Id=qalqan-core.service\nNRestarts=3\n\nId=qalqan-uplink.service\nNRestarts=0\n"


@pytest.mark.parametrize(
    ("failed", "shown", "found"),
    [
        ("", "", [("units", "ok")]),
        ("x.service loaded failed\n", "", [("units", "fail")]),
        ("", SHOWN, [("restarts", "warn")]),
        ("x.service loaded failed\n", SHOWN, [("units", "fail"), ("restarts", "warn")]),
        (None, "", [("units", "warn")]),
    ],
)
def test_the_units(bed: Bed, failed: str | None, shown: str, found: list[tuple[str, str]]) -> None:
    def systemctl(*words: str) -> str:
        if failed is None:
            raise OSError("no systemd")
        return failed if "list-units" in words else shown

    bed.systemd = systemctl
    assert lines(machine.units(bed.patient())) == found


def test_what_systemctl_shows() -> None:
    assert restarted(SHOWN) == [("qalqan-core", 3)]
    assert restarted("NRestarts=\n\nnoise") == []
