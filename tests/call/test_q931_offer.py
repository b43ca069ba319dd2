# SPDX-License-Identifier: Apache-2.0
"""Of two calling numbers, the one that nobody vouches for is the user's own word."""

import pytest

from edge.call.q931_offer import identities
from edge.decode.heard import HeardNumber
from edge.model.number import Nature, Screening

OWN, PASSED, NETWORK = Screening.USER_NOT_VERIFIED, Screening.USER_PASSED, Screening.NETWORK


def number(role: str, screening: Screening) -> HeardNumber:
    return HeardNumber(role, "7172000001", Nature.NATIONAL, 2, 1, screening=screening)


@pytest.mark.parametrize(
    ("screenings", "roles"),
    [
        ((OWN,), ["calling"]),
        ((NETWORK,), ["calling"]),
        ((OWN, NETWORK), ["generic", "calling"]),
        ((NETWORK, OWN), ["calling", "generic"]),
        ((Screening.UNKNOWN, PASSED), ["generic", "calling"]),
        ((OWN, OWN), ["calling", "calling"]),
        ((NETWORK, PASSED), ["calling", "calling"]),
    ],
)
def test_calling_numbers(screenings: tuple[Screening, ...], roles: list[str]) -> None:
    numbers = [number("calling", screening) for screening in screenings]
    assert [one.role for one in identities(numbers)] == roles


def test_other_roles() -> None:
    roles = ["called", "redirecting", "connected", "redirection"]
    found = identities([number(role, OWN) for role in roles])
    assert [one.role for one in found] == ["called", "redirecting"]
