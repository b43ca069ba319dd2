# SPDX-License-Identifier: Apache-2.0
"""What was answered to which transaction, so that a repeated INVITE is answered alike.

Stateless first: a response is never sent again by ourselves, and what a request is answered follows
from the request (RFC 3261 section 8.2.7), but for the verdict. A list may have changed, and a call
is counted once: so the octets of the answer are kept while the INVITE may be repeated.
"""

from collections import OrderedDict

TIMER_H_S = 32.0
"64 times T1, in seconds: so long an INVITE may be repeated (section 17.2.1, table 4)."
TIMER_I_S = 5.0
"T4, in seconds: how long a packet may be under way; after ACK only such a one still comes."

CONFIRMED = b""
"What is answered after ACK: nothing (section 17.2.1)."


class Memory:
    """Answers by transaction. Holds no more than `most`; the oldest go first."""

    def __init__(self, most: int) -> None:
        """Hold `most` transactions."""
        self._most = most
        self._answered: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self._confirmed: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        """Return how many are held."""
        return len(self._answered) + len(self._confirmed)

    def answer_to(self, transaction: bytes, now_s: float) -> bytes | None:
        """Return what was answered; None if nothing was, or it is forgotten."""
        if found := self._answered.get(transaction):
            until, answer = found
            return answer if now_s < until else None
        return CONFIRMED if now_s < self._confirmed.get(transaction, now_s) else None

    def keep(self, transaction: bytes, answer: bytes, now_s: float) -> None:
        """Remember an answer; forget what is old, and the oldest where there is no room."""
        self._forget(now_s)
        if len(self) >= self._most:  # one that is confirmed will hardly be asked for
            (self._confirmed or self._answered).popitem(last=False)
        self._answered[transaction] = (now_s + TIMER_H_S, answer)
        self._answered.move_to_end(transaction)

    def confirm(self, transaction: bytes, now_s: float) -> bool:
        """Note an ACK; returns whether it belongs to an answer of ours."""
        if self._answered.pop(transaction, None):
            self._confirmed[transaction] = now_s + TIMER_I_S
            return True
        return transaction in self._confirmed

    def _forget(self, now_s: float) -> None:
        answered, confirmed = self._answered, self._confirmed
        while answered and next(iter(answered.values()))[0] <= now_s:
            answered.popitem(last=False)
        while confirmed and next(iter(confirmed.values())) <= now_s:
            confirmed.popitem(last=False)
