# SPDX-License-Identifier: Apache-2.0
"""In which role each number of an IAM stands (Q.763 sections 3.9, 3.10, 3.26, 3.30, 3.39, 3.45)."""

from collections.abc import Sequence

from msgspec.structs import replace

from edge.decode.heard import HeardNumber

ROLES = frozenset({"calling", "called", "redirecting", "original-called", "generic", "location"})

QUALIFIED = {
    1: "called",
    2: "generic",
    3: "generic",
    6: "generic",
    7: "original-called",
    8: "redirecting",
}
"""Number qualifier (Q.763 3.26 a): additional called; supplemental calling, two kinds; additional
calling; additional original called; additional redirecting. Others name no party of an offer."""


def identities(numbers: Sequence[HeardNumber]) -> list[HeardNumber]:
    """Return the numbers that name a party; a generic number by what it qualifies.

    An additional calling party number is the caller's own word, whom the network does not vouch
    for: it keeps the role `generic`. A stray qualifier takes nothing away from the rules.
    """
    found = (
        replace(number, role=QUALIFIED.get(number.qualifier, ""))
        if number.role == "generic"
        else number
        for number in numbers
    )
    return [number for number in found if number.role in ROLES]
