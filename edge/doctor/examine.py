# SPDX-License-Identifier: Apache-2.0
"""Asks everything that the doctor asks, in the order in which people mend it."""

from collections.abc import Callable, Iterator

from edge.doctor import hearing, hub, lists, machine
from edge.doctor.finding import Finding
from edge.doctor.patient import Patient

CHECKS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    machine.time, machine.disk, machine.temperature, machine.supply, machine.watchdog,
    machine.units, hearing.processes, hearing.taps, hearing.drops, hearing.ways, hearing.stopped,
    lists.lists, hub.certificate, hub.hub, hub.rights, hub.outbox,
)  # fmt: skip


def examine(patient: Patient) -> list[Finding]:
    """Return what was found."""
    return [finding for check in CHECKS for finding in check(patient)]
