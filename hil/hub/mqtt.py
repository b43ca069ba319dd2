# SPDX-License-Identifier: Apache-2.0
"""The hub's own connection to a broker: MQTT 5, and nothing is acknowledged but by `settle`.

aiomqtt opens and closes it; what arrives and what is published goes past it, to the client below:
the library acknowledges on arrival, and looks at no reason code.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import aiomqtt
from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.errors import ConfigError, DriverLost
from edge.report.port import Inbound, Outbound

REFUSED = 0x80
"Reason codes from here on say no (MQTT 5 section 2.4)."
RECEIVE_MAXIMUM = 32
"Messages that the broker gives us before we have settled the first."
KEEPALIVE_S = 30


class Broker(NamedTuple):
    """Where a broker is, and who we are there."""

    host: str
    port: int
    identity: Path | None = None
    "Folder of `authority.pem`, `certificate.pem` and `key.pem`; None: no TLS."

    def context(self) -> ssl.SSLContext | None:
        """Return what TLS needs: 1.3, certificates on both sides."""
        if self.identity is None:
            return None
        try:
            context = ssl.create_default_context(cafile=self.identity / "authority.pem")
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.load_cert_chain(self.identity / "certificate.pem", self.identity / "key.pem")
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"{self.identity}: {error}") from error
        return context


class Session(NamedTuple):
    """How we come to a broker."""

    client: str
    will: Outbound | None = None
    expiry_s: int = 0
    "How long the broker remembers us, and what we have not settled."


class Link:
    """One connection, from CONNACK to its end."""

    def __init__(self, client: aiomqtt.Client) -> None:
        """Listen to a client that is not connected yet."""
        self._client = client
        self._paho = client._client  # noqa: SLF001 - reason codes and manual ack are there alone
        self._arrived: deque[Inbound] = deque()
        self._sent: dict[int, asyncio.Future[int]] = {}
        self._news = asyncio.Event()
        self._ended = False
        self._paho.manual_ack_set(on=True)
        self._paho.on_message = self._take
        self._paho.on_publish = self._published

    def watch(self) -> None:
        """Notice the end of the connection, which has begun."""
        self._client._disconnected.add_done_callback(self._end)  # noqa: SLF001 - as above

    def _end(self, ended: "asyncio.Future[None]") -> None:
        if not ended.cancelled():
            ended.exception()  # it has been looked at
        self._ended = True
        self._news.set()
        for sent in self._sent.values():
            _fail(sent)
        self._sent.clear()

    def _take(self, _client: object, _data: object, message: MQTTMessage) -> None:
        token = (message.mid, message.qos)
        try:
            topic = message.topic
        except UnicodeError:  # no broker lets it pass
            self._paho.ack(*token)
            return
        self._arrived.append(Inbound(topic, bytes(message.payload), bool(message.retain), token))
        self._news.set()

    def _published(
        self, _client: object, _data: object, mid: int, reason: ReasonCode, _more: object
    ) -> None:
        sent = self._sent.pop(mid, None)
        if sent is not None and not sent.done():
            sent.set_result(reason.value)

    async def subscribe(self, *filters: str) -> None:
        """Ask for what is said under these filters. Raises `DriverLost`, refused ones included."""
        asked = [(one, SubscribeOptions(qos=1, retainHandling=0)) for one in filters]
        try:
            codes: Sequence[Any] = await self._client.subscribe(asked)
        except aiomqtt.MqttError as error:
            raise DriverLost(str(error)) from error
        for one, code in zip(filters, codes, strict=True):
            if int(getattr(code, "value", code)) >= REFUSED:
                raise DriverLost(f"the broker refused {one}: {code}")

    def send(self, message: Outbound) -> "asyncio.Future[int]":
        """Publish; the future has the reason code of the broker, or raises `DriverLost`."""
        sent: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self._ended:
            _fail(sent)
            return sent
        about = _properties(message)
        info = self._paho.publish(
            message.topic, message.payload, message.qos, message.retain, about
        )
        if message.qos:
            self._sent[info.mid] = sent
        else:
            sent.set_result(0)
        return sent

    async def publish(self, message: Outbound) -> int:
        """Publish; return the reason code of the broker. Raises `DriverLost`."""
        return await self.send(message)

    async def arrived(self) -> list[Inbound]:
        """Return all that has arrived; wait while there is nothing. Raises `DriverLost`."""
        while not self._arrived:
            if self._ended:
                raise DriverLost("the broker is gone")
            self._news.clear()
            await self._news.wait()
        taken = list(self._arrived)
        self._arrived.clear()
        return taken

    def settle(self, message: Inbound) -> None:
        """Tell the broker that it need not send a message again."""
        if isinstance(message.token, tuple):
            self._paho.ack(*message.token)


def _fail(sent: "asyncio.Future[int]") -> None:
    """Say to whoever waits that nobody knows whether a message was taken."""
    if not sent.done():
        sent.set_exception(DriverLost("the broker is gone"))
        sent.exception()  # nobody may wait, and that is no fault


def _properties(message: Outbound) -> Properties:
    about = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    about.ContentType = message.content_type
    if message.expiry_s is not None:
        about.MessageExpiryInterval = message.expiry_s
    if message.properties:
        about.UserProperty = list(message.properties.items())
    return about


@asynccontextmanager
async def connected(broker: Broker, session: Session) -> AsyncIterator[Link]:
    """Connect until the block is left. Raises `DriverLost`."""
    about = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    about.ReceiveMaximum = RECEIVE_MAXIMUM
    about.SessionExpiryInterval = session.expiry_s
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        identifier=session.client,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=session.expiry_s == 0,
        keepalive=KEEPALIVE_S,
        properties=about,
        tls_context=broker.context(),
        will=_will(session.will),
    )
    link = Link(client)
    try:
        await client.__aenter__()
    except aiomqtt.MqttError as error:
        raise DriverLost(f"{broker.host}:{broker.port}: {error}") from error
    link.watch()
    try:
        yield link
    finally:
        with suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)


def _will(message: Outbound | None) -> aiomqtt.Will | None:
    if message is None:
        return None
    return aiomqtt.Will(message.topic, message.payload, message.qos, message.retain)
