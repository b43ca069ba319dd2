# SPDX-License-Identifier: Apache-2.0
"""Calls that were let through because nobody knew yet whether their number is roaming. Pure.

They are judged again when the answer comes while it can still stop them.
"""

from collections import OrderedDict

from edge.model.event import CallOffered
from edge.model.number import Kind
from edge.model.verdict import Verdict
from edge.verdict.rule import ROAMING_UNKNOWN

MOST = 4096


class Waiting:
    """Offers by the numbers that were asked about, the oldest first."""

    def __init__(self, patience_ns: int, most: int = MOST) -> None:
        """Keep an offer for so long after its verdict, and at most so many numbers."""
        self._patience_ns = patience_ns
        self._most = most
        self._offers: OrderedDict[str, list[tuple[int, CallOffered]]] = OrderedDict()

    def __len__(self) -> int:
        """Numbers that are waited for."""
        return len(self._offers)

    def put(self, offer: CallOffered, verdict: Verdict, now_ns: int) -> None:
        """Keep an offer if its verdict rests on an answer that was not there."""
        if all(reason.rule != ROAMING_UNKNOWN.id for reason in verdict.reasons):
            return
        parties = (offer.calling, *offer.identities)
        for digits in {p.number.e164 for p in parties if p.number.kind is Kind.MOBILE}:
            waiting = self._offers.setdefault(digits, [])
            waiting[:] = [one for one in waiting if 0 <= now_ns - one[0] < self._patience_ns]
            waiting.append((now_ns, offer))
            self._offers.move_to_end(digits)
        while len(self._offers) > self._most:
            self._offers.popitem(last=False)

    def take(self, digits: str, now_ns: int) -> list[CallOffered]:
        """Return the offers that an answer about a number is in time for; they wait no more."""
        found = self._offers.pop(digits, [])
        return [offer for at, offer in found if 0 <= now_ns - at < self._patience_ns]
