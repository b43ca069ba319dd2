# SPDX-License-Identifier: Apache-2.0
"""What a gate asks: the message that offers a call in, the answer to it out, in the same tick.

The same stages as behind a tap, from the trunk on; the gate has read the message already.
"""

from collections.abc import Callable

from edge.call.trunks import Trunks
from edge.decode.sip.message import SipMessage
from edge.model.answer import GO_ON, Answer
from edge.model.event import CallOffered, Trunk
from edge.model.message import Message
from edge.pipeline import Decide, Decided

Offer = Callable[[SipMessage, Trunk, int], CallOffered]
Take = Callable[[Decided], Answer]
"Keeps evidence of a verdict, and finds the words."


class Asked:
    """Decides what gates ask."""

    def __init__(
        self, trunks: Trunks, offer: Offer, engine: Decide, clocks: tuple[Callable[[], int], ...]
    ) -> None:
        """Take the stages; `clocks` are the time of day and ticks, nanoseconds."""
        self._trunks = trunks
        self._offer = offer
        self._engine = engine
        self._now_ns, self._ticks_ns = clocks

    def decide(self, message: Message, take: Take) -> Answer:
        """Return the answer to an INVITE; of anything else, that it goes on."""
        if not isinstance(message, SipMessage) or message.type != "INVITE":
            return GO_ON
        began = self._ticks_ns()
        trunk = self._trunks.of(message.unit, message.flow)
        offer = self._offer(message, trunk, 1)
        verdict = self._engine.decide(offer, self._now_ns())
        return take(Decided(offer, verdict, self._ticks_ns() - began))
