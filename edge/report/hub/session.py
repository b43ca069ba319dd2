# SPDX-License-Identifier: Apache-2.0
"""MQTT 5: the only file that knows aiomqtt, and paho below it.

One `aiomqtt.Client` for one connection, never used again, on a socket that we have opened. Around
what the library (2.5.1 on paho 2.2) does by itself, each read in its source and held by a test:

- it takes any PUBACK for success: the reason codes are caught before it sees them;
- it acknowledges what has arrived before anybody acted: here `settle` does, in the order of arrival
  (MQTT 5 section 4.6);
- a publish that waits does not hear that the connection is lost, nor does a CONNECT: ours do;
- it watches descriptors that are closed by then, and does not close what it gives up: the other way
  round here.
"""

import asyncio
import logging
import socket
from collections import Counter, deque
from collections.abc import AsyncGenerator
from typing import Any

import aiomqtt
import msgspec
from paho.mqtt.client import MQTT_ERR_SUCCESS, MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from typing_extensions import override

from edge.errors import DriverLost
from edge.report.port import Inbound, Outbound

SESSION_EXPIRY_S = 7 * 86_400
WILL_DELAY_S = 20
"Hides a connection that comes back at once."
RECEIVE_MAXIMUM = 16
"Messages that the broker may have sent us and we have not settled."
IN_FLIGHT = 20
"Messages that we may have sent and the broker has not answered, unless it wants fewer."
MOST_OCTETS = 4 * 1024 * 1024
"Of a packet that we take."
MOST_UNASKED = 64
"Messages of QoS 0 that wait to be read; no protocol holds them back."
BESIDES = 1024
"Octets of a packet beside topic and payload: more than we ever need."
CONNECT_WAIT_S = 10.0
CLOSE_WAIT_S = 2.0
NO_SUBSCRIPTION = 0x80
"The lowest reason code of a SUBACK that refuses."
TOO_LARGE = 0x95


class Hello(msgspec.Struct, frozen=True):
    """How a connection begins."""

    node: str
    will: Outbound | None
    keepalive_s: int
    "Half as much again may pass in silence."
    user: str | None = None
    "Where there is no certificate to tell who we are."
    lasting: bool = True
    "Whether the broker keeps what is said to us while we are away."


