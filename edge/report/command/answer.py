# SPDX-License-Identifier: Apache-2.0
"""Commands within the conversation with the hub: what arrives is taken, what became of it is said.

An answer that no broker has taken is said again on the next connection, and whenever its command
comes again.
"""

import asyncio

from pydantic import ValidationError

from edge import clock
from edge.report import topic
from edge.report.command.command import Commands
from edge.report.command.trial import Trial
from edge.report.message import Desired, Result
from edge.report.port import Inbound, Outbound, Send

NS = 1_000_000_000
REFUSED = 0x80
"From here on a broker's reason code says that it did not take a message (MQTT 5 section 2.4)."


class Answers:
    """Answers commands."""

    def __init__(self, node: str, commands: Commands, trial: Trial, send: Send) -> None:
        """Answer as `node`, on the connection of now."""
        self._topic = topic.up(node, topic.RESULT)
        self._commands = commands
        self._trial = trial
        self._send = send

    async def hear(self, rest: str, message: Inbound) -> None:
        """Take what came under `cmd` or `desired`; what it asks for is on disk when this returns.

        Raises `DriverLost` if the connection went away: then the message is not settled, and comes
        again.
        """
        payload = message.payload
        if rest.split("/", 1)[0] == topic.DESIRED:
            payload = _desired(payload)
        if not payload:
            return
        result = await asyncio.to_thread(self._commands.take, payload, clock.now_ns() // NS)
        try:
            if result is not None:
                await self._say(result)
        finally:
            self._commands.follow_up()

    async def reached(self) -> None:
        """Say that the hub was reached: a trial is won, and it is told what it has missed."""
        self._trial.reached()
        for result in await asyncio.to_thread(self._commands.untold, clock.now_ns() // NS):
            await self._say(result)

    async def _say(self, result: Result) -> None:
        code = await self._send(Outbound(self._topic, result.model_dump_json().encode()))
        if code < REFUSED:
            await asyncio.to_thread(self._commands.told, result)


def _desired(payload: bytes) -> bytes:
    """Return the command that brings the configuration which the hub wants; empty for none.

    What cannot be read is returned as it is: to be refused as any command would.
    """
    if not payload:
        return b""
    try:
        command = Desired.model_validate_json(payload).command
    except ValidationError:
        return payload
    return command.model_dump_json().encode() if command else b""
