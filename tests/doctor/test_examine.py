# SPDX-License-Identifier: Apache-2.0
"""Everything is asked, once, under names that stay the same."""

import pkgutil
from importlib import import_module

from edge import doctor
from edge.doctor.examine import CHECKS, examine
from edge.doctor.patient import Patient
from tests.doctor.bed import Bed


def test_everything_that_can_be_asked_is(bed: Bed) -> None:
    rooms = [
        import_module(f"edge.doctor.{one.name}") for one in pkgutil.iter_modules(doctor.__path__)
    ]
    checks = {
        thing
        for room in rooms
        for name, thing in vars(room).items()
        if getattr(thing, "__module__", "") == room.__name__
        and not name.startswith("_")
        and getattr(thing, "__annotations__", {}).get("patient") is Patient
        and "Iterator" in str(thing.__annotations__["return"])
    }
    assert checks == set(CHECKS)
    names = [one.check for one in examine(bed.patient("core", "uplink"))]
    assert len(names) == len(set(names))
    assert {"clock", "disk", "units", "tap:mirror", "hub", "outbox", "certificate"} <= {*names}
