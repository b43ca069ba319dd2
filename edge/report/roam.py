# SPDX-License-Identifier: Apache-2.0
"""Takes the questions of this box about roaming to the hub, and the hub's answers back.

It remembers nothing: whoever asks keeps the deadline, and how many questions are under way. What is
asked in the clear goes over TLS, and into no log.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from math import ceil

from pydantic import ValidationError

from edge.errors import DriverLost
from edge.process.question import CORE, Answer, Letters, Question
from edge.report.message import ACCEPTS, Hub, RoamAnswer, RoamAsk
from edge.report.port import Inbound, Outbound, Send
from edge.report.topic import ROAM, up


class Roam:
    """The way to the hub and back."""

    def __init__(
        self, node: str, letters: Letters[Question], send: Send, hub: Callable[[], Hub | None]
    ) -> None:
        """Speak as `node` by `send`; `hub` returns what the hub said of itself last."""
        self.counts: Counter[str] = Counter()
        "Questions `sent`, and `refused` as there is no hub; answers `passed`, `bad`, `lost`."
        self._topic = up(node, ROAM)
        self._letters = letters
        self._send = send
        self._hub = hub

    async def forever(self) -> None:
        """Take questions to the hub until cancelled; where there is none, nobody knows."""
        while True:
            question = await self._letters.read()
            try:
                await self._ask(question)
            except DriverLost:
                self.counts["refused"] += 1
                await self._tell(Answer(question.id, None))

    async def _ask(self, question: Question) -> None:
        """Publish a question. Raises `DriverLost`."""
        hub = self._hub()
        if hub is None or not hub.online:
            raise DriverLost("the hub is not there")
        asked = RoamAsk(id=question.id, number=question.number, deadline_ms=question.deadline_ms)
        # QoS 0: a question that has to be sent again is too late, and none may wait for a PUBACK.
        await self._send(Outbound(
            self._topic, asked.model_dump_json().encode(), qos=0,
            expiry_s=ceil(question.deadline_ms / 1000),
        ))  # fmt: skip
        self.counts["sent"] += 1

    async def hear(self, _rest: str, message: Inbound) -> None:
        """Take an answer of the hub to whoever asked; what is none is passed over."""
        with suppress(ValidationError):
            answer = RoamAnswer.model_validate_json(message.payload)
            if answer.v in ACCEPTS:
                await self._tell(Answer(answer.id, answer.abroad, answer.ttl_s))
                self.counts["passed"] += 1
                return
        self.counts["bad"] += 1

    async def _tell(self, answer: Answer) -> None:
        try:
            await self._letters.put(CORE, answer)
        except DriverLost:  # it is not there; when it is back it asks anew
            self.counts["lost"] += 1
