# SPDX-License-Identifier: Apache-2.0
"""INVITE -> `CallOffered` with every identity it carried (RFC 3261, 3325, 5806, 7044; Q.1912.5)."""

from edge.call.isup_offer import identities
from edge.call.offer import identified
from edge.decode.sip.grammar import text
from edge.decode.sip.message import SipMessage
from edge.decode.sip.uri import Address, Uri, parse_address
from edge.model.event import CallOffered, Trunk
from edge.model.number import Nature, Number, Party, Presentation, Refusal, Screening
from edge.numbering.normalise import Home, normalise
from edge.numbering.uri import sip_user

ASSERTED = ("p-asserted-identity", "p-preferred-identity", "remote-party-id")
VOUCHED = (*ASSERTED, "calling")
"Headers that name the caller beside From, and the calling party number of an IAM in the body."
REDIRECTING = ("diversion", "history-info")
_OTHERS = tuple((role.encode(), role) for role in (*ASSERTED, *REDIRECTING))

HIDING = frozenset({"id", "user", "full"})  # RFC 3323 section 4.2, RFC 3325 section 9.3
SELF_HIDING = frozenset({"remote-party-id", "diversion"})
"Headers with a parameter of their own that says whether they may be shown."

# Looking a member up on its Enum costs more than a call (Python 3.11): bound once.
_ABSENT = Refusal.ABSENT
_ALLOWED, _RESTRICTED = Presentation.ALLOWED, Presentation.RESTRICTED
_UNAVAILABLE = Presentation.UNAVAILABLE
_BY_NETWORK, _NOBODY = Screening.NETWORK, Screening.UNKNOWN

ANONYMOUS_USERS = frozenset({"anonymous", "unavailable", "restricted", ""})

MAX_KNOWN = 8192
"Numbers remembered of a home; busy ones come again within seconds."

MAX_KNOWN_LENGTH = 256
"Characters of a URI worth remembering; longer ones only an attack repeats."


class SipOffers:
    """Builds the event from an INVITE; knows the home of each trunk's numbers."""

    def __init__(self, homes: dict[str, Home], default: Home) -> None:
        """Take the home (country code, area) by trunk name."""
        self._readers = {name: NumberReader(home) for name, home in homes.items()}
        self._default = NumberReader(default)

    def offer(self, message: SipMessage, trunk: Trunk, attempt: int) -> CallOffered:
        """Return the event; its parties are in normal form for the trunk's home."""
        reader = self._readers.get(trunk.name, self._default)
        hidden = b"privacy" in message.headers and is_hidden(message)
        shown = _party("from", message.from_address, reader, hidden=hidden)
        called = _called(message, reader)
        others = _others(message, reader, hidden=hidden)
        if message.iam:
            numbers = identities(message.iam.numbers)
            others += [identified(number, reader.home) for number in numbers]
        calling = shown
        if not shown.number.e164:  # From hides or names nobody: the network's word counts
            calling = next((p for p in others if p.role in VOUCHED and p.number.e164), shown)
        return CallOffered(
            at=message.unit.at,
            call=text(message.call_id),
            attempt=attempt,
            trunk=trunk,
            proto="sip",
            calling=calling,
            called=called,
            identities=(shown, called, *others),
            message=message,
        )


class NumberReader:
    """URIs -> numbers of one home; remembers the last ones, as a message repeats its own."""

    def __init__(self, home: Home) -> None:
        """Take what short and national numbers are short for."""
        self.home = home
        self.known: dict[str, tuple[Number, Nature]] = {}
        "What was read last, by the whole URI: asked first, as that is no call of Python."

    def read(self, uri: Uri) -> tuple[Number, Nature]:
        """Return the number a URI stands for, and the nature it was written in; remember both."""
        found = self._number(uri)
        if len(self.known) >= MAX_KNOWN:
            self.known.clear()
        if len(uri.raw) <= MAX_KNOWN_LENGTH:
            self.known[uri.raw] = found
        return found

    def _number(self, uri: Uri) -> tuple[Number, Nature]:
        # An emergency service is called by its URN (RFC 5031).
        digits, nature = sip_user(uri.raw if uri.scheme == "urn" else uri.user)
        if digits.lower() in ANONYMOUS_USERS:
            return Number(uri.user, refusal=Refusal.ABSENT), nature
        return normalise(digits, nature, self.home), nature


def is_hidden(message: SipMessage) -> bool:
    """Whether the caller asked not to be shown (RFC 3323)."""
    words = message.value("privacy").lower().replace(",", ";").split(";")
    return not HIDING.isdisjoint(word.strip() for word in words)


def _called(message: SipMessage, reader: NumberReader) -> Party:
    """Return whom the network is asked to ring: the Request-URI, else To."""
    uri = message.request_uri
    if uri.user or uri.scheme == "urn":
        number, nature = reader.known.get(uri.raw) or reader.read(uri)
        return Party("request-uri", number, nature, host=uri.host, uri=uri.raw)
    return _party("to", message.to_address, reader, hidden=False)


def _others(message: SipMessage, reader: NumberReader, *, hidden: bool) -> list[Party]:
    """Return the identities beside From and Request-URI, as far as the message has any."""
    parties: list[Party] = []
    headers = message.headers
    for name, role in _OTHERS:
        values = headers.get(name)
        if values is None:
            continue
        if len(values) > 1 or b"," in values[0]:
            values = message.values(role)
        hides = hidden and role in ASSERTED
        for value in values:
            party = _party(role, parse_address(value), reader, hidden=hides)
            parties.append(party)
    to = message.to_address
    if to.uri.user and to.uri.user != message.request_uri.user:  # retargeted on its way
        parties.append(_party("to", to, reader, hidden=False))
    return parties


def _party(role: str, address: Address, reader: NumberReader, *, hidden: bool) -> Party:
    """Return one identity; RPID and Diversion say themselves whether it may be shown."""
    uri, screening = address.uri, _NOBODY
    if role == "p-asserted-identity":  # the network vouches for it (RFC 3325)
        screening = _BY_NETWORK
    elif role in SELF_HIDING:
        hidden = hidden or address.parameters.get("privacy", "off").lower() in HIDING
        screening = _screening(role, address)
    number, nature = reader.known.get(uri.raw) or reader.read(uri)
    presentation = _ALLOWED
    if number.refusal is _ABSENT:
        presentation = _UNAVAILABLE
    if hidden or uri.host.endswith("anonymous.invalid"):
        presentation = _RESTRICTED
    return Party(
        role,
        number,
        nature,
        presentation,
        screening,
        address.display,
        uri.host,
        uri.raw,
    )


def _screening(role: str, address: Address) -> Screening:
    """Return who vouches, as the header says itself: RPID does, Diversion does not."""
    if role == "remote-party-id":
        vouched = address.parameters.get("screen", "no").lower() == "yes"
        return Screening.USER_PASSED if vouched else Screening.USER_NOT_VERIFIED
    return _NOBODY
