# SPDX-License-Identifier: Apache-2.0
"""Numbers of all processes of a box are found under their labels."""

from edge import counters
from tests.doctor.bed import Bed


def test_numbers_of_whoever_runs(bed: Bed) -> None:
    bed.say("core", counters.PART_UP, 1, "mirror")
    bed.say("core", counters.OUTBOX_EVENTS, 2, "call")
    bed.say("uplink", counters.OUTBOX_EVENTS, 3, "call")
    patient = bed.patient("core")
    assert patient.value(counters.PART_UP, "mirror") == 1
    assert patient.value(counters.PART_UP, "another") == 0
    assert patient.value(counters.OUTBOX_EVENTS, "call") == 2
    assert bed.patient("core", "uplink").value(counters.OUTBOX_EVENTS, "call") == 5