class Mqtt:
    """A `Connection`: from a socket to its end."""

    def __init__(self, hello: Hello, wire: socket.socket, pubacks: Counter[int]) -> None:
        """Prepare to speak on a connected socket, which belongs to this from now on."""
        self.unread = 0
        "Messages of QoS 0 that nobody read in time."
        self._wire = wire
        self._pubacks = pubacks
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        "Holds why the connection ended, once it has."
        self._answers: dict[int, asyncio.Future[int]] = {}
        "Publishes that wait for the broker's word, by packet id."
        self._arrived: deque[int] = deque()
        self._settled: set[int] = set()
        self._places = asyncio.Semaphore(IN_FLIGHT)
        self._most = MOST_OCTETS
        "Octets that the broker takes at once."
        self._log = _LastWord()
        self._client = _client(hello, self._log)
        self._paho = self._client._client  # noqa: SLF001 - aiomqtt shows no reason code, no ack
        self._take_over()

    def _take_over(self) -> None:
        paho = self._paho
        paho.manual_ack_set(True)  # noqa: FBT003 - the library's own
        paho.max_inflight_messages_set(0)  # `publish` counts
        paho._create_socket = lambda: self._wire  # type: ignore[method-assign] # noqa: SLF001
        self._on_connect: Any = paho.on_connect
        self._on_publish: Any = paho.on_publish
        self._on_message: Any = paho.on_message
        self._on_disconnect: Any = paho.on_disconnect
        paho.on_connect = self._connected
        paho.on_publish = self._published
        paho.on_message = self._take
        paho.on_disconnect = self._disconnected
        paho.on_socket_register_write = self._want_to_write
        # An error within the library's callbacks ends here and nowhere else.
        self._client._disconnected.add_done_callback(lambda _: self._end(""))  # noqa: SLF001

    async def open(self) -> None:
        """Say CONNECT and wait for the answer. Raises `DriverLost`."""
        # aiomqtt does this in a thread, as it might block; on a socket that is open it does not.
        self._client._client_connect()  # noqa: SLF001
        connected = self._client._connected  # noqa: SLF001
        either: set[asyncio.Future[Any]] = {connected, self._lost}
        await asyncio.wait(either, timeout=CONNECT_WAIT_S, return_when=asyncio.FIRST_COMPLETED)
        if connected.done() and (refusal := connected.exception()):
            raise DriverLost(f"the broker refused us: {refusal}")
        if self._lost.done() or not connected.done():
            raise DriverLost(self._lost.result() if self._lost.done() else "no answer to CONNECT")

    async def close(self) -> None:
        """Say DISCONNECT if there is anybody to hear it, and let go of everything."""
        try:
            await asyncio.sleep(0)  # what the library has put off, with this socket, happens now
            if not self._lost.done() and self._paho.is_connected():
                self._paho.disconnect()
                await asyncio.wait({self._lost}, timeout=CLOSE_WAIT_S)
        finally:
            self._end("closed")
            self._paho._reset_sockets()  # noqa: SLF001
            self._wire.close()
        if misc := self._client._misc_task:  # noqa: SLF001
            misc.cancel()
            await asyncio.wait({misc})

    async def subscribe(self, topics: tuple[str, ...]) -> None:
        """Ask for what is said under these filters. Raises `DriverLost`, refused ones included."""
        for topic in topics:
            try:
                codes = await self._client.subscribe(topic, qos=1)
            except aiomqtt.MqttError as error:
                raise DriverLost(self._why(str(error))) from error
            for code in codes:
                if isinstance(code, ReasonCode) and code.value >= NO_SUBSCRIPTION:
                    raise DriverLost(f"the broker refused the subscription to {topic}: {code}")

    async def publish(self, message: Outbound) -> int:
        """Publish; return the reason code of the PUBACK, 0 for QoS 0. Raises `DriverLost`."""
        if len(message.payload) + len(message.topic) + BESIDES > self._most:
            self._pubacks[TOO_LARGE] += 1
            return TOO_LARGE
        if message.qos == 0:
            self._put(message)
            return 0
        async with self._places:
            mid = self._put(message)
            answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            self._answers[mid] = answer
            try:
                return await answer
            finally:
                self._answers.pop(mid, None)

    def _put(self, message: Outbound) -> int:
        """Hand a message to the library; returns its packet id."""
        if self._lost.done():
            raise DriverLost(self._lost.result())
        topic, payload, qos, retain, *_ = message
        info = self._paho.publish(topic, payload, qos, retain, _properties(message))
        if info.rc != MQTT_ERR_SUCCESS:
            raise DriverLost(f"not sent: {info.rc.name}")
        return info.mid

    async def messages(self) -> AsyncGenerator[Inbound, None]:
        """Yield what arrives. Raises `DriverLost` when the connection ends."""
        try:
            async for message in self._client.messages:
                if message.qos:
                    self._arrived.append(message.mid)
                yield Inbound(
                    str(message.topic),
                    message.payload,
                    message.retain,
                    message.mid if message.qos else None,
                )
        except aiomqtt.MqttError as error:
            raise DriverLost(self._why(str(error))) from error

    async def settle(self, message: Inbound) -> None:
        """Tell the broker that a message need not be sent again, and those that waited for it."""
        if not isinstance(message.token, int):
            return
        self._settled.add(message.token)
        while self._arrived and self._arrived[0] in self._settled:
            mid = self._arrived.popleft()
            self._settled.discard(mid)
            if not self._lost.done():
                self._paho.ack(mid, 1)

    def _want_to_write(self, *_: object) -> None:
        asyncio.get_running_loop().call_soon(self._watch_for_writing)

    def _watch_for_writing(self) -> None:
        if not self._lost.done():  # else the descriptor is closed, or somebody else's by now
            asyncio.get_running_loop().add_writer(self._wire.fileno(), self._write)

    def _write(self) -> None:
        try:
            self._paho.loop_write()
        except (OSError, ValueError) as error:
            self._end(str(error))

    def _connected(self, client: object, data: object, flags: object, *answer: Any) -> None:  # noqa: ANN401
        properties = answer[1]
        self._most = getattr(properties, "MaximumPacketSize", self._most)
        most = getattr(properties, "ReceiveMaximum", IN_FLIGHT)
        self._places = asyncio.Semaphore(min(most, IN_FLIGHT))  # paho asks for no such thing
        self._on_connect(client, data, flags, *answer)

    def _published(
        self, client: object, data: object, mid: int, reason: ReasonCode, properties: object
    ) -> None:
        answer = self._answers.get(mid)
        if answer and not answer.done():
            self._pubacks[reason.value] += 1
            answer.set_result(reason.value)
        self._on_publish(client, data, mid, reason, properties)

    def _take(self, client: object, data: object, message: MQTTMessage) -> None:
        if message.qos == 0 and len(self._client.messages) >= MOST_UNASKED:
            self.unread += 1
            return
        self._on_message(client, data, message)

    def _disconnected(
        self, client: object, data: object, flags: object, reason: ReasonCode, properties: object
    ) -> None:
        self._end(self._log.word or str(reason))
        self._on_disconnect(client, data, flags, reason, properties)

    def _end(self, why: str) -> None:
        """Let everybody know who waits for something of this connection."""
        ended = self._client._disconnected  # noqa: SLF001
        error = ended.exception() if ended.done() else None
        if not self._lost.done():
            self._lost.set_result(why or str(error or "the connection ended"))
        if not ended.done():
            ended.set_result(None)
        loss = DriverLost(self._lost.result())
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(loss)
        for codes in self._client._pending_subscribes.values():  # noqa: SLF001
            if not codes.done():
                codes.set_exception(aiomqtt.MqttError(str(loss)))

    def _why(self, otherwise: str) -> str:
        return self._lost.result() if self._lost.done() else otherwise


