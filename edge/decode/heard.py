# SPDX-License-Identifier: Apache-2.0
"""A telephone number as ISUP and Q.931 carry it: the digits and everything said about them."""

from typing import ClassVar

import msgspec

from edge.model.number import Nature, Number, Party, Presentation, Screening

PRESENTATIONS = (
    Presentation.ALLOWED,
    Presentation.RESTRICTED,
    Presentation.UNAVAILABLE,
    Presentation.UNAVAILABLE,
)
"By the two bits that ISUP (Q.763 3.10 e) and Q.931 (table 4-11) share; the last is spare."
SCREENINGS = (
    Screening.USER_NOT_VERIFIED,
    Screening.USER_PASSED,
    Screening.USER_FAILED,
    Screening.NETWORK,
)
"By the two bits they share (Q.763 3.10 f, Q.931 table 4-11)."
PLANS = {
    0: "unknown", 1: "E.164", 3: "X.121", 4: "F.69", 5: "private", 6: "national", 8: "national",
    9: "private",
}  # fmt: skip
"ISUP uses 5 and 6 (Q.763 3.9 d), Q.931 uses 8 and 9 (table 4-9)."


class HeardNumber(msgspec.Struct, frozen=True, gc=False):
    """One number in the role it was heard in."""

    role: str
    "As `Party.role`; beside those `subsequent`, `redirection`, `connected`, `transfer`."
    digits: str
    "Fillers and end-of-dialling mark removed; codes 10 to 15 as `A` to `F` on ISUP."
    nature: Nature
    nature_code: int
    "As on the wire: national natures have no name."
    plan: int
    presentation: Presentation = Presentation.ALLOWED
    screening: Screening = Screening.UNKNOWN
    ended: bool = False
    "The end-of-dialling mark (ST) was heard: no digits will follow."
    incomplete: bool = False
    "NI of a calling or generic number (Q.763 3.10 c)."
    no_internal: bool = False
    "INN: routing to an internal network number is not allowed (Q.763 3.9 c)."
    qualifier: int = -1
    "Number qualifier of a generic number (Q.763 3.26 a); -1 elsewhere."
    reason: int = -1
    "Reason for redirection in a Q.931 redirecting number; -1 elsewhere."

    def party(self) -> Party:
        """Return the number as an identity; its normal form is yet to be found."""
        number = Number(self.digits)
        return Party(self.role, number, self.nature, self.presentation, self.screening)

    def fields(self) -> dict[str, object]:
        """Return what was heard, ready for JSON; what this kind of number cannot say is absent."""
        found: dict[str, object] = {
            "digits": self.digits,
            "nature": self.nature.value,
            "nature_code": self.nature_code,
            "plan": PLANS.get(self.plan, str(self.plan)),
            "presentation": self.presentation.value,
        }
        if self.screening is not Screening.UNKNOWN:
            found["screening"] = self.screening.value
        marks = {"ended": self.ended, "incomplete": self.incomplete, "inn": self.no_internal}
        found |= {name: True for name, said in marks.items() if said}
        codes = {"qualifier": self.qualifier, "reason": self.reason}
        return found | {name: code for name, code in codes.items() if code >= 0}


class Numbered:
    """What ISUP and Q.931 messages have alike: the numbers they carry."""

    identities: ClassVar[frozenset[str]]
    "Roles of numbers that are identities: those that a `Party` knows."
    numbers: tuple[HeardNumber, ...]
    "In the order heard."

    def number(self, role: str) -> HeardNumber | None:
        """Return the first number heard in this role."""
        return next((number for number in self.numbers if number.role == role), None)

    @property
    def calling(self) -> str:
        """Digits of the first calling party number."""
        number = self.number("calling")
        return number.digits if number else ""

    @property
    def parties(self) -> tuple[Party, ...]:
        """Every identity the message carries, in its order; normal forms are yet to be found."""
        return tuple(one.party() for one in self.numbers if one.role in self.identities)
