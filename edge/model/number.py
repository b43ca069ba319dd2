# SPDX-License-Identifier: Apache-2.0
"""Words for telephone numbers: as heard, in normal form, and what kind of number it is.

The plan itself and the one function that normalises live in `edge.numbering`.
"""

from enum import Enum

import msgspec


class Nature(Enum):
    """Nature of address (Q.763 3.9 b, Q.931 type of number), or the form of a SIP or tel URI."""

    UNKNOWN = "unknown"
    SUBSCRIBER = "subscriber"
    NATIONAL = "national"
    INTERNATIONAL = "international"
    NETWORK_SPECIFIC = "network-specific"
    ABBREVIATED = "abbreviated"


class Presentation(Enum):
    """Whether the number may be shown to the called party (Q.763 3.10 e, RFC 3323)."""

    ALLOWED = "allowed"
    RESTRICTED = "restricted"
    UNAVAILABLE = "unavailable"


class Screening(Enum):
    """Who vouches for the number (Q.763 3.10 f)."""

    UNKNOWN = "unknown"
    USER_NOT_VERIFIED = "user-not-verified"
    USER_PASSED = "user-passed"
    USER_FAILED = "user-failed"
    NETWORK = "network"


class Kind(Enum):
    """What the number is used for, by the numbering plan."""

    FIXED = "fixed"
    MOBILE = "mobile"
    NON_GEOGRAPHIC = "non-geographic"
    TOLL_FREE = "toll-free"
    PREMIUM = "premium"
    EMERGENCY = "emergency"
    SHORT_CODE = "short-code"
    FOREIGN = "foreign"
    UNALLOCATED = "unallocated"
    UNKNOWN = "unknown"


class Refusal(Enum):
    """Why a number has no normal form."""

    ABSENT = "absent"
    NOT_DIGITS = "not-digits"
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    NO_COUNTRY = "no-such-country-code"
    INCOMPLETE = "incomplete"


class Number(msgspec.Struct, frozen=True, gc=False):
    """A number in normal form, or the named reason why it has none."""

    raw: str
    "Exactly as heard, fillers removed, nothing else."
    e164: str = ""
    "Digits with country code, no plus sign; for a short code the code itself; empty if refused."
    kind: Kind = Kind.UNKNOWN
    country: str = ""
    "ISO 3166 alpha-2; `KZ`, `RU`, or `KZ/RU` for the shared codes of zone 7."
    refusal: Refusal | None = None
    repaired: str = ""
    "Names the repair that was needed (`810 prefix under nature international`), else empty."


class Party(msgspec.Struct, frozen=True, gc=False):
    """One identity that a message carried, in the role it carried it."""

    role: str
    """`calling`, `called`, `redirecting`, `original-called`, `generic`, `location`, or for SIP the
    header: `from`, `to`, `request-uri`, `p-asserted-identity`, `p-preferred-identity`,
    `remote-party-id`, `diversion`, `history-info`."""
    number: Number
    nature: Nature = Nature.UNKNOWN
    presentation: Presentation = Presentation.ALLOWED
    screening: Screening = Screening.UNKNOWN
    display: str = ""
    host: str = ""
    "Host part of a SIP URI; empty on E1."
    uri: str = ""
    "The URI as heard; empty on E1."