class _LastWord(logging.Handler):
    """Keeps what paho says last of an error: the cause of a loss is nowhere else."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.word = ""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.word = record.getMessage()


def _client(hello: Hello, log: logging.Handler) -> aiomqtt.Client:
    logger = logging.Logger("mqtt", logging.ERROR)  # noqa: LOG001 - of this connection alone
    logger.addHandler(log)
    connect = _of(PacketTypes.CONNECT)
    connect.SessionExpiryInterval = SESSION_EXPIRY_S if hello.lasting else 0
    connect.ReceiveMaximum = RECEIVE_MAXIMUM
    connect.MaximumPacketSize = MOST_OCTETS
    return aiomqtt.Client(
        "broker",  # a name for the library: the socket is open
        1,
        identifier=hello.node,
        protocol=aiomqtt.ProtocolVersion.V5,
        username=hello.user,
        will=_will(hello.will) if hello.will else None,
        # Both paho and the broker wait for twice a keepalive at most: half as much again of ours.
        keepalive=max(1, hello.keepalive_s * 3 // 4),
        clean_start=False,
        properties=connect,
        logger=logger,
        timeout=CONNECT_WAIT_S,
    )


def _will(said: Outbound) -> aiomqtt.Will:
    properties = _of(PacketTypes.WILLMESSAGE)
    properties.WillDelayInterval = WILL_DELAY_S
    properties.ContentType = said.content_type
    return aiomqtt.Will(said.topic, said.payload, said.qos, said.retain, properties)


def _properties(message: Outbound) -> Properties:
    properties = _of(PacketTypes.PUBLISH)
    properties.ContentType = message.content_type
    if message.properties:
        properties.UserProperty = list(message.properties.items())
    if message.expiry_s is not None:
        properties.MessageExpiryInterval = message.expiry_s
    return properties


def _of(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]
