# SPDX-License-Identifier: Apache-2.0
"""Tells a Kamailio to stop a call: an INVITE that waits is answered, an answered call is ended.

Needs its modules `jsonrpcs` (datagrams) and `tm`; to end answered calls `dialog`, too. A call is
found by Call-ID and CSeq, or by Call-ID and the tag of From.

An answered call is ended by a BYE to the caller, then one to the callee, each sent by Kamailio. If
the caller answers his before the other is sent, its module `dialog` (5.6) takes the call for over
and leaves the callee untold: he hears nobody, and hangs up. The order is accepted all the same, so
this driver cannot tell. Seen with the caller on Kamailio's own processor, 18 times in a hundred;
with one 20 ms away, there and back, never in sixty.
"""

import asyncio

from pydantic import BaseModel, ConfigDict, Field, field_validator

from drivers.enforcers.kamailio_rpc.line import Line, connected, is_unix, udp_place
from drivers.enforcers.kamailio_rpc.wire import LOOK, NOT_FOUND, Dialog, dialogs, end, find, reject
from edge.clock import monotonic_s
from edge.decode.sip.uri import parse_address
from edge.enforce.receipts import Receipts
from edge.enforce.switch import opened, until_silent
from edge.errors import DriverLost, EnforceError
from edge.model.verdict import Action
from edge.ports import Driver, Order, Receipt

ANSWER_S = 2.0
"To the first question."
REFUSALS = range(300, 700)
"Final answers after which no call is up (RFC 3261 section 7.2)."


class Config(BaseModel):
    """Where Kamailio takes orders, and how long it is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    endpoint: str = "udp:127.0.0.1:8060"
    """Its `dgram_socket` (module `jsonrpcs`): `udp:ADDRESS:PORT`, or `unix:/PATH`, where Kamailio
    has the path alone. Whoever reaches it may do anything there: keep it off shared networks."""
    retry_ms: int = Field(default=50, ge=10, le=5000)
    "Silence after which a question is sent again, milliseconds."
    patience_ms: int = Field(default=500, ge=0, le=60_000)
    "How long a call that Kamailio does not know yet is asked for, milliseconds."
    look_s: float = Field(default=5.0, gt=0, le=60)
    "How often Kamailio is asked whether it lives, seconds; lost after three looks of silence."
    dry_run: bool = False
    "Calls are looked up, and nothing is told."

    @field_validator("endpoint")
    @classmethod
    def _can_be_reached(cls, endpoint: str) -> str:
        if not is_unix(endpoint):
            _, port = udp_place(endpoint)
            if not 1 <= port <= 65_535:  # noqa: PLR2004 - of UDP
                raise ValueError(f"no port {port}")
        return endpoint


class Call:
    """What Kamailio can find the call of an order by. Raises `EnforceError` if that is nothing."""

    def __init__(self, order: Order) -> None:
        """Read it from the INVITE."""
        fields = order.call.message.fields()
        self.id = order.call.call
        self.cseq = str(fields.get("cseq", "")).partition(" ")[0]
        sender = parse_address(str(fields.get("from", "")).encode())
        self.from_tag = sender.parameters.get("tag", "")
        if order.call.proto != "sip" or not (self.id and self.cseq.isascii()):
            raise EnforceError(f"not a SIP call: {order.call.proto} {self.id}")
        if not self.cseq.isdigit():
            raise EnforceError(f"an INVITE without CSeq: {self.id}")


class KamailioRpc:
    """An enforcer that speaks to one Kamailio."""

    def __init__(self, config: Config) -> None:
        """Be ready to open."""
        self.line = Line(config.endpoint, config.retry_ms / 1000)
        self._config = config
        self._receipts = Receipts()

    async def open(self) -> None:
        """Ask something, and be answered. Raises `DriverLost`."""
        loop = asyncio.get_running_loop()
        where = self._config.endpoint
        try:
            endpoint = connected(where)
            await loop.create_datagram_endpoint(lambda: self.line, sock=endpoint)
            async with asyncio.timeout(ANSWER_S):
                await self.line.ask(LOOK)
        except OSError as refusal:
            why = refusal.strerror or "no answer"
            raise DriverLost(f"kamailio {where}: {why}") from refusal

    async def enforce(self, order: Order) -> Receipt:
        """Have the call rejected or ended, and not twice."""
        return await self._receipts.once(order, self._stop)

    async def watch(self) -> None:
        """Wait until Kamailio is silent for too long."""
        await until_silent(lambda: self.line.ask(LOOK), self._config.look_s)
        raise DriverLost(f"kamailio {self._config.endpoint}: silent")

    async def close(self) -> None:
        """Let go."""
        self.line.close()

    async def _stop(self, order: Order) -> Receipt:
        if not order.answer.stops or order.answer.status not in REFUSALS:
            raise EnforceError(f"{order.call.call} is to go on: {order.answer.status}")
        call = Call(order)
        if self._config.dry_run:
            return await self._look_up(order, call)
        until = monotonic_s() + self._config.patience_ms / 1000
        while not (receipt := await self._tell(order, call)):
            if monotonic_s() >= until:
                raise EnforceError(f"no such call {call.id}")
            await asyncio.sleep(self._config.retry_ms / 1000)
        return receipt

    async def _tell(self, order: Order, call: Call) -> Receipt | None:
        """Reject or end the call; None if Kamailio does not know it, or not yet."""
        question = reject(order.answer, call.id, call.cseq, order.id)
        said, times = await self.line.ask(question)
        if said.done:
            status = f"answered {order.answer.status}"
            return Receipt(order.id, accepted=True, answer=f"{question.method}: {status}")
        if dialog := await self._talking(call):
            return await self._end(order, dialog)
        if said.code == NOT_FOUND:
            return None
        if times > 1:  # refused because done: it was the first answer that got lost
            return Receipt(order.id, accepted=True, answer=f"answered before: {said.text}")
        raise EnforceError(f"kamailio: {said.text} for {call.id}")

    async def _end(self, order: Order, dialog: Dialog) -> Receipt:
        if order.answer.action is Action.DIVERT:
            raise EnforceError(f"{order.call.call} was answered: too late to divert it")
        question = end(dialog, order.answer)
        said, times = await self.line.ask(question)
        if said.done or (times > 1 and said.code == NOT_FOUND):
            return Receipt(order.id, accepted=True, answer=f"{question.method}: BYE to both")
        raise EnforceError(f"kamailio: {said.text} for {order.call.call}")

    async def _look_up(self, order: Order, call: Call) -> Receipt:
        found = "answered" if await self._talking(call) else "waits, or is not known"
        return Receipt(order.id, accepted=False, answer=f"dry run: {call.id} {found}")

    async def _talking(self, call: Call) -> Dialog | None:
        """Return the dialog of an answered call, if there is one."""
        said, _ = await self.line.ask(find(call.id))
        for dialog in dialogs(said.result):
            if dialog.talks and dialog.from_tag == call.from_tag:
                return dialog
        return None


async def open_enforcer(_name: str, config: Config) -> KamailioRpc:
    """Open a socket and ask once. Raises `DriverLost` if nobody answers."""
    return await opened(KamailioRpc(config))


DRIVER = Driver(
    name="kamailio_rpc",
    config=Config,
    open=open_enforcer,
    summary="Has a Kamailio reject calls that wait and end those that were answered, by JSON-RPC.",
)
