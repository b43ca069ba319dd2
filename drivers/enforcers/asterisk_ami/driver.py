# SPDX-License-Identifier: Apache-2.0
"""Has an Asterisk stop calls, over its manager interface (AMI); tried with Asterisk 16.

A call is found by the Call-ID of the SIP leg it came on: each new channel is asked for its own. Its
user in `manager.conf` needs `read = call` and `write = call`, and no more. Nothing is written to
the dialplan or to the signalling.
"""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Callable
from typing import Annotated, cast

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from typing_extensions import override

from drivers.enforcers.asterisk_ami.wire import (
    Block,
    Channel,
    Channels,
    Framer,
    action,
    call_id_of,
    proof,
)
from edge.clock import now_ns
from edge.enforce.receipts import Receipts
from edge.enforce.switch import opened
from edge.errors import DriverLost, EnforceError
from edge.model.answer import REJECTED
from edge.model.message import Malformed
from edge.model.verdict import Action
from edge.ports import Driver, Order, Receipt

ANSWER_S = 5.0
"To connecting, and to each question while opening."
ASK_AGAIN_S, MOST_ASKED = 0.05, 10
"How soon, and how often, a channel without a Call-ID is asked for it."
GONE_S = 0.25
"What Asterisk takes to end a channel; a tenth of a second is long."
BY_STATUS = "pjsiphangup"
"Of Asterisk 18.21, 20.6, 21.1 and later: the caller hears the very status (in small letters)."
FIRST_ERROR = 400

Word = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\x21-\x7e]+$")]


