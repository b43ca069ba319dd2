# SPDX-License-Identifier: Apache-2.0
"""What the conversation with the hub needs of a connection: the seam between it and MQTT.

`edge.report.hub.session` is the only driver; the simulation of the tests stands behind it as well.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol


class Outbound(NamedTuple):
    """A message to be published."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    expiry_s: int | None = None
    properties: Mapping[str, str] = {}
    "User properties; CloudEvents attributes on batches (CloudEvents MQTT binding, binary mode)."
    content_type: str = "application/json"


class Inbound(NamedTuple):
    """A message that has arrived. The broker is told so only by `Connection.settle`."""

    topic: str
    payload: bytes
    retain: bool = False
    token: object = None
    "What the connection needs to settle it."


class Connection(Protocol):
    """One connection to one broker, from CONNACK to its end. Never used again after that."""

    async def subscribe(self, topics: tuple[str, ...]) -> None:
        """Ask for what is said under these filters. Raises `DriverLost`, refused ones included."""

    async def publish(self, message: Outbound) -> int:
        """Publish; return the reason code of the PUBACK (MQTT 5 section 3.4.2.1), 0 for QoS 0.

        The broker has it then, which is not delivery. Raises `DriverLost` if nobody knows.
        """

    def messages(self) -> AsyncIterator[Inbound]:
        """Yield what arrives until the connection ends. Raises `DriverLost` at its end."""

    async def settle(self, message: Inbound) -> None:
        """Tell the broker that a message need not be sent again: what it asked for is on disk."""


Converse = Callable[[Connection], Awaitable[None]]
"What is done with a connection; returns to end it in good order."

Send = Callable[[Outbound], Awaitable[int]]
"Publishes on the connection of now. Raises `DriverLost` where there is none."
