# SPDX-License-Identifier: Apache-2.0
"""Tells a FreeSWITCH to stop a call, over its event socket (`mod_event_socket`).

A call is found by the Call-ID of the leg that came in, which events tell; the legs that FreeSWITCH
made for it end with it. Before its answer the caller hears 603 or 302, after it BYE or REFER. Where
the socket has a list of allowed commands it needs `show`, `status`, `uuid_getvar`, `uuid_setvar`,
`uuid_kill`, and to divert `uuid_transfer` and `uuid_deflect`.
"""

import asyncio

import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from drivers.enforcers.freeswitch_esl.calls import Calls
from drivers.enforcers.freeswitch_esl.line import Line
from drivers.enforcers.freeswitch_esl.wire import (
    EVENTS,
    LIST,
    LOOK,
    ONLY_INBOUND,
    Channel,
    channel_of,
    channels,
    deflect,
    get_call_id,
    kill,
    plain,
    redirect,
    settings,
    tag_of,
)
from edge.enforce.receipts import Receipts
from edge.enforce.switch import opened, until_silent
from edge.errors import DriverLost, EnforceError
from edge.model.verdict import Action
from edge.ports import Driver, Order, Receipt

OPEN_S = 15.0
"To connect, log in and learn of the calls that are up."
UNDEFINED = "_undef_"


class Config(BaseModel):
    """Which FreeSWITCH, and how long it is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    host: str = Field(default="127.0.0.1", min_length=1)
    "Its address. The password goes in clear: loopback, or a line that nobody else hears."
    port: int = Field(default=8021, ge=1, le=65_535)
    "Port of its event socket."
    password: SecretStr
    "Of the event socket."
    max_channels: int = Field(default=65_536, ge=16, le=1_048_576)
    "Legs that came in and are remembered; beyond them the oldest is forgotten."
    patience_ms: int = Field(default=500, ge=0, le=60_000)
    "How long a call that FreeSWITCH has not told of is waited for, milliseconds."
    look_s: float = Field(default=5.0, gt=0, le=60)
    "How often it is asked whether it lives, seconds; lost after three looks of silence."
    dry_run: bool = False
    "Calls are looked up, and nothing is told."

    @field_validator("password")
    @classmethod
    def _is_one_line(cls, password: SecretStr) -> SecretStr:
        text = password.get_secret_value()
        if not text or plain(text) != text:
            raise ValueError("empty, or not one line")
        return password


class FreeSwitchEsl:
    """An enforcer that speaks to one FreeSWITCH."""

    def __init__(self, config: Config) -> None:
        """Be ready to open."""
        self.calls = Calls(config.max_channels)
        self._where = f"{config.host} port {config.port}"
        self._line = Line(self._where, self._hear)
        self._config = config
        self._receipts = Receipts()
        self._news = asyncio.Event()

    async def open(self) -> None:
        """Log in, and learn of the calls that are up. Raises `DriverLost`."""
        loop, config = asyncio.get_running_loop(), self._config
        try:
            async with asyncio.timeout(OPEN_S):
                await loop.create_connection(lambda: self._line, config.host, config.port)
                await self._line.greeted()
                await self._must(f"auth {config.password.get_secret_value()}", "the login")
                await self._must(ONLY_INBOUND, "a filter")
                await self._must(EVENTS, "events")
                await self._learn()
        except OSError as refusal:
            raise DriverLost(
                f"freeswitch {self._where}: {str(refusal) or 'no answer'}"
            ) from refusal

    async def enforce(self, order: Order) -> Receipt:
        """Have the leg that came in ended or redirected, and not twice."""
        return await self._receipts.once(order, self._stop)

    async def watch(self) -> None:
        """Wait until FreeSWITCH hangs up, or is silent for too long."""
        await until_silent(lambda: self._line.ask(LOOK), self._config.look_s, self._line.last)
        raise DriverLost(f"freeswitch {self._where}: silent")

    async def close(self) -> None:
        """Hang up."""
        self._line.vanish("closed")

    async def _must(self, text: str, what: str) -> None:
        said = await self._line.ask(text)
        if not said.done:
            raise DriverLost(f"freeswitch {self._where}: {what}: {plain(said.text)}")

    async def _learn(self) -> None:
        """Learn of the calls that were up before us; what ends meanwhile has no Call-ID."""
        listed = channels((await self._line.ask(LIST)).text)[-self._config.max_channels :]
        waiting = [(one, self._line.send(get_call_id(one.uuid))) for one in listed]
        for one, answer in waiting:
            call_id = plain((await self._line.answer(answer)).text)
            if call_id and call_id != UNDEFINED and not call_id.startswith("-"):
                self.calls.hear(msgspec.structs.replace(one, call_id=call_id))

    def _hear(self, event: str) -> None:
        if channel := channel_of(event):
            self.calls.hear(channel)
            self._news.set()

    async def _stop(self, order: Order) -> Receipt:
        if not order.answer.stops:
            raise EnforceError(f"{order.call.call} is to go on")
        channel = await self._channel(order)
        if self._config.dry_run:
            state = "answered" if channel.answered else "not answered"
            answer = f"dry run: {channel.uuid} {state}"
            return Receipt(order.id, accepted=False, answer=answer)
        orders = [*settings(channel.uuid, order.answer.headers), _how(order, channel)]
        waiting = [self._line.send(one) for one in orders]
        said = [await self._line.answer(one) for one in waiting][-1]
        if said.done:
            words = f"{orders[-1].split()[1]}: {plain(said.text)}"
            return Receipt(order.id, accepted=True, answer=words)
        raise EnforceError(f"freeswitch: {plain(said.text)} for {order.call.call}")

    async def _channel(self, order: Order) -> Channel:
        """Return the channel of a call; wait for it a little. Raises `EnforceError`."""
        call_id = order.call.call
        if order.call.proto != "sip" or not call_id:
            raise EnforceError(f"not a SIP call: {order.call.proto} {call_id}")
        try:
            async with asyncio.timeout(self._config.patience_ms / 1000):
                while not (found := self.calls.find(call_id)):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise EnforceError(f"no such call {call_id}") from None
        if len(found) > 1:  # a Call-ID is what a caller says; whoever copies it has another tag
            tag = tag_of(str(order.call.message.fields().get("from", "")))
            found = [channel for channel in found if channel.from_tag == tag]
        if len(found) != 1:
            raise EnforceError(f"several calls have the Call-ID {call_id}: which one?")
        return found[0]


def _how(order: Order, channel: Channel) -> str:
    """Return the command that stops a call. Raises `EnforceError`."""
    answer = order.answer
    if answer.action is not Action.DIVERT:
        return kill(channel.uuid)
    if not answer.contact:
        raise EnforceError(f"no desk to divert {order.call.call} to")
    if channel.answered:
        return deflect(channel.uuid, answer.contact)
    return redirect(channel.uuid, answer.contact)


async def open_enforcer(_name: str, config: Config) -> FreeSwitchEsl:
    """Log in. Raises `DriverLost` if FreeSWITCH is away or refuses."""
    return await opened(FreeSwitchEsl(config))


DRIVER = Driver(
    name="freeswitch_esl",
    config=Config,
    open=open_enforcer,
    summary="Has a FreeSWITCH end or redirect the leg that came in, over its event socket.",
)
