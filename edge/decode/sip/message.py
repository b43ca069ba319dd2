# SPDX-License-Identifier: Apache-2.0
"""One SIP message as heard (RFC 3261 section 7): octets kept, meaning read on demand.

The framer finds the head, the body and the first value of each header, which is all that call
tracking needs. Everything else (lists, addresses, SDP) is read when somebody asks.
"""

from edge.decode.isup.message import IsupMessage
from edge.decode.lazy import Lazy
from edge.decode.sip.body import may_carry_isup, media_addresses, session_origin
from edge.decode.sip.encapsulated import disagreement, find_iam
from edge.decode.sip.grammar import COMMA_LISTS, NAMES, text
from edge.decode.sip.head import (
    Head,
    branches_of,
    headers as plain_headers,
    headers_of,
    lines_of,
    target,
    target_of,
)
from edge.decode.sip.uri import Address, Uri, parse_address, parse_uri, split_list
from edge.model.message import Flow
from edge.model.unit import Unit

MAX_HOPS = 70
"Via values read of one message: Max-Forwards lets no request live longer (section 8.1.1.6)."


class SipMessage:
    """A request or a response. Immutable to its readers; caches what was asked once."""

    def __init__(
        self,
        unit: Unit,
        flow: Flow,
        head: Head,
        octets: bytes,
        body: bytes,
        oddities: tuple[str, ...] = (),
    ) -> None:
        """Take what the framer found; `octets` are start line and headers as heard."""
        self.unit = unit
        self.earlier: tuple[Unit, ...] = ()
        "The units with its other pieces: fragments, segments."
        self.flow = flow
        (
            self.type,  # method (`INVITE`) or status code (`200`)
            _,
            _,
            _,
            self.call_id,  # compared octet by octet, section 8.1.1.4
            self.cseq,  # with single blanks: `1 INVITE`
            self.from_tag,
            self.to_tag,  # empty: a request outside any dialog
            self.branch,  # of the topmost Via: the name of the transaction, section 17.1.3
        ) = head
        self.octets = octets
        self.body = body
        self.oddities = oddities
        "What is against the RFC but was read all the same: `no Content-Length`, ..."

    @property
    def proto(self) -> str:
        """Always `sip`."""
        return "sip"

    @property
    def is_request(self) -> bool:
        """Whether this is a request."""
        return not self.type.isdigit()

    @property
    def call(self) -> str:
        """Call-ID; empty if there is none."""
        return text(self.call_id)

    @Lazy
    def lines(self) -> list[bytes]:
        """Start line and header lines as spelled, folded ones joined."""
        return lines_of(self.octets)

    @Lazy
    def headers(self) -> dict[bytes, list[bytes]]:
        """Values of each header, one a line, in order, by its long name in lower case."""
        plain = plain_headers(self.octets, NAMES)
        return headers_of(self.lines) if plain is None else plain

    def first(self, name: bytes) -> bytes:
        """Return the first value of a header; empty if absent."""
        values = self.headers.get(name)
        return values[0] if values else b""

    @Lazy
    def branches(self) -> tuple[bytes, ...]:
        """Branches of the Via chain, topmost first; the topmost may be empty."""
        return branches_of(self.headers.get(b"via", []))[:MAX_HOPS] or (b"",)

    @property
    def start_line(self) -> str:
        """The first line as heard."""
        return text(self.lines[0])

    @Lazy
    def request_uri(self) -> Uri:
        """The Request-URI; of a response, empty."""
        plain = target(self.octets)
        if plain is None:
            plain = b"" if self.type.isdigit() else target_of(self.lines[0])
        return parse_uri(plain)

    @Lazy
    def from_address(self) -> Address:
        """Who calls, as the called party will be shown."""
        found = self.headers.get(b"from")
        return parse_address(found[0] if found else b"")

    @Lazy
    def to_address(self) -> Address:
        """Who was called in the first place."""
        found = self.headers.get(b"to")
        return parse_address(found[0] if found else b"")

    @property
    def calling(self) -> str:
        """User part of From, as heard."""
        return self.from_address.uri.digits()

    @property
    def called(self) -> str:
        """User part of the Request-URI outside a dialog, else of To, as heard."""
        if self.is_request and not self.to_tag and (user := self.request_uri.digits()):
            return user
        return self.to_address.uri.digits()

    def values(self, name: str) -> list[bytes]:
        """Return every value of the header with this long name, lists split, in order."""
        wanted = name.lower().encode()
        found = self.headers.get(wanted, [])
        if len(found) == 1 and b"," not in found[0]:
            return found
        if wanted in COMMA_LISTS:
            return [element for value in found for element in split_list(value)]
        return found

    def value(self, name: str) -> str:
        """Return the first value of a header as text; empty if absent."""
        return text(self.first(name.lower().encode())).strip()

    def addresses(self, name: str) -> list[Address]:
        """Return every address that the headers of this name carry."""
        return [parse_address(value) for value in self.values(name)]

    @property
    def via(self) -> list[str]:
        """The Via chain as heard, newest hop first, one text a hop."""
        return [text(value) for value in self.values("via")]

    @property
    def reason(self) -> dict[str, str]:
        """Reason values by protocol (RFC 3326): `{"q.850": "21"}`."""
        found: dict[str, str] = {}
        if b"eason" not in self.octets.lower():
            return found  # asked of every release, and rarely there: not worth taking apart for
        for value in self.values("reason"):
            protocol, _, rest = value.partition(b";")
            cause = parse_address(b"<>;" + rest).parameters.get("cause", "")
            found.setdefault(text(protocol).strip().lower(), cause)
        return found

    @Lazy
    def iam(self) -> IsupMessage | None:
        """The IAM in the body of an INVITE, where the sender speaks SIP-I."""
        kind = self.first(b"content-type")
        if not (self.body and may_carry_isup(kind, self.body)):
            return None
        return find_iam(self.unit, self.flow, text(kind).strip(), self.body)

    def _isup_facts(self, iam: IsupMessage) -> dict[str, object]:
        """What the IAM says, and where its numbers are not those of the headers."""
        shown = [address.uri.digits() for address in self.addresses("p-asserted-identity")]
        told = {
            "calling": disagreement(iam.calling, [self.calling, *shown]),
            "called": disagreement(iam.called, [self.called, self.to_address.uri.digits()]),
        }
        differs = {role: text for role, text in told.items() if text}
        facts = {"calling": iam.calling, "called": iam.called, **iam.facts()}
        return {"isup": facts, "isup_disagrees": differs}

    def fields(self) -> dict[str, object]:
        """What SIP adds to the common fields of `qalqan decode`."""
        fields: dict[str, object] = {
            "cseq": text(self.cseq),
            "from": self.value("from"),
            "to": self.value("to"),
            "via": [text(value) for value in self.headers.get(b"via", ())],
            "user_agent": self.value("user-agent") or self.value("server"),
        }
        if self.oddities:
            fields["oddities"] = list(self.oddities)
        return fields

    def facts(self) -> dict[str, object]:
        """What an INVITE says beyond numbers: devices and addresses that lead to its sender."""
        facts: dict[str, object] = {
            "user_agent": self.value("user-agent"),
            "via": self.via,
            "contact": [text(value) for value in self.values("contact")],
            "privacy": self.value("privacy"),
            "identity": self.value("identity"),
            "sdp_origin": session_origin(self.value("content-type"), self.body),
            "sdp_connections": media_addresses(self.value("content-type"), self.body),
        }
        if self.iam:
            facts |= self._isup_facts(self.iam)
        return {name: value for name, value in facts.items() if value}
