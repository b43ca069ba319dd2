# SPDX-License-Identifier: Apache-2.0
"""The numbering plan of zone 7 (Kazakhstan and Russia) as tables, each row with its source.

A code is the three digits after country code 7. Whose it is comes from the agreement of the two
states; what it is used for comes from the plan's use as published. Nothing here is decided by code.
"""

from collections.abc import Iterator

import msgspec

from edge.model.number import Kind


class Source(msgspec.Struct, frozen=True):
    """Where a row comes from, and of when that is."""

    name: str
    dated: str


AGREEMENT = Source(
    "Agreement of Kazakhstan and Russia on the codes of zone 7, signed at Astana 27-11-2024",
    "2025-11-17, approved by resolution 975 of the Government of Kazakhstan",
)
METADATA = Source("libphonenumber metadata, regions KZ and RU", "release 9.0.43")
DIVISION = Source("Published division of 7xx: 71x, 72x geographic; 75x, 76x not", "since 2006")
STATE_PORTAL = Source("egov.kz, emergency number 112 and the services beside it", "2021-09-08")
CITY_SERVICE = Source("astana.gov.kz, city service centre iKomek 109", "2025-12-05")
TWO_DIGITS = Source("Two-digit forms kept beside 101-104 in fixed networks of Russia", "2013-08-12")


class Allocation(msgspec.Struct, frozen=True):
    """Consecutive codes, and the state they belong to."""

    first: str
    last: str
    country: str
    source: Source = AGREEMENT


KZ, RU, SHARED = "KZ", "RU", "KZ/RU"
RESERVE = "reserve"
"Held back by both states: no number can exist there."

ALLOCATIONS = (
    Allocation("000", "099", KZ),
    Allocation("100", "199", SHARED),
    Allocation("200", "299", RU),
    Allocation("300", "399", RU),
    Allocation("400", "499", RU),
    Allocation("500", "599", RU),
    Allocation("600", "699", KZ),
    Allocation("700", "799", KZ),
    Allocation("800", "809", SHARED),
    Allocation("810", "818", RU),
    Allocation("819", "819", RESERVE),
    Allocation("820", "821", RU),
    Allocation("822", "830", RESERVE),
    Allocation("831", "831", RU),
    Allocation("832", "832", RESERVE),
    Allocation("833", "836", RU),
    Allocation("837", "839", RESERVE),
    Allocation("840", "848", RU),
    Allocation("849", "849", RESERVE),
    Allocation("850", "851", RU),
    Allocation("852", "854", RESERVE),
    Allocation("855", "857", RU),
    Allocation("858", "859", RESERVE),
    Allocation("860", "863", RU),
    Allocation("864", "864", RESERVE),
    Allocation("865", "867", RU),
    Allocation("868", "868", RESERVE),
    Allocation("869", "869", RU),
    Allocation("870", "870", RESERVE),
    Allocation("871", "873", RU),
    Allocation("874", "876", RESERVE),
    Allocation("877", "880", RU),
    Allocation("881", "899", SHARED),
    Allocation("900", "999", RU),
)


class Use(msgspec.Struct, frozen=True):
    """Consecutive codes, and what they are used for; a later row refines an earlier one."""

    first: str
    last: str
    kind: Kind
    name: str
    source: Source


# A code without a row (KZ 0xx and 6xx, RU 2xx and 5xx, shared 1xx, and some more) is a state's, but
# no source says what is open there: `Kind.UNKNOWN`. Within 7xx the open codes are known, so the
# rest is known to be closed: `Kind.UNALLOCATED`.
USES = (
    Use("700", "799", Kind.UNALLOCATED, "not assigned", METADATA),
    Use("700", "702", Kind.MOBILE, "mobile", METADATA),
    Use("705", "708", Kind.MOBILE, "mobile", METADATA),
    Use("710", "710", Kind.FIXED, "Ulytau and south-west Karaganda region", METADATA),
    Use("711", "711", Kind.FIXED, "West Kazakhstan region", METADATA),
    Use("712", "712", Kind.FIXED, "Atyrau region", METADATA),
    Use("713", "713", Kind.FIXED, "Aktobe region", METADATA),
    Use("714", "714", Kind.FIXED, "Kostanay region", METADATA),
    Use("715", "715", Kind.FIXED, "North Kazakhstan region", METADATA),
    Use("716", "716", Kind.FIXED, "Akmola region", METADATA),
    Use("717", "717", Kind.FIXED, "Astana", METADATA),
    Use("718", "718", Kind.FIXED, "Pavlodar region", METADATA),
    Use("721", "721", Kind.FIXED, "Karaganda region", METADATA),
    Use("722", "722", Kind.FIXED, "Abai region", METADATA),
    Use("723", "723", Kind.FIXED, "East Kazakhstan region", METADATA),
    Use("724", "724", Kind.FIXED, "Kyzylorda region", METADATA),
    Use("725", "725", Kind.FIXED, "Shymkent and Turkistan region", METADATA),
    Use("726", "726", Kind.FIXED, "Zhambyl region", METADATA),
    Use("727", "727", Kind.FIXED, "Almaty and Almaty region", METADATA),
    Use("728", "728", Kind.FIXED, "Zhetisu region", METADATA),
    Use("729", "729", Kind.FIXED, "Mangystau region", METADATA),
    Use("747", "747", Kind.MOBILE, "mobile", METADATA),
    Use("750", "769", Kind.NON_GEOGRAPHIC, "non-geographic", DIVISION),
    Use("771", "771", Kind.MOBILE, "mobile", METADATA),
    Use("775", "778", Kind.MOBILE, "mobile", METADATA),
    Use("785", "785", Kind.MOBILE, "mobile", METADATA),
    Use("800", "800", Kind.TOLL_FREE, "toll-free", METADATA),
    Use("803", "803", Kind.PREMIUM, "premium rate, Russia", METADATA),
    Use("804", "804", Kind.TOLL_FREE, "toll-free, Russia", METADATA),
    Use("808", "808", Kind.NON_GEOGRAPHIC, "personal numbers", METADATA),
    Use("809", "809", Kind.PREMIUM, "premium rate", METADATA),
    Use("300", "499", Kind.FIXED, "geographic, Russia", METADATA),
    Use("811", "818", Kind.FIXED, "geographic, Russia", METADATA),
    Use("820", "821", Kind.FIXED, "geographic, Russia", METADATA),
    Use("831", "831", Kind.FIXED, "geographic, Russia", METADATA),
    Use("833", "836", Kind.FIXED, "geographic, Russia", METADATA),
    Use("840", "848", Kind.FIXED, "geographic, Russia", METADATA),
    Use("851", "851", Kind.FIXED, "geographic, Russia", METADATA),
    Use("855", "857", Kind.FIXED, "geographic, Russia", METADATA),
    Use("860", "863", Kind.FIXED, "geographic, Russia", METADATA),
    Use("865", "867", Kind.FIXED, "geographic, Russia", METADATA),
    Use("869", "869", Kind.FIXED, "geographic, Russia", METADATA),
    Use("871", "873", Kind.FIXED, "geographic, Russia", METADATA),
    Use("877", "879", Kind.FIXED, "geographic, Russia", METADATA),
    Use("900", "999", Kind.MOBILE, "mobile, Russia", METADATA),
)