class Config(BaseModel):
    """Which Asterisk, and what it may be told."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    host: str = Field(default="127.0.0.1", min_length=1)
    "Its address. The interface is not encrypted: the same machine, or a line nobody else is on."
    port: int = Field(default=5038, ge=1, le=65_535)
    "Port of its manager interface."
    user: Word
    "Its user in `manager.conf`, with `read = call` and `write = call`."
    secret: SecretStr
    "The user's secret; it is proved, not sent."
    endpoints: tuple[Word, ...] = ()
    "Endpoints (trunks) whose calls are followed; none named means all that are SIP."
    desk_context: Word | None = None
    "Context of the dialplan that leads to the operator desk; without it nothing is diverted."
    desk_extension: Word = "s"
    "Extension in that context."
    desk_priority: int = Field(default=1, ge=1)
    "Priority in that extension."
    look_s: float = Field(default=10.0, gt=0, le=600)
    "It is asked so often, in seconds, whether it is alive; it has as long to answer."
    dry_run: bool = False
    "Find the call and say what would be done; tell nothing."


class AmiEnforcer:
    """Hangs up or redirects the channel that carries a call."""

    def __init__(self, config: Config) -> None:
        """Be ready to open."""
        self._config = config
        self._link = Link(config.host, Channels(config.endpoints))
        self._by_status = False
        self._receipts = Receipts()

    async def open(self) -> None:
        """Log in, and learn which channels there are. Raises `DriverLost`."""
        config, loop = self._config, asyncio.get_running_loop()
        try:
            async with asyncio.timeout(ANSWER_S):
                await loop.create_connection(lambda: self._link, config.host, config.port)
        except OSError as refusal:
            raise DriverLost(f"{self._link.peer}: {str(refusal) or 'no answer'}") from refusal
        challenge = await self._must("Challenge", ("AuthType", "MD5"))
        key = proof(challenge.get("challenge"), config.secret.get_secret_value())
        known = (("AuthType", "MD5"), ("Username", config.user), ("Key", key))
        await self._must("Login", *known, ("Events", "call"))
        await self._must("Status")
        commands = await self._must("ListCommands")
        self._by_status = any(key == BY_STATUS for key, _ in commands.lines)

    async def enforce(self, order: Order) -> Receipt:
        """Hang up or redirect one call; wait for its channel, until the deadline, if need be."""
        async with self._receipts.turn(order.id):
            if known := self._receipts.of(order.id):
                return known
            said = await self._in_time(order)
            return self._receipts.keep(Receipt(order.id, not self._config.dry_run, said))

    async def watch(self) -> None:
        """Ask every `look_s` whether it is alive. Raises `DriverLost`."""
        while True:
            await self._must("Ping", within_s=self._config.look_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._config.look_s):
                    await self._link.gone.wait()

    async def close(self) -> None:
        """Log off and hang up; its calls go on."""
        self._link.leave()

    async def _in_time(self, order: Order) -> str:
        """Return what was done, in words. Raises `EnforceError` at the deadline."""
        left_s = (order.deadline_ns - now_ns()) / 1e9
        channel: Channel | None = None
        if left_s <= 0:
            raise EnforceError(f"{self._link.peer}: too late for {order.call.call}")
        try:
            async with asyncio.timeout(left_s):
                channel = await self._link.found(order.call.call, order.call.message.called)
                return await self._tell(order, channel)
        except TimeoutError:
            why = "no answer about it" if channel else f"no channel with Call-ID {order.call.call}"
            raise EnforceError(f"{self._link.peer}: {why} in time") from None

    async def _tell(self, order: Order, channel: Channel) -> str:
        answer, config = order.answer, self._config
        if not answer.stops:
            raise EnforceError(f"{answer.action.value} is nothing that a switch is told")
        if answer.action is Action.DIVERT and not config.desk_context:
            raise EnforceError("nothing is diverted here: no desk_context is set")
        if config.dry_run:
            return f"dry run: {channel.name} would be stopped ({answer.action.value})"
        if answer.action is Action.DIVERT:
            context = config.desk_context or ""
            to = (("Exten", config.desk_extension), ("Priority", f"{config.desk_priority}"))
            return await self._do("Redirect", channel, ("Context", context), *to)
        if self._by_status and channel.takes_status and answer.status >= FIRST_ERROR:
            said = await self._do("PJSIPHangup", channel, ("Cause", f"{answer.status}"))
            if await self._link.ended(channel, GONE_S):
                return said
        return await self._do("Hangup", channel, ("Cause", f"{answer.cause or REJECTED}"))

    async def _do(self, name: str, channel: Channel, *pairs: tuple[str, str]) -> str:
        """Have something done to one channel. Raises `EnforceError` if it is refused."""
        said = await self._link.ask(name, ("Channel", channel.name), *pairs)
        if not said.succeeded:
            raise EnforceError(f"{self._link.peer}: {said.text} to {name} of {channel.name}")
        words = ", ".join(f"{key} {value}" for key, value in pairs)
        return f"{said.text}: {name} of {channel.name}, {words}"

    async def _must(self, name: str, *pairs: tuple[str, str], within_s: float = 0) -> Block:
        """Return the answer to what can only fail if the switch is not to be had."""
        try:
            async with asyncio.timeout(within_s or ANSWER_S):
                said = await self._link.ask(name, *pairs)
        except TimeoutError:
            raise DriverLost(f"{self._link.peer}: no answer to {name}") from None
        if not said.succeeded:
            user = f" of user {self._config.user!r}" if name == "Login" else ""
            raise DriverLost(f"{self._link.peer}: {said.text} to {name}{user}")
        return said


class Link(asyncio.Protocol):
    """The connection: puts answers to their questions, and follows the channels."""

    def __init__(self, host: str, channels: Channels) -> None:
        """Be ready for a connection."""
        self.peer = f"asterisk {host}"
        self.gone = asyncio.Event()
        self._why = ""
        self._channels = channels
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None
        self._numbers = itertools.count(1)
        self._asked: dict[str, Callable[[Block], None]] = {}
        "What is done with the answer to each question that is open."
        self._news = asyncio.Event()
        "Something is known of a channel."

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; small questions are not to wait for each other."""
        self._transport = cast("asyncio.Transport", transport)
        endpoint = transport.get_extra_info("socket")
        endpoint.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @override
    def data_received(self, data: bytes) -> None:
        """Sort answers from events."""
        for block in self._framer.feed(data):
            if isinstance(block, Malformed):
                self._lose(block.why)
                return
            if block.get("response"):
                self._answered(block)
            elif channel := self._channels.hear(block):
                self._ask_call_id(channel)
            else:
                self._news.set()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all who wait."""
        self._lose(str(exc) if exc else "hung up")

    async def ask(self, name: str, *pairs: tuple[str, str]) -> Block:
        """Return the answer to an action. Raises `DriverLost` if it cannot come any more."""
        answer: asyncio.Future[Block] = asyncio.get_running_loop().create_future()

        def arrived(block: Block) -> None:
            if not answer.done():
                answer.set_result(block)

        number = self._send(name, pairs, arrived)
        try:
            said = await answer
        finally:
            self._asked.pop(number, None)
        if self.gone.is_set():
            raise DriverLost(self._why)
        return said

    async def found(self, call: str, called: str) -> Channel:
        """Return the channel that carries a call, as soon as there is one."""
        while not (channel := self._channels.find(call, called)):
            await self._next()
        return channel

    async def ended(self, channel: Channel, within_s: float) -> bool:
        """Whether a channel is over within so many seconds."""
        try:
            async with asyncio.timeout(within_s):
                while self._channels.holds(channel):
                    await self._next()
        except TimeoutError:
            return False
        return True

    def leave(self) -> None:
        """Log off; what is said then is not waited for."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(action("Logoff"))
            self._transport.close()

    async def _next(self) -> None:
        """Wait for news of a channel. Raises `DriverLost`."""
        if self.gone.is_set():
            raise DriverLost(self._why)
        self._news.clear()
        await self._news.wait()

    def _send(
        self, name: str, pairs: tuple[tuple[str, str], ...], arrived: Callable[[Block], None]
    ) -> str:
        if self.gone.is_set() or not self._transport:
            raise DriverLost(self._why or f"{self.peer}: not connected")
        number = f"qalqan-{next(self._numbers)}"
        octets = action(name, ("ActionID", number), *pairs)
        self._asked[number] = arrived
        self._transport.write(octets)
        return number

    def _ask_call_id(self, channel: Channel, times: int = 1) -> None:
        """Ask for the Call-ID of a channel, a few times: chan_sip sets it after telling of it."""

        def arrived(block: Block) -> None:
            call = block.get("value")
            self._channels.learn(channel.unique, call)
            self._news.set()
            if not call and times < MOST_ASKED:
                loop = asyncio.get_running_loop()
                loop.call_later(ASK_AGAIN_S, self._ask_again, channel, times + 1)

        asked = (("Channel", channel.name), ("Variable", call_id_of(channel.name)))
        self._send("Getvar", asked, arrived)

    def _ask_again(self, channel: Channel, times: int) -> None:
        if self._transport and not self.gone.is_set() and self._channels.holds(channel):
            self._ask_call_id(channel, times)

    def _answered(self, block: Block) -> None:
        if arrived := self._asked.pop(block.get("actionid"), None):
            arrived(block)

    def _lose(self, why: str) -> None:
        """Note that the Asterisk is gone; the first reason stands."""
        if self.gone.is_set():
            return
        self._why = f"{self.peer}: {why}"
        self.gone.set()
        self._news.set()
        for arrived in tuple(self._asked.values()):
            arrived(Block((("response", "gone"),)))
        self._asked.clear()
        if self._transport:
            self._transport.abort()


async def open_enforcer(_name: str, config: Config) -> AmiEnforcer:
    """Connect and log in. Raises `DriverLost` if the Asterisk is away or does not let us in."""
    return await opened(AmiEnforcer(config))


DRIVER = Driver(
    name="asterisk_ami",
    config=Config,
    open=open_enforcer,
    summary="An Asterisk, over its manager interface: hangs up or redirects the channel.",
)
