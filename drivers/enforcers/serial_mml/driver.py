# SPDX-License-Identifier: Apache-2.0
"""Has a legacy exchange stop calls: types commands at its command port, on any serial line.

The dialogue is in the configuration: what is sent, which answer means done, which one refused. A
circuit is used again, so no command is sent twice for one order, even if no answer was heard.
"""

import asyncio
import contextlib
import re
from functools import partial
from typing import Annotated, Literal

import serial
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from drivers.enforcers.serial_mml import wire
from drivers.enforcers.serial_mml.line import Line
from drivers.enforcers.serial_mml.wire import Heard
from edge.clock import now_ns
from edge.enforce.switch import opened
from edge.errors import ConfigError, DriverLost, EnforceError
from edge.model.verdict import Action
from edge.ports import Driver, Order, Receipt

OPEN_S = 15.0
"To the prompt, logging in included."
WAKE_S = 1.0
"An exchange that shows no prompt is woken so often."
WRITE_S = 2.0
"A line that takes nothing for so long (flow control) is lost."
MAX_TOLD = 4096
"Orders whose outcome is remembered."
PARITY = {"N": serial.PARITY_NONE, "E": serial.PARITY_EVEN, "O": serial.PARITY_ODD}


def _command(template: str) -> str:
    return wire.check(template, wire.WORDS)


def _login(template: str) -> str:
    return wire.check(template, wire.LOGIN_WORDS)


def _plain(text: str) -> str:
    return wire.check(text.replace("{", "{{").replace("}", "}}"), frozenset()) and text


AnyPattern = Annotated[str, AfterValidator(wire.pattern)]
Pattern = Annotated[str, Field(min_length=1), AfterValidator(wire.pattern)]
Command = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_command)]
LoginText = Annotated[str, AfterValidator(_login)]
Text = Annotated[str, AfterValidator(_plain)]
_STRICT = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class LoginStep(BaseModel):
    """What is waited for, and what is then sent."""

    model_config = _STRICT

    expect: Pattern
    """Regular expression: what it asks, at the end of all that it said (`^`: at the beginning of a
    line). That of the first step also tells that it has logged us out."""
    send: LoginText
    "The answer: `{user}`, `{password}`."


class Step(BaseModel):
    """A command, and what its answers mean."""

    model_config = _STRICT

    send: Command
    """The command: `RELCALL:CIC={cic},DPC={dpc};`. Of an ISUP call are known `{opc}`, `{dpc}`,
    `{cic}`, `{span}`, `{slot}`; of a Q.931 one `{span}`, `{slot}`, `{callref}`; of all `{call}`,
    `{calling}`, `{called}`, `{cause}`."""
    expect: Pattern
    "Regular expression: found in a whole line, it was done."
    refuse: AnyPattern = ""
    "Regular expression: found before or beside the other one, it was not."
    within_s: float = Field(default=2.0, gt=0, le=60)
    "Seconds to the answer."


