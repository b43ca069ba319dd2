# SPDX-License-Identifier: Apache-2.0
"""A manager interface that does as a test says: newer than the Asterisk at hand, or unwell.

Written from what the real one was heard to say.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CALL_ID = "CHANNEL(pjsip,call-id)"
HUNG_UP = "Response: Success\r\nMessage: Channel Hungup\r\n"


class Manager:
    """Serves one client from the running loop."""

    def __init__(self) -> None:
        self.port = 0
        self.actions: list[dict[str, str]] = []
        "What was asked, without the questions for a Call-ID."
        self.answers: dict[str, str | None] = {
            "Challenge": "Response: Success\r\nChallenge: 1234\r\n",
            "Hangup": HUNG_UP,
        }
        "Lines by action; None: it is never answered."
        self.calls: dict[str, str] = {}
        "Call-ID by channel."
        self.call_ids_asked: list[str] = []
        self._writer: asyncio.StreamWriter | None = None

    def asked(self, name: str) -> list[dict[str, str]]:
        return [action for action in self.actions if action["Action"] == name]

    def say(self, *lines: str) -> None:
        """Send a block."""
        assert self._writer
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def ring(
        self, number: int, call: str, endpoint: str = "trunk", state: str = "4", called: str = ""
    ) -> str:
        """Have a call come in; return its channel."""
        name = f"PJSIP/{endpoint}-{number:08x}"
        self.calls[name] = call
        lines = (f"Channel: {name}", f"ChannelState: {state}", f"Uniqueid: {number}.0")
        self.say("Event: Newchannel", *lines, f"Exten: {called}")
        return name

    def hang_up(self, number: int) -> None:
        self.say("Event: Hangup", f"Uniqueid: {number}.0")

    def vanish(self) -> None:
        """Close the connection."""
        if self._writer:
            self._writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        writer.write(b"Asterisk Call Manager/5.0.6\r\n")
        try:
            while text := await reader.readuntil(b"\r\n\r\n"):
                lines = [line.split(": ", 1) for line in text.decode().strip().split("\r\n")]
                self._answer(dict(lines))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _answer(self, action: dict[str, str]) -> None:
        name = action["Action"]
        if name == "Getvar" and action["Variable"] == CALL_ID:
            self.call_ids_asked.append(CALL_ID)
            said: str | None = f"Response: Success\r\nValue: {self.calls[action['Channel']]}\r\n"
        else:
            self.actions.append(action)
            said = self.answers.get(name, "Response: Success\r\n")
        if said is not None and "ActionID" in action:
            self.say(f"{said}ActionID: {action['ActionID']}")


@asynccontextmanager
async def manager() -> AsyncIterator[Manager]:
    """Listen until the block is left."""
    one = Manager()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        one.vanish()
        server.close()
        await server.wait_closed()
