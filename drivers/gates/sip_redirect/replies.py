# SPDX-License-Identifier: Apache-2.0
"""What is replied to whatever is heard (RFC 3261 sections 8.2, 8.3, 9.2). No socket, no clock.

| heard from a known peer | answer |
|---|---|
| INVITE of a new call | what was decided; 483 if it may go no hop further |
| INVITE or OPTIONS within a dialog, there is none here | 481 (12.2.2) |
| INVITE again | the same octets; after ACK nothing (17.2.1) |
| ACK | nothing |
| CANCEL | 200 if its INVITE was answered, which stands; else 481 (9.2) |
| OPTIONS | 200; 420 if it requires an extension (8.2.2.3) |
| any other method | 405 (8.2.1) |
| From, To, Call-ID or CSeq missing, CSeq of another method | 400 |
| another version of SIP | 505 |
| no Via to answer by, no SIP, a response, keep-alive | nothing |

Fail-open: who asks is a switch, not the calling party, and an INVITE that a phone would take is
decided. What it requires, the scheme of its URI and its body are for those who take the call; 420
and 416 would stop one for a reason that is not ours. If nothing can be decided, the call goes on.
"""

from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address
from typing import Literal, NamedTuple

import msgspec

from drivers.gates.sip_redirect import wire
from drivers.gates.sip_redirect.heard import NAME, read_heard
from drivers.gates.sip_redirect.memory import Memory
from drivers.gates.sip_redirect.wire import Peer, Reply, Via
from edge.decode.sip.framer import read_message
from edge.decode.sip.head import read_head
from edge.decode.sip.message import SipMessage
from edge.decode.upper_pdu import prefix
from edge.model.answer import GO_ON, Answer
from edge.model.message import NO_FLOW, Flow, Malformed, Message
from edge.model.unit import ClockQuality, LinkType, Unit
from edge.model.verdict import Action
from edge.ports import Decide

WHITE = b"\r\n \t\x00"
"Leading line ends are no fault (section 7.5); nothing but these is a keep-alive."

_REPEATED = ((b"from", "From"), (b"to", "To"), (b"call-id", "Call-ID"), (b"cseq", "CSeq"))
_FINAL, _END = 300, 700
_REDIRECTS = range(300, 400)
_NO_UNIT = Unit("", LinkType.UPPER_PDU, 0, b"")

OPTIONS = Reply(200, "OK", (wire.ALLOW,))
CANCELLED = Reply(200, "OK")
NO_DIALOG = Reply(481, "Call/Transaction Does Not Exist")
TOO_MANY_HOPS = Reply(483, "Too Many Hops")
NOT_ALLOWED = Reply(405, "Method Not Allowed", (wire.ALLOW,))
NO_VERSION = Reply(505, "Version Not Supported")

Addressed = tuple[bytes, int]
"The octets of a response, and the port of the peer's address that they go to over UDP."


class Here(NamedTuple):
    """Where the gate is asked."""

    gate: str
    packed: bytes
    port: int
    transport: Literal["udp", "tcp"]
    clock: ClockQuality
    believes: bool = False
    "Whether `X-Heard` of a switch is believed."


class Onward(NamedTuple):
    """How a switch is told to go on."""

    status: int
    next_hop: str = ""
    "Host and port of the Contact of a 302; empty for those of the Request-URI."


class _Asked(msgspec.Struct, gc=False):
    """One request, while it is answered."""

    message: SipMessage
    octets: bytes
    peer: Peer
    at: int
    now_s: float
    late: bool
    vias: list[bytes]
    via: Via
    "The first of them."
    uri: bytes
    version: bytes
    is_decided: bool = False
    "Whether the answer is a verdict's, and to be remembered."


