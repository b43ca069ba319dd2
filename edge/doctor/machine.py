# SPDX-License-Identifier: Apache-2.0
"""The machine: clock, disk, temperature, supply, watchdog, units."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median

from edge import clock
from edge.doctor.finding import Counts, Finding, Value, fail, ok, warn
from edge.doctor.patient import Patient
from edge.report.event import Clock
from edge.update.facts import failed

LEAST_FREE = 0.05
FULL = 0.01
SLOW_MS = 100.0
VERY_SLOW_MS = 1000.0
SYNCS = 5
HOT_C = 75.0
TOO_HOT_C = 85.0
OCTETS = 4096
PROBE = ".doctor"
SYNC = "{free:.0%} free, a sync takes {took_ms:.1f} ms"
AIR = "give it air: clean its fan, and let it hang free"
ARM = "enable it in the firmware; `RuntimeWatchdogSec=` of systemd arms it"


def time(patient: Patient) -> Iterator[Finding]:
    """Yield whether the clock can be believed."""
    now = patient.moments.now()
    if now.clock is Clock.SYNCED:
        yield ok("clock", "is kept by a time server")
    elif now.clock is Clock.HOLDOVER:
        yield warn(
            "clock", "was kept since the start, and is not now",
            "see that the time servers of [box.port] are reached: timedatectl timesync-status",
        )  # fmt: skip
    else:
        yield fail(
            "clock", "nobody has set it: records carry no time that stands",
            "name a time server in [box.port.NAME] ntp, and let UDP 123 through to it",
        )  # fmt: skip


def disk(patient: Patient) -> Iterator[Finding]:
    """Yield whether the data partition takes files, how fast, and how much more."""
    folder = patient.places.state
    try:
        stat = os.statvfs(folder)
        took_ms = median(sync_ms(folder / PROBE) for _ in range(SYNCS))
    except OSError as refusal:
        yield fail(
            "disk", "takes no file in {folder}: {why}",
            "run as root; if it is read-only, the disk is failing: dmesg, and exchange it",
            folder=str(folder), why=str(refusal.strerror),
        )  # fmt: skip
        return
    free = stat.f_bavail / max(stat.f_blocks, 1)
    values: dict[str, Value] = {"free": free, "took_ms": took_ms}
    if free < FULL:
        yield fail(
            "disk", SYNC,
            "calls that are to be stopped go through: keep evidence for fewer days ([report]"
            " evidence_days)", **values,
        )  # fmt: skip
    elif took_ms > VERY_SLOW_MS:
        yield fail(
            "disk", SYNC, "the disk is failing, or another writes to it: exchange it", **values
        )
    elif free < LEAST_FREE or took_ms > SLOW_MS:
        yield warn(
            "disk", SYNC,
            "connect the hub, or keep evidence for fewer days ([report] evidence_days); if it is"
            " slow: dmesg", **values,
        )  # fmt: skip
    else:
        yield ok("disk", SYNC, **values)


def sync_ms(path: Path) -> float:
    """Return how long a file of a few octets takes to be on disk. Raises `OSError`."""
    began_s = clock.monotonic_s()
    with path.open("wb") as out:
        out.write(os.urandom(OCTETS))
        out.flush()
        os.fsync(out.fileno())
    took_s = clock.monotonic_s() - began_s
    path.unlink()
    return took_s * 1000


def temperature(patient: Patient) -> Iterator[Finding]:
    """Yield how warm the machine is, where it says so."""
    found = []
    for zone in sorted((patient.sys / "class" / "thermal").glob("thermal_zone*/temp")):
        with suppress(OSError, ValueError):
            found.append(int(zone.read_text(encoding="ascii")) / 1000)
    if not found:
        return
    if max(found) >= TOO_HOT_C:
        yield fail("temperature", "is {hot:.0f} °C: it slows itself down", AIR, hot=max(found))
    elif max(found) >= HOT_C:
        yield warn("temperature", "is {hot:.0f} °C", AIR, hot=max(found))
    else:
        yield ok("temperature", "is {hot:.0f} °C", hot=max(found))


def supply(patient: Patient) -> Iterator[Finding]:
    """Yield whether a Raspberry Pi has had too little voltage since its start."""
    for name in sorted((patient.sys / "class" / "hwmon").glob("hwmon*/name")):
        with suppress(OSError):
            if name.read_text(encoding="ascii").strip() != "rpi_volt":
                continue
            low = (name.parent / "in0_lcrit_alarm").read_text(encoding="ascii").strip()
            if low == "0":
                yield ok("supply", "has had enough voltage")
            else:
                yield fail(
                    "supply", "has had too little voltage",
                    "use the board's own supply, 5.1 V and 3 A, and a short cable",
                )  # fmt: skip


def watchdog(patient: Patient) -> Iterator[Finding]:
    """Yield whether the hardware restarts a machine that hangs."""
    found = []
    for state in sorted((patient.sys / "class" / "watchdog").glob("watchdog*/state")):
        with suppress(OSError):
            found.append(state.read_text(encoding="ascii").strip())
    if "active" in found:
        yield ok("watchdog", "the hardware restarts this machine if it hangs")
    elif found:
        yield warn("watchdog", "it is not armed", ARM)
    else:
        yield warn("watchdog", "there is none", ARM)


def units(patient: Patient) -> Iterator[Finding]:
    """Yield whether systemd has all of it running, and what was started again and again."""
    broken = failed(patient.run)
    if broken is None:
        yield warn("units", "systemd does not answer", "on a desk that is so: `qalqan run`")
        return
    if broken:
        yield fail(
            "units", "failed: {units}", "journalctl -b -u {unit} says why",
            units=", ".join(broken), unit=broken[0],
        )  # fmt: skip
    words = ("systemctl", "show", "--property=Id,NRestarts", "qalqan-core", "qalqan-uplink")
    again = []
    with suppress(OSError):
        again = restarted(patient.run(*words, "qalqan-page"))
    if again:
        yield warn(
            "restarts", "started anew: {units}", "journalctl -b -u {unit} says why",
            units=Counts(again), unit=again[0][0],
        )  # fmt: skip
    if not broken and not again:
        yield ok("units", "none has failed, none was started anew")


def restarted(shown: str) -> list[tuple[str, int]]:
    """Return the units that were started anew, and how often, from what `systemctl show` says."""
    found = []
    for block in shown.strip().split("\n\n"):
        facts = dict(line.partition("=")[::2] for line in block.splitlines())
        times = facts.get("NRestarts", "0")
        if times.isdecimal() and int(times):
            found.append((facts.get("Id", "?").removesuffix(".service"), int(times)))
    return found
