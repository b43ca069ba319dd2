# SPDX-License-Identifier: Apache-2.0
"""In which role each number of a SETUP stands (Q.931 sections 4.5.8, 4.5.10; Q.951, Q.952)."""

from collections.abc import Sequence

from msgspec.structs import replace

from edge.decode.heard import HeardNumber
from edge.model.number import Screening

ROLES = frozenset({"calling", "called", "redirecting"})


def identities(numbers: Sequence[HeardNumber]) -> list[HeardNumber]:
    """Return the numbers that name a party.

    Of two calling numbers one is the user's own word, not screened: it is `generic`, as ISUP would
    carry it. So a call is the same on either side of an exchange.
    """
    found = [number for number in numbers if number.role in ROLES]
    calling = [number for number in found if number.role == "calling"]
    if all(map(_is_claimed, calling)):
        return found
    return [
        replace(number, role="generic")
        if number.role == "calling" and len(calling) > 1 and _is_claimed(number)
        else number
        for number in found
    ]


def _is_claimed(number: HeardNumber) -> bool:
    return number.screening in {Screening.USER_NOT_VERIFIED, Screening.UNKNOWN}
