# SPDX-License-Identifier: Apache-2.0
"""One INVITE, one verdict: what a gate was asked and a tap heard is the same call.

Whichever comes first has it decided; the other is given the same verdict, and the same record.
Where they differ in who calls whom, it is decided anew and the stricter verdict holds: whoever has
an innocent INVITE decided first gains nothing for another under its name. Pure; bounded in number
and in time, and small: INVITEs and what they were decided from are known by 60 bits of a hash that
each process draws anew (PEP 456), so that nobody can make two alike.
"""

from collections import OrderedDict
from collections.abc import Container

import msgspec

from edge.call.compact import SMALL
from edge.decode.sip.message import SipMessage
from edge.model.event import CallOffered
from edge.model.verdict import Action, Verdict
from edge.pipeline import Decide

NS = 1_000_000_000
PATIENCE_NS = 32 * NS
"64 x T1 (RFC 3261 section 17.1.1.2): as long as an INVITE may be sent again."
MOST = 65_536

_STRICTNESS = {action: strictness for strictness, action in enumerate(Action)}


class Ruling(msgspec.Struct, gc=False):
    """What was decided of an INVITE."""

    at: int
    verdict: Verdict
    numbers: int
    "Hash of what it was decided from."
    record: str = ""
    "Id of its evidence, once that is kept; empty for a call that nothing speaks of."
    leaf: int = -1


class Rulings:
    """Decides, and remembers for a while."""

    def __init__(
        self,
        engine: Decide,
        asked: Container[str],
        patience_ns: int = PATIENCE_NS,
        most: int = MOST,
    ) -> None:
        """Have `engine` decide what is not remembered; gates ask about the trunks in `asked`.

        Of other trunks, and of circuits, nothing is: one ear hears each call.
        """
        self._engine = engine
        self._asked = asked
        self._patience_ns = patience_ns
        self._most = most
        # Not a dict: one that loses its first again and again is slow to find the next.
        self._known: OrderedDict[int, Ruling] = OrderedDict()
        "The oldest first."

    def __len__(self) -> int:
        """Rulings remembered."""
        return len(self._known)

    def decide(self, offer: CallOffered, now_ns: int) -> Verdict:
        """Return the verdict on an offer, the one of another ear if it was first."""
        key = self._key(offer)
        if key is None:
            return self._engine.decide(offer, now_ns)
        self._forget(now_ns)
        numbers, ruling = _numbers_of(offer), self._known.get(key)
        if ruling and ruling.numbers == numbers:
            return ruling.verdict
        verdict = self._engine.decide(offer, now_ns)
        if ruling and _strictness(verdict) <= _strictness(ruling.verdict):
            return ruling.verdict
        self._known.pop(key, None)  # the oldest stands first
        self._known[key] = Ruling(now_ns, verdict, numbers)
        return verdict

    def of(self, offer: CallOffered) -> Ruling | None:
        """Return what is remembered of an offer that was decided."""
        key = self._key(offer)
        return None if key is None else self._known.get(key)

    def drop(self, offer: CallOffered) -> None:
        """Forget one: it is to be decided anew."""
        key = self._key(offer)
        if key is not None:
            self._known.pop(key, None)

    def forget(self) -> None:
        """Forget everything: other modes hold from now on."""
        self._known.clear()

    def _key(self, offer: CallOffered) -> int | None:
        """Return what an INVITE is known by at every ear; None if only one can hear it.

        Call-ID, From tag and CSeq go through a proxy unchanged (RFC 3261 section 16.6).
        """
        message, trunk = offer.message, offer.trunk.name
        if trunk not in self._asked or not isinstance(message, SipMessage):
            return None
        return hash((message.call_id, message.from_tag, message.cseq, trunk)) & SMALL

    def _forget(self, now_ns: int) -> None:
        """Let go of what is too old, or of the oldest where there is no room."""
        for _ in range(2):
            key = next(iter(self._known), None)
            if key is None:
                return
            is_old = not 0 <= now_ns - self._known[key].at < self._patience_ns
            if not is_old and len(self._known) < self._most:
                return
            del self._known[key]


def _numbers_of(offer: CallOffered) -> int:
    """Return a hash of every identity by what lists and rules know it by."""
    numbers = tuple((p.role, p.number.e164 or p.number.raw) for p in offer.identities)
    return hash(numbers) & SMALL


def _strictness(verdict: Verdict) -> tuple[int, int]:
    return _STRICTNESS[verdict.action], _STRICTNESS[verdict.wanted]
