# SPDX-License-Identifier: Apache-2.0
"""A bundle that says of itself something else than was signed is not installed."""

import pytest

from edge.update.install import Bundle, Slot, Status, check_bundle
from edge.update.state import Failed
from tests.update.test_manifest import PRODUCT, release

GOOD = Bundle(PRODUCT, "1.2.0", "verity", "5" * 64)


def test_the_one_that_was_signed_is_right() -> None:
    check_bundle(GOOD, release())


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"format": "plain"}, "plain-bundle"),
        ({"format": ""}, "plain-bundle"),
        ({"compatible": "qalqan-edge-arm64"}, "wrong-product"),
        ({"version": "1.1.0"}, "bad-bundle"),
    ],
)
def test_another_is_named(fields: dict, why: str) -> None:
    with pytest.raises(Failed) as refused:
        check_bundle(GOOD._replace(**fields), release())
    assert refused.value.why == why


def test_slots_are_the_one_that_runs_and_the_other() -> None:
    slots = (Slot("system.0", "A", False, True), Slot("system.1", "B", True, True))
    assert (Status(PRODUCT, slots).booted, Status(PRODUCT, slots).other) == ("B", "A")
    assert (Status(PRODUCT, ()).booted, Status(PRODUCT, ()).other) == ("", "")
