# SPDX-License-Identifier: Apache-2.0
"""Asks everything that the doctor asks, in the order in which people mend it."""

from collections.abc import Callable, Iterator

from edge.doctor import hearing, hub, lists, machine, page
from edge.doctor.finding import Finding
from edge.doctor.patient import Patient

CHECKS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    machine.time, machine.disk, machine.temperature, machine.supply, machine.watchdog,
    machine.units, hearing.processes, hearing.taps, hearing.drops, hearing.ways, hearing.stopped,
    lists.lists, lists.signatures, hub.certificate, page.certificate, hub.hub, hub.rights,
    hub.outbox,
)  # fmt: skip

AT_THE_BOX = (
    machine.disk, machine.units, lists.signatures, hub.certificate, page.certificate,
)  # fmt: skip
"What takes the right to write, to ask systemd, or to read keys and what came with them."
SEEN = tuple(check for check in CHECKS if check not in AT_THE_BOX)
"What can be asked with the rights of the page."


def examine(
    patient: Patient, checks: tuple[Callable[[Patient], Iterator[Finding]], ...] = CHECKS
) -> list[Finding]:
    """Return what was found."""
    return [finding for check in checks for finding in check(patient)]