class Replies:
    """Answers octets with octets. Never raises on what it hears; its memory is bounded."""

    def __init__(self, here: Here, onward: Onward, memory: int, secret: bytes) -> None:
        """Remember `memory` transactions; `secret` makes tags that nobody else can make."""
        self._decide: Decide = lambda _message: GO_ON
        self.counts: Counter[str] = Counter()
        "What was heard, and what became of it."
        self.error = ""
        "The last error of `decide`."
        self._here = here
        self._onward = onward
        self._memory = Memory(memory)
        self._secret = secret

    def decide_by(self, decide: Decide) -> None:
        """Ask `decide` from now on; until then calls go on."""
        self._decide = decide

    def to(
        self, octets: bytes, peer: Peer, at: int, *, now_s: float, late: bool = False
    ) -> Addressed | None:
        """Return the answer to what a known peer sent, and the port for it; None for none.

        Args:
            octets: A datagram, or one message of a stream.
            peer: Who sent it.
            at: When, nanoseconds since the epoch.
            now_s: The time of a clock that never steps, seconds.
            late: Whether it waited too long for a call to be decided.
        """
        message = self._request(octets, now_s)
        vias = [] if isinstance(message, str) else wire.via_chain(message)
        via = wire.read_via(vias[0]) if vias else None
        if isinstance(message, str) or via is None:
            self.counts[message if isinstance(message, str) else "malformed"] += 1
            return None
        line = wire.request_line(message)
        return self._answered(_Asked(message, octets, peer, at, now_s, late, vias, via, *line))

    def _request(self, octets: bytes, now_s: float) -> SipMessage | str:
        """Return the request that is to be answered; what it is instead, if there is none."""
        if octets[:1] in WHITE and not octets.strip(WHITE):
            return "keepalive"
        octets = octets.lstrip(WHITE)
        if octets.startswith(b"ACK ") and (head := read_head(octets, 0)):
            *_, to_tag, _ = head
            self._memory.confirm(to_tag, now_s)
            return "acked"
        message, _ = read_message(_NO_UNIT, NO_FLOW, octets, 0)
        if isinstance(message, Malformed):
            return "malformed"
        if message.type == "ACK":
            return "acked"
        return message if message.is_request else "response"

    def _answered(self, asked: _Asked) -> Addressed | None:
        message, peer, via = asked.message, asked.peer, asked.via
        tag = self._tag(asked)
        kept = None
        if message.type == "INVITE" and not message.to_tag:
            kept = self._memory.answer_to(tag, asked.now_s)
        if kept is not None:
            self.counts["repeated"] += 1
            return (kept, wire.return_port(via, peer)) if kept else None
        reply = self._flaw(asked) or self._reply(asked, tag)
        octets = wire.compose(reply, message, [wire.marked(via, peer), *asked.vias[1:]], tag)
        if asked.is_decided:
            self._memory.keep(tag, octets, asked.now_s)
        return octets, wire.return_port(via, peer)

    def _tag(self, asked: _Asked) -> bytes:
        """Return the To tag: the same for a request, its repetitions and its CANCEL (9.2)."""
        message = asked.message
        number = message.cseq.partition(b" ")[0]
        # The URI tells calls apart for a switch that makes no branch, or one for all (17.2.3).
        dialog = message.call_id, message.from_tag, number
        names = (asked.peer.packed, message.branch, *dialog, asked.uri)
        digest = blake2b(b"\0".join(names), digest_size=16, key=self._secret)
        return digest.hexdigest().encode()

    def _flaw(self, asked: _Asked) -> Reply | None:
        """Return the answer to a request that cannot be answered otherwise; None if it can."""
        message = asked.message
        if asked.version != b"SIP/2.0":
            self.counts["refused"] += 1
            return NO_VERSION
        why = ""
        first = message.first
        if not (message.call_id and message.cseq and first(b"from") and first(b"to")):
            lacking = (shown for name, shown in _REPEATED if not first(name))
            why = f"Missing {next(lacking, 'header')}"
        elif not asked.uri:
            why = "Missing Request-URI"
        elif wire.method_of(message.cseq) != message.type:
            why = "Bad CSeq"
        if not why:
            return None
        self.counts["malformed"] += 1
        return Reply(400, why)

    def _reply(self, asked: _Asked, tag: bytes) -> Reply:
        message = asked.message
        if message.type == "CANCEL":
            known = self._memory.answer_to(tag, asked.now_s) is not None
            self.counts["cancelled" if known else "refused"] += 1
            return CANCELLED if known else NO_DIALOG
        reply = self._refusal(message)
        if reply:
            self.counts["refused"] += 1
            return reply
        if message.type == "OPTIONS":
            self.counts["options"] += 1
            return OPTIONS
        asked.is_decided = True
        return self._told(self._decided(asked), message)

    def _refusal(self, message: SipMessage) -> Reply | None:
        if message.type not in {"INVITE", "OPTIONS"}:
            return NOT_ALLOWED
        if message.to_tag:
            return NO_DIALOG
        if message.type == "INVITE":
            hops = message.first(b"max-forwards")
            return TOO_MANY_HOPS if hops and not hops.strip(b"0") else None
        required = message.values("require")
        if not required:
            return None
        return Reply(420, "Bad Extension", (b"Unsupported: " + b", ".join(required),))

    def _decided(self, asked: _Asked) -> Answer:
        """Ask for the answer to a call; whatever goes wrong, it goes on."""
        if asked.late:
            self.counts["overload"] += 1
            return GO_ON
        self.counts["asked"] += 1
        try:
            answer = self._decide(self._evidence(asked))
            fits = _can_be_told(answer)
        except Exception as error:  # noqa: BLE001 - a bug in deciding shall stop no call
            return self._failed(f"{type(error).__name__}: {error}")
        if fits:
            return answer
        return self._failed(f"no answer for a switch: {answer.status} {answer.contact}")

    def _failed(self, why: str) -> Answer:
        self.counts["errors"] += 1
        self.error = why
        return GO_ON

    def _told(self, answer: Answer, message: SipMessage) -> Reply:
        """Put an answer into the words of SIP."""
        if answer is GO_ON or not answer.stops:
            self.counts["went_on"] += 1
            return self._go_on(message)
        lines = tuple(wire.header(*pair) for pair in answer.headers)
        if answer.action is Action.DIVERT:
            self.counts["diverted"] += 1
            lines = (wire.contact(answer.contact), *lines)
        else:
            self.counts["stopped"] += 1
        return Reply(answer.status, answer.phrase, lines)

    def _go_on(self, message: SipMessage) -> Reply:
        status, next_hop = self._onward
        if status == 302:  # noqa: PLR2004 - as configured
            contact = wire.contact(wire.contact_of(message.request_uri, next_hop))
            return Reply(status, "Moved Temporarily", (contact,))
        return Reply(status, "Not Found" if status == 404 else "Service Unavailable")  # noqa: PLR2004 - as configured

    def _evidence(self, asked: _Asked) -> Message:
        """Return the message as from where the switch heard it; its unit as we heard it."""
        here, peer, message = self._here, asked.peer, asked.message
        ours = Flow(peer.packed, here.packed, peer.port, here.port, here.transport)
        data = _prefix(ours) + asked.octets
        number = self.counts["asked"]
        message.unit = Unit(here.gate, LinkType.UPPER_PDU, asked.at, data, number, here.clock)
        message.flow = _heard_by_the_switch(asked.vias, ours)
        heard = read_heard(message.first(NAME)) if here.believes else None
        if heard:
            message.flow = msgspec.structs.replace(message.flow, source=heard.packed)
            message.call_id, message.from_tag = heard.call_id, heard.from_tag
            message.cseq = heard.cseq
        return message


def _heard_by_the_switch(vias: list[bytes], ours: Flow) -> Flow:
    """Return the flow of a call's own packet: the switch's Via is on top, its caller's below."""
    end = wire.came_from(vias)
    packed = _packed(end[0]) if end else b""
    if not end or not packed:
        return ours
    return Flow(packed, ours.destination, end[1], ours.destination_port, ours.transport)


_prefix = lru_cache(maxsize=256)(prefix)


@lru_cache(maxsize=4096)
def _packed(host: str) -> bytes:
    """Return an address, packed; empty if it is a name."""
    try:
        return ip_address(host).packed
    except ValueError:
        return b""


def _can_be_told(answer: Answer) -> bool:
    """Whether a switch would go on, lead the call to the desk, or end it, as the answer says."""
    if answer is GO_ON or not answer.stops:
        return True
    if answer.action is Action.DIVERT:
        return answer.status in _REDIRECTS and bool(answer.contact)
    return _FINAL <= answer.status < _END
