# SPDX-License-Identifier: Apache-2.0
"""The one function that turns digits as heard into E.164 (ITU-T E.164), or a named refusal.

It trusts the nature of address only as far as real links keep to it: common slips are repaired and
the repair is named. It does not know which party the number is of; what to think of a refused or
repaired number is the verdict's business.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from edge.model.event import Trunk
from edge.model.number import Kind, Nature, Number, Refusal
from edge.numbering.countries import country_of
from edge.numbering.plan import KZ, SHORT_CODE_KINDS, ZONE_7, ZONE_7_DIGITS


class Home(msgspec.Struct, frozen=True):
    """What numbers without a country or area code, heard on a trunk, are short for."""

    country_code: str = "7"
    area: str = ""
    "Area code without trunk prefix: `7172`."
    trunk_prefix: str = "8"
    international_prefixes: tuple[str, ...] = ("810", "00")
    national_digits: int = 10
    "Length of a national number; 0 where the country has several."
    short_codes: Mapping[str, Kind] = MappingProxyType({})
    "Complete short numbers beside those of the plan."

    @property
    def country(self) -> str:
        """Country of this home: by its area in zone 7, where no area means Kazakhstan."""
        if self.country_code != "7":
            return country_of(self.country_code)
        code = ZONE_7.get(self.area[:3])
        return code.country if code else KZ


def home_of(trunk: Trunk, short_codes: Mapping[str, Kind] = MappingProxyType({})) -> Home:
    """Return the home of a trunk; outside zone 7 with the prefixes that the ITU recommends."""
    if trunk.country_code == "7":
        return Home(area=trunk.area, short_codes=short_codes)
    return Home(trunk.country_code, trunk.area, "0", ("00",), 0, short_codes)


_Whole = tuple[str, str]
"Digits from the country code on, and what had to be repaired to get there."

_SHORTEST = 3
_LONGEST_COUNTRY_CODE = 3
_SHORTEST_INTERNATIONAL = 7  # +290 and +683 have four digits after the code
_LONGEST = 15  # of E.164, country code included
_LONGEST_HEARD = _LONGEST + 3  # an international prefix before it
_SHORT_FORMS = 10
"Short codes, with whatever is put before them, have fewer digits than this."

_INTERNATIONAL = Nature.INTERNATIONAL

_FILLED = re.compile(r"([0-9][0-9A-E]*)?F+", re.ASCII | re.IGNORECASE)
"Digits, then end-of-pulsing (ST, Q.763 code 15) or filler half-octets."

_NO_NUMBER = frozenset({"anonymous", "restricted", "unavailable", "unknown"})
"Stand where a number is withheld or missing (RFC 3323 4.1.1.3, TS 23.003 13.6, and usage)."


def normalise(digits: str, nature: Nature, home: Home) -> Number:
    """Return the normal form of a number heard on a trunk of `home`; raises nothing."""
    heard = digits if digits.isdigit() else _without_fillers(digits)
    if not (heard.isdigit() and heard.isascii()):
        absent = not heard or heard.lower() in _NO_NUMBER
        return Number(heard, refusal=Refusal.ABSENT if absent else Refusal.NOT_DIGITS)
    size = len(heard)
    if size < _SHORT_FORMS:
        short = _short(heard, nature, home)
        if short is not None:
            return short
        if size < _SHORTEST:
            return Number(heard, refusal=Refusal.TOO_SHORT)
    elif size > _LONGEST_HEARD:
        return Number(heard, refusal=Refusal.TOO_LONG)
    # Hashing a member of an Enum costs more than a call (Python 3.11), and most are international.
    reader = _international if nature is _INTERNATIONAL else _READERS[nature]
    whole, repair = reader(heard, home)
    return _placed(heard, whole, repair and f"{repair} under nature {nature.value}")


def _without_fillers(heard: str) -> str:
    filled = _FILLED.fullmatch(heard)
    return filled[1] or "" if filled else heard


def _short(heard: str, nature: Nature, home: Home) -> Number | None:
    """Return the short number that these digits are, all of them; None if they are none."""
    kind = SHORT_CODE_KINDS.get(heard) or home.short_codes.get(heard)
    if kind is not None:
        return Number(heard, heard, kind, home.country)
    before, code = heard[:-3], heard[-3:]
    if SHORT_CODE_KINDS.get(code) is not Kind.EMERGENCY or before not in _completions(home):
        return None
    if nature is not Nature.INTERNATIONAL and _may_be_local(heard, home):
        return None
    return Number(heard, code, Kind.EMERGENCY, home.country, None, f"{before} before {code}")


def _completions(home: Home) -> tuple[str, ...]:
    """Digits that directly before an emergency code, and with nothing after it, change nothing.

    A phone or gateway that completes every number puts them there: trunk prefix (8-112), country
    code (+7-112), area code (7172-112), or an international prefix that was a plus sign. That no
    whole number is so short makes it safe to take them all for emergency calls.
    """
    area, trunk, code = home.area, home.trunk_prefix, home.country_code
    return (trunk, code, area, trunk + area, code + area, *home.international_prefixes)


def _may_be_local(heard: str, home: Home) -> bool:
    """Tell 7727112, a number near Almaty, from 8727112: no local number begins with a prefix."""
    prefixes = (home.trunk_prefix, *home.international_prefixes)
    return _is_local(heard, home) and not heard.startswith(prefixes)


def _international(heard: str, home: Home) -> _Whole:
    repair = ""
    while heard.startswith(home.international_prefixes):
        prefix = next(each for each in home.international_prefixes if heard.startswith(each))
        heard, repair = heard[len(prefix) :], f"{prefix} prefix"
    return heard, repair


def _national(heard: str, home: Home) -> _Whole:
    """Read ten digits, or one or more too many: the trunk prefix or country code before them."""
    code, trunk = home.country_code, home.trunk_prefix
    excess = len(heard) - home.national_digits
    if not home.national_digits:  # cannot be told by length
        excess = len(trunk) if heard.startswith(trunk) else 0
    if excess and excess == len(trunk) and heard.startswith(trunk):
        return code + heard[excess:], "trunk prefix"
    if excess and excess == len(code) and heard.startswith(code):
        return heard, "country code"
    if excess > 0 and heard.startswith(home.international_prefixes):
        return _international(heard, home)
    return code + heard, ""


def _subscriber(heard: str, home: Home) -> _Whole:
    if _is_local(heard, home):
        return home.country_code + home.area + heard, ""
    whole, repair = _national(heard, home)
    return whole, repair or "national number"


def _unknown(heard: str, home: Home) -> _Whole:
    """Read digits as they would be dialled; what fits no dialling form has its country code on."""
    if _is_local(heard, home):  # first: no international number is so short behind its prefix
        return home.country_code + home.area + heard, ""
    if heard.startswith(home.international_prefixes):
        return _international(heard, home)[0], ""
    whole, repair = _national(heard, home)
    if repair or len(heard) <= (home.national_digits or _SHORT_FORMS):
        return whole, ""
    return heard, "" if heard.startswith(home.country_code) else "bare country code"


def _is_local(heard: str, home: Home) -> bool:
    """Tell whether these are 5 to 7 digits (8 abroad) that the area code makes national."""
    if not home.national_digits:
        return home.area != "" and 5 <= len(heard) <= 8  # noqa: PLR2004 - E.164 sets no length
    return home.area != "" and len(home.area) + len(heard) == home.national_digits


_READERS = {
    Nature.INTERNATIONAL: _international,
    Nature.NATIONAL: _national,
    Nature.SUBSCRIBER: _subscriber,
    Nature.UNKNOWN: _unknown,
    Nature.NETWORK_SPECIFIC: _unknown,
    Nature.ABBREVIATED: _unknown,
}


def _placed(heard: str, whole: str, repair: str) -> Number:
    """Find the place of an international number in the world, or say what is wrong with it."""
    size = len(whole)
    if whole.startswith("7"):
        if size != ZONE_7_DIGITS:
            refusal = Refusal.INCOMPLETE if size < ZONE_7_DIGITS else Refusal.TOO_LONG
            return Number(heard, refusal=refusal)
        code = ZONE_7[whole[1:4]]
        return Number(heard, whole, code.kind, code.country, None, repair)
    if size > _LONGEST:
        return Number(heard, refusal=Refusal.TOO_LONG)
    country = country_of(whole)
    if not country and size >= _LONGEST_COUNTRY_CODE:
        return Number(heard, refusal=Refusal.NO_COUNTRY)
    if size < _SHORTEST_INTERNATIONAL:
        return Number(heard, refusal=Refusal.INCOMPLETE)
    return Number(heard, whole, Kind.FOREIGN, country, None, repair)
