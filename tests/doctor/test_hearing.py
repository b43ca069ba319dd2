# SPDX-License-Identifier: Apache-2.0
"""Processes, taps, losses, ways to switches."""

import pytest

from edge import counters
from edge.doctor import hearing
from tests.doctor.bed import TOML, Bed, lines

WAYS = """
[gate.switch]
driver = "sip_redirect"
port = 5070
peers = ["127.0.0.1/32"]
[enforcer.exchange]
driver = "observe"
"""


def test_the_processes(bed: Bed) -> None:
    bed.say("core", counters.PART_UP, 1, "mirror")
    assert lines(hearing.processes(bed.patient("core"))) == [
        ("process:core", "ok"), ("process:uplink", "fail"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("up", "units", "level"), [(0, 0, "fail"), (0, 9, "fail"), (1, 0, "warn"), (1, 9, "ok")]
)
def test_a_tap(bed: Bed, up: int, units: int, level: str) -> None:
    bed.say("core", counters.PART_UP, up, "mirror")
    bed.say("core", counters.UNITS, units, "mirror")
    assert lines(hearing.taps(bed.patient("core"))) == [("tap:mirror", level)]


def test_a_capture_that_has_ended_is_no_fault(bed: Bed) -> None:
    live = '[tap.mirror]\ndriver = "memory"\n'
    bed.toml = bed.toml.replace(live, live.replace("memory", "pcap") + 'files = ["a.pcap"]\n')
    assert lines(hearing.taps(bed.patient("core"))) == [("tap:mirror", "ok")]
    bed.toml = TOML.replace(live, "")
    assert lines(hearing.taps(bed.patient("core"))) == [("taps", "fail")]


@pytest.mark.parametrize(
    ("cause", "level", "hint"),
    [(None, "ok", ""), ("ring full", "warn", "a larger ring"), ("fragment", "warn", "both ways")],
)
def test_what_was_lost(bed: Bed, cause: str | None, level: str, hint: str) -> None:
    if cause:
        bed.say("core", counters.UNITS_LOST, 7, "mirror", cause)
        bed.say("core", counters.UNITS_LOST, 7, "another", "ring full")
    (found,) = hearing.drops(bed.patient("core"))
    assert (found.check, found.level.value, hint in found.hint) == ("drops:mirror", level, True)


@pytest.mark.parametrize(
    ("driver", "cause", "hint"),
    [
        ('"e1_serial"\nport = "/dev/ttyUSB0"', "sequence gap", "look at the probe"),
        ('"hep"\nlisten = "127.0.0.1"', "hep wrong key", "with which key"),
        ('"hep"\nlisten = "127.0.0.1"', "hep buffer full", "a faster board"),
    ],
)
def test_what_is_done_about_a_loss_hangs_on_the_tap(
    bed: Bed, driver: str, cause: str, hint: str
) -> None:
    bed.toml = bed.toml.replace('"memory"', driver)
    bed.say("core", counters.UNITS_LOST, 7, "mirror", cause)
    (found,) = hearing.drops(bed.patient("core"))
    assert hint in found.hint


@pytest.mark.parametrize(("up", "level"), [(1, "ok"), (0, "fail")])
def test_ways_to_switches(bed: Bed, up: int, level: str) -> None:
    bed.more = WAYS
    for name in ("switch", "exchange"):
        bed.say("core", counters.PART_UP, up, name)
    assert lines(hearing.ways(bed.patient("core"))) == [
        ("gate:switch", level), ("enforcer:exchange", level),
    ]  # fmt: skip


def test_somebody_has_stopped_all_stopping(bed: Bed) -> None:
    assert lines(hearing.stopped(bed.patient())) == [("enforcement", "ok")]
    (bed.folder / "stop").touch()
    assert lines(hearing.stopped(bed.patient())) == [("enforcement", "warn")]
    (bed.folder / "stop").unlink()
    bed.more = "[enforce]\nstop = true\n"
    assert lines(hearing.stopped(bed.patient())) == [("enforcement", "warn")]
