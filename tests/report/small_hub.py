# SPDX-License-Identifier: Apache-2.0
"""The least hub there can be, on a real broker: keeps numbers in a set, acknowledges, answers."""

import asyncio
import json
import zlib
from collections import Counter, defaultdict

from edge.report import topic
from edge.report.message import Ack, Acknowledged, Ask, Hub
from edge.report.port import Connection, Inbound, Outbound

NAME = "hub"


class SmallHub:
    """What it has been told."""

    def __init__(self, epoch: int = 1) -> None:
        self.has: dict[str, set[int]] = defaultdict(set)
        self.times: Counter[tuple[str, int]] = Counter()
        "How often each event has come."
        self.bad = 0
        self.states: list[dict] = []
        self.listens = asyncio.Event()
        self._epoch = epoch

    def will(self, epoch: int) -> Outbound:
        return self._hub(online=False)

    async def converse(self, connection: Connection) -> None:
        await connection.subscribe((topic.heard_by_hub(),))
        await connection.publish(self._hub(online=True))
        self.listens.set()
        async for message in connection.messages():
            try:
                answers = self.take(message)
            except (KeyError, ValueError, zlib.error):
                self.bad += 1
                answers = []
            for answer in answers:
                await connection.publish(answer)
            await connection.settle(message)

    def take(self, message: Inbound) -> list[Outbound]:
        _, node, rest = topic.split(message.topic)
        word = rest.partition("/")[0]
        if word == topic.STATE:
            self.states.append(json.loads(message.payload))
        elif word == topic.ASK:
            streams = Ask.model_validate_json(message.payload).streams
            return [self._ack(node, streams), self._hub(online=True)]
        elif word == topic.EVENTS:
            payload = message.payload
            batch = json.loads(payload if payload[:1] == b"{" else zlib.decompress(payload))
            numbers = [event["seq"] for event in batch["events"]]
            self.has[batch["stream"]].update(numbers)
            self.times.update((batch["stream"], seq) for seq in numbers)
            return [self._ack(node, (batch["stream"],))]
        return []

    def _ack(self, node: str, streams: tuple[str, ...]) -> Outbound:
        acks = tuple(self._through(stream) for stream in streams)
        payload = Ack(at=1, acks=acks).model_dump_json().encode()
        return Outbound(topic.down(node, topic.ACK), payload)

    def _through(self, stream: str) -> Acknowledged:
        numbers, through = self.has[stream], 0
        while through + 1 in numbers:
            through += 1
        beyond = tuple((seq, seq) for seq in sorted(numbers) if seq > through)
        return Acknowledged(stream=stream, through=through, sack=beyond)

    def _hub(self, *, online: bool) -> Outbound:
        payload = Hub(online=online, epoch=self._epoch, at=1).model_dump_json().encode()
        return Outbound(topic.down(topic.ALL, topic.HUB), payload, retain=True)