def _some(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if not steps:
        raise ValueError("at least one command is needed")
    return steps


class Config(BaseModel):
    """The line, and the dialogue on it."""

    model_config = _STRICT

    port: str = Field(min_length=1)
    "`/dev/serial/by-id/...` or any address of pyserial: `socket://host:port`, `rfc2217://...`."
    baud: int = Field(default=9600, ge=300, le=1_000_000)
    "Bits a second; of no meaning to `socket://`."
    frame: str = Field(default="8N1", pattern=r"^[78][NEO][12]$")
    "Data bits, parity, stop bits."
    flow: Literal["none", "xonxoff", "rtscts"] = "none"
    "Flow control."
    encoding: Literal["ascii", "cp866", "koi8-r", "cp1251", "latin-1"] = "ascii"
    "How it writes letters."
    line_end: Literal["\r", "\n", "\r\n"] = "\r"
    "What ends a line that is sent."
    wake: str = Field(default="\r", min_length=1, max_length=8)
    "What has it show its prompt: an empty line, or a character that drops what was typed."
    prompt: Pattern
    "Regular expression: how it says, at the end of all, that it waits for a command."
    ignore: AnyPattern = ""
    r"Regular expression: what it prints of its own accord, alarms: `^\*\*\*.*\n`."
    user: Text = ""
    "For `{user}` in `login`."
    password: SecretStr = SecretStr("")
    "For `{password}` in `login`."
    login: tuple[LoginStep, ...] = ()
    "How one logs in."
    release: Annotated[tuple[Step, ...], AfterValidator(_some)]
    "How a call is released."
    divert: tuple[Step, ...] = ()
    "How a call is sent to the operator desk; without it nothing is diverted."
    logout: tuple[Text, ...] = ()
    "What is sent before the line is left."
    look_s: float = Field(default=60.0, gt=0, le=3600)
    "It is woken so often, in seconds, to see whether it is alive."
    dry_run: bool = False
    "Say what would be sent; send no command."


class MmlEnforcer:
    """Types commands, one order at a time."""

    def __init__(self, config: Config, port: serial.Serial) -> None:
        """Take a port that is open and does not block."""
        self._config = config
        self._heard = Heard(config.prompt, config.ignore, config.encoding)
        self._line = Line(config.port, port, self._heard.feed)
        self._turn = asyncio.Lock()
        self._inside = False
        "Let in, as far as we know."
        self._told: dict[str, Receipt | str] = {}
        "Receipt, or why there is none, of each order that was sent."

    async def open(self) -> None:
        """Come to the prompt. Raises `DriverLost`."""
        async with self._turn:
            await self._reach_prompt()

    async def enforce(self, order: Order) -> Receipt:
        """Have one call released or diverted; wait for the line, until the deadline, if need be."""
        config, action = self._config, order.answer.action
        steps = {Action.BLOCK: config.release, Action.DIVERT: config.divert}.get(action, ())
        if not steps:
            raise EnforceError(f"no command for {action.value} is set")
        values = wire.of_call(order)
        texts = [wire.fill(step.send, values) for step in steps]
        if config.dry_run:
            return Receipt(order.id, accepted=False, answer=f"dry run: {' '.join(texts)}")
        left_s = (order.deadline_ns - now_ns()) / 1e9
        if left_s <= 0:
            raise EnforceError(f"{config.port}: too late for {order.call.call}")
        try:
            async with asyncio.timeout(left_s), self._turn:
                return await self._once(order.id, list(zip(steps, texts, strict=True)))
        except TimeoutError:
            raise EnforceError(f"{config.port}: not done in time") from None

    async def watch(self) -> None:
        """Wake the exchange every `look_s`. Raises `DriverLost`."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._config.look_s):
                    await self._line.gone.wait()
            self._line.check()
            async with self._turn:
                self._heard.sent("")
                await self._reach_prompt()

    async def close(self) -> None:
        """Log out and give the line back; calls go on."""
        with contextlib.suppress(DriverLost):
            for text in self._config.logout if self._inside else ():
                await self._say(text)
        await self._line.close()

    async def _once(self, order: str, steps: list[tuple[Step, str]]) -> Receipt:
        """Send the commands of an order, if they were not sent before."""
        if known := self._told.get(order):
            if isinstance(known, Receipt):
                return known
            raise EnforceError(known)
        await self._settle()
        if len(self._told) >= MAX_TOLD:
            del self._told[next(iter(self._told))]
        self._told[order] = f"{self._config.port}: sent before, and no answer was heard"
        said = ""
        try:
            for step, text in steps:
                said = await self._tell(step, text)
        except EnforceError as why:
            self._told[order] = str(why)
            raise
        self._told[order] = receipt = Receipt(order, accepted=True, answer=said)
        return receipt

    async def _tell(self, step: Step, text: str) -> str:
        """Return the line that says that a command was done. Raises `EnforceError`."""
        done = re.compile(step.expect)
        refused = re.compile(step.refuse) if step.refuse else None
        await self._say(text)
        try:
            async with asyncio.timeout(step.within_s):
                await self._line.until(lambda: self._finds(done) or self._finds(refused))
        except TimeoutError:
            raise EnforceError(f"{self._config.port}: no answer to {text}") from None
        answer = self._heard.answer
        if refused and (found := refused.search(answer)):
            raise EnforceError(f"{self._config.port}: {wire.line_with(found)} to {text}")
        accepted = done.search(answer)
        return f"{wire.line_with(accepted) if accepted else ''} to {text}"

    def _finds(self, wanted: re.Pattern[str] | None) -> bool:
        return wanted is not None and bool(wanted.search(self._heard.answer))

    async def _settle(self) -> None:
        """Come to the prompt, whatever was said meanwhile; log in if it asks for that."""
        self._line.hear()
        while not self._heard.at_prompt:
            if self._asks_who():
                await self._log_in()
            else:
                self._heard.sent("")
                await self._line.write(self._config.wake.encode(self._config.encoding, "replace"))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(WAKE_S):
                        await self._line.until(lambda: self._heard.at_prompt or self._asks_who())
        self._inside = True

    async def _reach_prompt(self) -> None:
        try:
            async with asyncio.timeout(OPEN_S):
                await self._settle()
        except TimeoutError:
            raise DriverLost(f"{self._config.port}: no prompt in {OPEN_S:g} s") from None

    def _asks_who(self) -> bool:
        login = self._config.login
        return bool(login) and self._heard.ends_in(login[0].expect)

    async def _log_in(self) -> None:
        """Log in, once: an exchange may lock out who tries more often. Raises `DriverLost`."""
        self._inside = False
        secret = self._config.password.get_secret_value()
        words = {"user": self._config.user, "password": secret}
        for step in self._config.login:
            await self._line.until(partial(self._heard.ends_in, step.expect))
            await self._say(step.send.format_map(words))
        await self._line.until(lambda: self._heard.at_prompt or self._asks_who())
        if not self._heard.at_prompt:
            raise DriverLost(f"{self._config.port}: user {self._config.user!r} is not let in")

    async def _say(self, text: str) -> None:
        self._heard.sent(text)
        line = text + self._config.line_end
        await self._line.write(line.encode(self._config.encoding, "replace"))


def _port(config: Config) -> serial.Serial:
    return serial.serial_for_url(
        config.port,
        config.baud,
        bytesize=int(config.frame[0]),
        parity=PARITY[config.frame[1]],
        stopbits=int(config.frame[2]),
        xonxoff=config.flow == "xonxoff",
        rtscts=config.flow == "rtscts",
        timeout=0,
        write_timeout=WRITE_S,
        exclusive=True,
    )


async def open_enforcer(_name: str, config: Config) -> MmlEnforcer:
    """Open the line and log in. Raises `ConfigError` for an address that no port can have."""
    try:
        port = await asyncio.to_thread(_port, config)
    except ValueError as wrong:
        raise ConfigError(f"{config.port}: {wrong}") from wrong
    except OSError as refusal:
        raise DriverLost(f"{config.port}: {refusal}") from refusal
    return await opened(MmlEnforcer(config, port))


DRIVER = Driver(
    name="serial_mml",
    config=Config,
    open=open_enforcer,
    summary="A legacy exchange's command port on a serial line: types commands at it.",
)
