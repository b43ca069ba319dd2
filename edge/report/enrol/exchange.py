# SPDX-License-Identifier: Apache-2.0
"""A box asks for its certificate over MQTT, and goes on asking until it has it.

What is said is in `edge.trust.enrol`; here is only when. The listener for boxes without certificate
takes the name as user (unproven: it only keeps the curious apart) and a client id that begins with
`enrol.`; its certificate is not checked, the code is what both ends trust.
"""

import asyncio
from collections.abc import Awaitable, Callable

from pydantic import ValidationError

from edge.errors import DriverLost, mendable
from edge.report import topic
from edge.report.message import Enrol, Enrolled
from edge.report.port import Connection, Outbound
from edge.trust.enrol import Answer, EnrolRefused, Fault
from edge.trust.identity import Asking, Identity

CLIENT_ID_PREFIX = "enrol."
"No name of a box has a dot: such a client id takes nobody's session."
ASK_EVERY_S = 5.0
"The hub answers when it is asked: at most this long after the code was typed in."

NO_SUBSCRIBERS = 0x10
FIRST_REFUSAL = 0x80
"Reason codes of MQTT 5 from here on are refusals."


class Enrolling:
    """One box that asks."""

    def __init__(
        self,
        identity: Identity,
        tell: Callable[[str], None],
        now_s: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Ask for `identity`; `tell` is given a line for people whenever something changes."""
        self._identity = identity
        self._tell = tell
        self._now_s = now_s
        self._sleep = sleep
        self._told = ""

    async def over(self, connection: Connection, asking: Asking) -> None:
        """Ask on one connection until the certificate is on disk.

        Raises `DriverLost` if the connection ends before, `EnrolRefused` once the code is too old.
        """
        await connection.subscribe((topic.enrolment(asking.node, "answer"),))
        with mendable():
            async with asyncio.TaskGroup() as group:
                going_on = group.create_task(self._ask(connection, asking))
                await self._hear(connection, asking)
                going_on.cancel()

    async def _ask(self, connection: Connection, asking: Asking) -> None:
        said = Enrol(node=asking.node, request=asking.request, proof=asking.proof)
        request = Outbound(topic.enrolment(asking.node, "request"), said.model_dump_json().encode())
        while asking.is_open(self._now_s()):
            code = await connection.publish(request)
            if code == NO_SUBSCRIBERS:
                self._say("the broker is reached; the hub does not listen yet")
            elif code >= FIRST_REFUSAL:
                self._say(f"the broker does not let us ask (reason {code:#x})")
            else:
                self._say("the broker has the request; the hub waits for the code")
            await self._sleep(ASK_EVERY_S)
        raise EnrolRefused(Fault.CODE_EXPIRED, "the code is older than a day")

    async def _hear(self, connection: Connection, asking: Asking) -> None:
        """Wait for an answer that is the hub's; others are told and passed over."""
        async for message in connection.messages():
            done = self._take(message.payload, asking)
            await connection.settle(message)
            if done:
                return
        raise DriverLost("the broker ended the connection")

    def _take(self, payload: bytes, asking: Asking) -> bool:
        try:
            said = Enrolled.model_validate_json(payload)
            answer = Answer(said.certificate, said.authority, said.sealed, said.proof)
            self._identity.take(asking, answer, self._now_s())
        except ValidationError:
            self._say("an answer came that cannot be read: is somebody between us and the hub?")
            return False
        except EnrolRefused as error:
            self._say(f"an answer was refused: {error}")
            return False
        return True

    def _say(self, line: str) -> None:
        if line != self._told:
            self._told = line
            self._tell(line)
