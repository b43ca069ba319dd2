# SPDX-License-Identifier: Apache-2.0
"""What hears and stops calls: processes, taps, gates, enforcers."""

from collections.abc import Iterator

from edge import counters, plugins
from edge.doctor.finding import Counts, Finding, fail, ok, warn
from edge.doctor.patient import Patient
from edge.ports import Trait
from edge.update.facts import expected_of

BELOW = frozenset({
    "ring full", "unread", "interface missed", "interface dropped", "hep buffer full",
})  # fmt: skip
"Causes of loss that the kernel or the network card counts, before we have seen anything."
PROBES = frozenset({"e1_serial", "gth", "osmo_e1d"})
"Drivers that hear a line by a device of its own."


def processes(patient: Patient) -> Iterator[Finding]:
    """Yield whether each process runs."""
    for name in expected_of(patient.config):
        reading = patient.readings.get(name)
        if reading:
            yield ok(
                f"process:{name}", "runs, {software}, pid {pid:d}",
                software=reading.software, pid=reading.pid,
            )  # fmt: skip
        else:
            yield fail(
                f"process:{name}", "does not run",
                "journalctl -b -u qalqan-{process} says why; systemctl restart qalqan-{process}",
                process=name,
            )  # fmt: skip


def taps(patient: Patient) -> Iterator[Finding]:
    """Yield whether each tap hears."""
    if not patient.config.tap:
        yield fail("taps", "none is configured", "add a table [tap.NAME] with a driver")
    for name, part in patient.config.tap.items():
        check, units = f"tap:{name}", int(patient.value(counters.UNITS, name))
        is_open = bool(patient.value(counters.PART_UP, name))
        live = plugins.load("taps", part.driver).trait is Trait.LIVE
        if not is_open and live:
            yield fail(
                check, "is not open",
                "journalctl -b -u qalqan-core says why: the port's name, its cable, its rights",
            )  # fmt: skip
        elif not is_open:
            yield ok(check, "is a capture, and not open")
        elif not units:
            yield warn(
                check, "is open and has heard nothing yet",
                "see that the switch mirrors both directions to this port: qalqan taps watch",
            )  # fmt: skip
        else:
            yield ok(check, "has heard {units} units", units=units)


def drops(patient: Patient) -> Iterator[Finding]:
    """Yield what was lost below each tap, and within."""
    for name, part in patient.config.tap.items():
        lost = Counts(
            (one.labels[1], int(one.values[0]))
            for one in sorted(patient.series(counters.UNITS_LOST), key=lambda one: one.labels)
            if one.labels[0] == name and one.values[0]
        )
        if not lost:
            yield ok(f"drops:{name}", "nothing was lost")
        elif lost.keys() & BELOW:
            yield warn(
                f"drops:{name}", "lost units: {lost}",
                "mirror signalling alone, give the tap a larger ring, or use a faster board",
                lost=lost,
            )  # fmt: skip
        elif part.driver in PROBES:
            yield warn(
                f"drops:{name}", "lost units: {lost}",
                "look at the probe, its cable and its clock: qalqan taps watch", lost=lost,
            )  # fmt: skip
        elif part.driver == "hep":
            yield warn(
                f"drops:{name}", "lost units: {lost}",
                "see who sends to this tap, and with which key: qalqan taps watch", lost=lost,
            )  # fmt: skip
        else:
            yield warn(
                f"drops:{name}", "lost units: {lost}",
                "pieces came without the others: mirror both ways", lost=lost,
            )  # fmt: skip


def ways(patient: Patient) -> Iterator[Finding]:
    """Yield whether each gate is open and each switch can be told."""
    for kind, parts in (("gate", patient.config.gate), ("enforcer", patient.config.enforcer)):
        for name in parts:
            check = f"{kind}:{name}"
            if patient.value(counters.PART_UP, name):
                yield ok(check, "is there")
            else:
                yield fail(
                    check, "is away: its calls go through",
                    "see its address and [box] switches; journalctl -b -u qalqan-core",
                )  # fmt: skip


def stopped(patient: Patient) -> Iterator[Finding]:
    """Yield whether somebody has stopped all stopping."""
    if patient.places.stop.exists() or patient.config.enforce.stop:
        yield warn(
            "enforcement", "is stopped: every trunk is only observed",
            "`qalqan trunk go` ends it, unless [enforce] stop is set",
        )  # fmt: skip
    else:
        yield ok("enforcement", "is as each trunk's mode says")
