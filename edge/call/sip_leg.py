# SPDX-License-Identifier: Apache-2.0
"""One call attempt over SIP and the legs by which it was heard.

A mirror port hears the same call before and after a proxy, and once for each fork. A leg is one
INVITE client transaction, named by the branch of its topmost Via; a proxy puts its own Via above
those it received (RFC 3261 section 16.6), so the Via chain says which leg led to which.
"""

from functools import lru_cache

from edge.call.compact import SMALL
from edge.call.sip_table import SipState
from edge.call.timers import Silent
from edge.decode.sip.message import SipMessage
from edge.model.event import Trunk, TrunkClass

# Looking a member up on its Enum costs more than a call (Python 3.11): bound once.
_CALLING, _CHALLENGED, _RELEASED = SipState.CALLING, SipState.CHALLENGED, SipState.RELEASED
_INTERNATIONAL = TrunkClass.INTERNATIONAL

MAX_LEGS = 64
"Legs, and 2xx answers of different phones, remembered of one attempt."

MAX_OCTETS = 4096
"Identifiers remembered of one attempt; a real call has some hundred octets of them."


class SipCall(Silent):
    """What is remembered of a call attempt: little, as a hundred thousand may be up."""

    __slots__ = (
        "answered_at",
        "attempt",
        "call_id",
        "callees",
        "caller",
        "cseq",
        "from_tag",
        "offered_at",
        "roots",
        "sibling",
        "state",
        "tops",
        "trunk",
        "vias",
    )

    def __init__(self, message: SipMessage, trunk: Trunk, attempt: int) -> None:
        """Begin with the INVITE that offers the call."""
        self.before = None  # in no line: `Silent` would say so, but this is done for every INVITE
        branches = message.branches
        self.call_id = message.call_id
        self.from_tag = message.from_tag
        self.caller = caller_of(message)
        "Until the answer: who is challenged begins again before it."
        self.cseq = _once(message.cseq)
        self.callees = b""
        "Tags of the phones that answered, each behind a line end: with each there is a dialog."
        self.attempt = attempt
        self.trunk = trunk
        self.state = _CALLING
        self.offered_at = message.unit.at
        self.answered_at = 0
        self.tops = branches[:1]
        "Topmost branch of every leg heard."
        self.roots = self.tops
        "Legs that nothing heard led to and that are not refused; with the last one the call fails."
        self.vias = branches[1:]
        "Branches further down: hops before our first leg."
        self.sibling: SipCall | None = None
        "Another attempt with the same Call-ID."

    @property
    def octets(self) -> int:
        """How much is remembered to know its messages again."""
        words = (self.call_id, self.from_tag, self.cseq, *self.tops, *self.vias)
        return sum(map(len, words))

    def owns(self, message: SipMessage) -> bool:
        """Whether a message of the same Call-ID belongs to this attempt."""
        if message.branch in self.tops:
            return True
        return self.from_tag in {message.from_tag, message.to_tag}

    def answered_by(self, tag: bytes) -> None:
        """Note the tag of a phone that answered."""
        if len(tag) > MAX_OCTETS or self.callees.count(b"\n") >= MAX_LEGS or self._is_callee(tag):
            return
        self.callees += b"\n" + tag

    def in_dialog(self, message: SipMessage) -> bool:
        """Whether a request stands in a dialog of this call that is up (section 12.2)."""
        if self.state is _RELEASED:
            return False
        ours, theirs = message.from_tag, message.to_tag
        if ours != self.from_tag:
            ours, theirs = theirs, ours
        return ours == self.from_tag and self._is_callee(theirs)

    def _is_callee(self, tag: bytes) -> bool:
        return tag in self.callees.split(b"\n")[1:]

    def links(self, message: SipMessage, trunk: Trunk) -> bool:
        """Whether an INVITE is another leg of this attempt; takes it in if so.

        A leg that appears on an international trunk while the call did not is decided anew: its
        Via chain may be made up to ride on a call that was allowed.
        """
        if trunk is not self.trunk and trunk.kind is _INTERNATIONAL:
            return False
        branches = message.branches
        top, below = branches[0], branches[1:]
        if len(self.tops) >= MAX_LEGS or self.octets + sum(map(len, branches)) > MAX_OCTETS:
            return False
        if not set(self.tops).isdisjoint(below):  # downstream of a leg we heard
            self.tops += (top,)
        elif top in self.vias:  # upstream leg, heard late
            self.tops += (top,)
            self.roots = (top,)
        elif not set(self.vias).isdisjoint(below):  # another fork of the same hop
            self.tops += (top,)
            self.roots += (top,)
        else:
            return False
        self.vias += tuple(branch for branch in below if branch not in self.vias)
        return True

    def begins_again(self, message: SipMessage, trunk: Trunk) -> bool:
        """Whether an INVITE repeats a challenged attempt with credentials (section 22.2)."""
        return (
            self.state is _CHALLENGED
            and trunk is self.trunk
            and message.from_tag == self.from_tag
            and caller_of(message) == self.caller
            and octets_of(message) <= MAX_OCTETS
        )

    def restart(self, message: SipMessage) -> None:
        """Follow the INVITE that carries the credentials."""
        branches = message.branches
        self.cseq, self.state = _once(message.cseq), _CALLING
        self.tops = self.roots = branches[:1]
        self.vias = branches[1:]

    def end(self) -> None:
        """Let go of what was needed while it was up: its messages may be sent again for a while."""
        self.callees, self.vias = b"", ()
        self.caller = self.offered_at = self.answered_at = 0

    def refuse_leg(self, branch: bytes) -> bool:
        """Note that a leg was refused; True if it was the last way to the called party."""
        if branch not in self.roots:
            return False
        self.roots = tuple(root for root in self.roots if root != branch)
        return not self.roots


@lru_cache(maxsize=256)
def _once(cseq: bytes) -> bytes:
    """Return the first of equals: most calls begin with the same few."""
    return cseq


def octets_of(message: SipMessage) -> int:
    """Return how much an attempt must remember to know its messages again."""
    return sum(map(len, (message.call_id, message.from_tag, message.cseq, *message.branches)))


def caller_of(message: SipMessage) -> int:
    """Return what tells whether two INVITEs show the same caller and callee, as written."""
    shown, called = message.from_address.uri, message.request_uri
    asserted = message.headers.get(b"p-asserted-identity")
    return hash((shown.user, called.raw, asserted[0] if asserted else b"")) & SMALL
