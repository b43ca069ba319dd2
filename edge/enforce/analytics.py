# SPDX-License-Identifier: Apache-2.0
"""The Reason header of a call that analytics blocked: "603+", ATIS-1000099 (August 2022).

    SIP/2.0 603 Network Blocked
    Reason: Q.850;cause=21;text="v=analytics1;url=https://redress.example/;id=18c-1";location=TN

Only for analytics: what a list, an order or an invalid number stops is a plain 603.
"""

import re
from collections.abc import Iterable

import msgspec

from edge.decode.sip import grammar
from edge.errors import ConfigError
from edge.model.answer import LOCATIONS, REJECTED

STATUS = 603
PHRASE = "Network Blocked"
VERSION = "v=analytics1"

_QUOTED = re.compile(r'"([^"]*)"')

MOST_OCTETS = 1024
"Of a header value that is read at all."

_TOKENS = frozenset(location.token for location in LOCATIONS.values())
_CAUSES = {"SIP": str(STATUS), "Q.850": str(REJECTED)}
"Cause by protocol: the two forms there are."

# A name in the public DNS: at least two labels, the last one not a number.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}\.)+(?!\d+(?![A-Za-z0-9.-]))[A-Za-z0-9-]{{2,63}}"
_SHAPES = {
    "url": re.compile(rf"https://{_DOMAIN}(?::\d{{1,5}})?(?:/[!#-:<-\[\]-~]*)?", re.ASCII),
    "tel": re.compile(r"\+[1-9]\d{6,14}", re.ASCII),  # E.164 section 6
    "email": re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_DOMAIN}", re.ASCII),
    "id": re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII),
}
"What a value looks like; no quote, backslash, semicolon, blank or line end is in any."
CONTACTS = ("url", "tel", "email")


class Contacts(msgspec.Struct, frozen=True):
    """Where a caller who was wrongly stopped can turn to."""

    url: str = ""
    "`https` under a public name."
    tel: str = ""
    "E.164 with `+`."
    email: str = ""

    def __post_init__(self) -> None:
        """Raise `ConfigError` for a contact that may not stand in the header."""
        for name in CONTACTS:
            value = getattr(self, name)
            if value and not is_shaped(name, value):
                raise ConfigError(f"{value!r} is no {name} that a caller could turn to")

    def __bool__(self) -> bool:
        """Whether there is any: the header needs one."""
        return bool(self.url or self.tel or self.email)


class Notice(msgspec.Struct, frozen=True):
    """What the header says."""

    protocol: str
    "`SIP` or `Q.850`."
    contacts: Contacts
    id: str
    "What the caller can quote; empty where none is given."
    location: str
    "Token of RFC 8606."


def is_shaped(name: str, value: str) -> bool:
    """Whether a value may stand under `url`, `tel`, `email` or `id`."""
    return _SHAPES[name].fullmatch(value) is not None


def reason(notice: Notice) -> str:
    """Return the value of the header. Raises `ConfigError` for what it may not say."""
    if notice.protocol not in _CAUSES or notice.location not in _TOKENS:
        raise ConfigError(f"no Reason of {notice.protocol!r} at {notice.location!r}")
    if not notice.contacts:
        raise ConfigError("a call is blocked by analytics only with a url, tel or email")
    if notice.id and not is_shaped("id", notice.id):
        raise ConfigError(f"{notice.id!r} is no id: letters, digits, '_' and '-', at most 64")
    said = [(name, getattr(notice.contacts, name)) for name in CONTACTS] + [("id", notice.id)]
    text = ";".join([VERSION, *(f"{name}={value}" for name, value in said if value)])
    cause = _CAUSES[notice.protocol]
    return f'{notice.protocol};cause={cause};text="{text}";location={notice.location}'


def read(status: int, phrase: str, reasons: Iterable[str]) -> Notice | None:
    """Return what an answer says of analytics; None where it is a plain 603, or anything else.

    `reasons` are the values of its Reason headers, one or more in each. Raises nothing.
    """
    if status != STATUS or PHRASE.lower() not in phrase.lower():
        return None
    for line in reasons:
        octets = line.encode(errors="replace")[:MOST_OCTETS]
        for value in grammar.ELEMENT.findall(octets):
            notice = parse(grammar.text(value))
            if isinstance(notice, Notice):
                return notice
    return None


def parse(value: str) -> Notice | str:
    """Read one value of a Reason header; return what forbids to take it, if anything does."""
    octets = value.encode(errors="replace")
    if len(octets) > MOST_OCTETS:
        return "too long"
    head, _, rest = octets.partition(b";")
    protocol = grammar.text(head).strip().upper()
    cause = _CAUSES.get(protocol)
    if cause is None:
        return "neither SIP nor Q.850"
    said = _unique(
        (grammar.text(name).lower(), grammar.text(worth))
        for name, worth in grammar.PARAMETER.findall(b";" + rest)
    )
    if isinstance(said, str):
        return said
    if said.get("cause") != cause:
        return f"cause is not {cause}"
    return _notice(protocol, said.get("location", "").upper(), said.get("text", ""))


def _notice(protocol: str, location: str, text: str) -> Notice | str:
    if location not in _TOKENS:
        return "no location"
    quoted = _QUOTED.fullmatch(text)
    version, *pairs = (quoted[1] if quoted else "").split(";")
    if version != VERSION or not pairs:
        return f"text is not quoted or does not begin with {VERSION};"
    said = _unique((name, value) for name, _, value in (pair.partition("=") for pair in pairs))
    if isinstance(said, str):
        return said
    for name in _SHAPES.keys() & said.keys():
        if not is_shaped(name, said[name]):
            return f"not a {name}"
    contacts = Contacts(*(said.get(name, "") for name in CONTACTS))
    if not contacts:
        return "no url, tel or email"
    return Notice(protocol, contacts, said.get("id", ""), location)


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str] | str:
    """Return names and values; a sentence where a name stands twice."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            return f"{name} twice"
        found[name] = value
    return found
