# SPDX-License-Identifier: Apache-2.0
"""A generic number stands for what its qualifier says, and for nothing else."""

import pytest

from edge.call.isup_offer import identities
from edge.decode.heard import HeardNumber
from edge.model.number import Nature


def number(role: str, qualifier: int = -1) -> HeardNumber:
    return HeardNumber(role, "442079460123", Nature.INTERNATIONAL, 4, 1, qualifier=qualifier)


@pytest.mark.parametrize(
    ("qualifier", "roles"),
    [
        (0, []),
        (1, ["called"]),
        (5, []),
        (6, ["generic"]),
        (7, ["original-called"]),
        (8, ["redirecting"]),
        (9, []),
        (255, []),
    ],
)
def test_a_generic_number(qualifier: int, roles: list[str]) -> None:
    assert [one.role for one in identities([number("generic", qualifier)])] == roles


def test_others_keep_their_role_or_are_no_party() -> None:
    roles = ["called", "calling", "location", "connected", "redirecting", "called-in", "transfer"]
    found = identities([number(role) for role in roles])
    assert [one.role for one in found] == ["called", "calling", "location", "redirecting"]