class Centre(msgspec.Struct, frozen=True):
    """An administrative centre of Kazakhstan: where an appliance stands, and its area code."""

    city: str
    region: str
    area: str
    source: Source = METADATA


CENTRES = (
    Centre("Astana", "Astana", "7172"),
    Centre("Almaty", "Almaty", "727"),
    Centre("Shymkent", "Shymkent", "7252"),
    Centre("Semey", "Abai", "7222"),
    Centre("Kokshetau", "Akmola", "7162"),
    Centre("Aktobe", "Aktobe", "7132"),
    Centre("Qonaev", "Almaty region", "72772"),
    Centre("Atyrau", "Atyrau", "7122"),
    Centre("Oral", "West Kazakhstan", "7112"),
    Centre("Taraz", "Zhambyl", "7262"),
    Centre("Taldykorgan", "Zhetisu", "7282"),
    Centre("Karaganda", "Karaganda", "7212"),
    Centre("Kostanay", "Kostanay", "7142"),
    Centre("Kyzylorda", "Kyzylorda", "7242"),
    Centre("Aktau", "Mangystau", "7292"),
    Centre("Pavlodar", "Pavlodar", "7182"),
    Centre("Petropavl", "North Kazakhstan", "7152"),
    Centre("Turkistan", "Turkistan", "72533"),
    Centre("Zhezkazgan", "Ulytau", "7102"),
    Centre("Oskemen", "East Kazakhstan", "7232"),
)


class ShortCode(msgspec.Struct, frozen=True):
    """A complete number of a few digits, the same in every town."""

    digits: str
    kind: Kind
    name: str
    source: Source = STATE_PORTAL


SHORT_CODES = (
    ShortCode("101", Kind.EMERGENCY, "fire"),
    ShortCode("102", Kind.EMERGENCY, "police"),
    ShortCode("103", Kind.EMERGENCY, "ambulance"),
    ShortCode("104", Kind.EMERGENCY, "gas"),
    ShortCode("112", Kind.EMERGENCY, "all rescue services"),
    ShortCode("01", Kind.EMERGENCY, "fire, old form", TWO_DIGITS),
    ShortCode("02", Kind.EMERGENCY, "police, old form", TWO_DIGITS),
    ShortCode("03", Kind.EMERGENCY, "ambulance, old form", TWO_DIGITS),
    ShortCode("04", Kind.EMERGENCY, "gas, old form", TWO_DIGITS),
    ShortCode("109", Kind.SHORT_CODE, "city service", CITY_SERVICE),
)


class Code(msgspec.Struct, frozen=True, gc=False):
    """What the plan says of one code."""

    country: str
    kind: Kind
    name: str


def span(row: Allocation | Use) -> Iterator[str]:
    """Yield the codes of a row, first to last."""
    return (f"{code:03}" for code in range(int(row.first), int(row.last) + 1))


def _zone_7() -> dict[str, Code]:
    """Lay the uses over the allocations: one answer for each of the thousand codes."""
    owner = {code: row.country for row in ALLOCATIONS for code in span(row)}
    codes = {code: _unused(country) for code, country in owner.items()}
    for row in USES:
        for code in span(row):
            codes[code] = Code(owner[code], row.kind, row.name)
    return codes


def _unused(country: str) -> Code:
    if country == RESERVE:
        return Code(SHARED, Kind.UNALLOCATED, "reserve of both states")
    return Code(country, Kind.UNKNOWN, "no use published")


ZONE_7 = _zone_7()
ZONE_7_DIGITS = 11
"Every number of zone 7 has ten digits after the country code."
SHORT_CODE_KINDS = {row.digits: row.kind for row in SHORT_CODES}
