# SPDX-License-Identifier: Apache-2.0
"""An MQTT broker in memory and in virtual time, with the faults of real ones.

It keeps what a broker keeps and forgets what they forget: a queue that is full drops in silence, a
kill loses what was acknowledged or brings back what was settled long ago, a connection ends between
taking a message and saying so.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from edge.report.port import Inbound, Outbound
from tests.sim.wire import Connection

NO_MATCHING_SUBSCRIBERS = 0x10
SHARED = "$share/"


def matches(pattern: str, topic: str) -> bool:
    """Return whether a topic is under a filter (MQTT 5 section 4.7)."""
    wanted, given = pattern.split("/"), topic.split("/")
    for place, word in enumerate(wanted):
        if word == "#":
            return True
        if place >= len(given) or word not in {"+", given[place]}:
            return False
    return len(wanted) == len(given)


class Weather(msgspec.Struct, frozen=True):
    """How bad it is."""

    latency_s: tuple[float, float] = (0.001, 0.05)
    cut: float = 0.0
    "Share of steps on the way that end the connection."
    twice: float = 0.0
    "Share of deliveries that come twice."
    refuse: Mapping[int, float] = {}
    "Share of publications that are answered by a reason code, and thrown away."
    most_queued: int = 1000
    "What a session keeps for who is away; more is dropped in silence."
    receive_maximum: int = 16
    keepalive_s: float = 45.0
    "Silence after which either side gives up a connection."
    unasked: float = 0.7
    "Share of messages of QoS 0 that nobody gets."
    retains: bool = True
    "A cluster may give retained messages to nobody."


class Kept(NamedTuple):
    """A message on its way to a client."""

    message: Inbound
    until_s: float
    "When it expires."
    qos: int


class Session(msgspec.Struct):
    """What a broker knows of a client, connected or not."""

    expiry_s: float = 0.0
    filters: dict[str, str] = {}
    "Filter, without its group, to group; empty for none."
    queue: deque[Kept] = msgspec.field(default_factory=deque)
    unsettled: dict[int, Kept] = {}
    away_s: float = 0.0
    "Since when its client is away, if it is."

    def copy(self) -> "Session":
        return Session(
            self.expiry_s, dict(self.filters), deque(self.queue), dict(self.unsettled), self.away_s
        )


class Hello(NamedTuple):
    """How a client comes."""

    client: str
    will: Outbound | None = None
    expiry_s: float = 0.0
    "How long it is remembered; 0 begins anew each time."


class Broker:
    """One broker for all."""

    def __init__(self, chance: random.Random, weather: Weather) -> None:
        self.chance = chance
        self.weather = weather
        self.away = False
        self.dark: Counter[str] = Counter()
        "Clients that no octet reaches, and that reach nobody, and how often they were cut off."
        self.sessions: dict[str, Session] = {}
        self.connections: dict[str, Connection] = {}
        self.retained: dict[str, Outbound] = {}
        self.count: Counter[str] = Counter()
        self._saved: tuple[dict[str, Session], dict[str, Outbound]] = ({}, {})
        self._turn = 0
        self._tokens = 0

    @property
    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def latency_s(self) -> float:
        return self.chance.uniform(*self.weather.latency_s)

    async def connect(self, hello: Hello) -> Connection:
        """Return a connection. Raises `DriverLost` while the broker is away, or cannot be seen."""
        connection = Connection(self, hello)
        await connection.open()
        return connection

    def welcome(self, connection: Connection) -> Session:
        """Take a client; who had its name before goes."""
        hello = connection.hello
        if before := self.connections.get(hello.client):
            before.forsake(say_will=self.chance.random() < 0.5)  # brokers differ (section 3.1.4)
        session = self.sessions.get(hello.client)
        old = session is not None and self.now_s - session.away_s > session.expiry_s
        if session is None or old or not hello.expiry_s:
            session = self.sessions[hello.client] = Session()
        session.expiry_s = hello.expiry_s
        session.queue = deque([*session.unsettled.values(), *session.queue])
        session.unsettled.clear()
        self.connections[hello.client] = connection
        return session

    def gone(self, connection: Connection, will: Outbound | None) -> None:
        """Let go of a connection that has ended."""
        client = connection.hello.client
        if self.connections.get(client) is connection:
            del self.connections[client]
            connection.session.away_s = self.now_s
            if not connection.session.expiry_s:
                self.sessions.pop(client, None)
        if will:
            self.route(will)

    # What befalls it ------------------------------------------------------------

    def save(self) -> None:
        """Write down what there is, as brokers do now and then."""
        self._saved = (
            {client: session.copy() for client, session in self.sessions.items()},
            dict(self.retained),
        )

    def kill(self, keeps: str) -> None:
        """End all connections at once; it `keeps` `all`, what was `saved`, or `nothing`."""
        for connection in list(self.connections.values()):
            connection.drop(say_will=False)
        if keeps == "saved":
            sessions, self.retained = self._saved[0], dict(self._saved[1])
            self.sessions = {client: session.copy() for client, session in sessions.items()}
        elif keeps == "nothing":
            self.sessions, self.retained = {}, {}
        for session in self.sessions.values():
            session.away_s = self.now_s

    def darken(self, client: str) -> None:
        """Cut the line of a client: nobody is told, each side finds out by the silence."""
        self.dark[client] += 1
        if connection := self.connections.get(client):
            connection.darken()

    def lighten(self, client: str) -> None:
        """Mend the line of a client: what was on its way goes on, if anybody still waits."""
        self.dark[client] -= 1
        if not self.dark[client] and (connection := self.connections.get(client)):
            connection.lighten()

    # Messages -------------------------------------------------------------------

    def subscribe(self, session: Session, filters: tuple[str, ...]) -> None:
        for one in filters:
            group, pattern = "", one
            if one.startswith(SHARED):
                group, pattern = one.removeprefix(SHARED).split("/", 1)
            session.filters[pattern] = group
            if group or not self.weather.retains:
                continue
            for message in list(self.retained.values()):
                if matches(pattern, message.topic):
                    self._give(session, message, retain=True)

    def publish(self, message: Outbound) -> int:
        """Take a message, or do not; return the reason code."""
        roll = self.chance.random()
        if not message.qos:
            return 0 if roll < self.weather.unasked else self.route(message)
        for reason, share in self.weather.refuse.items():
            roll -= share
            if roll < 0:
                self.count[f"refused {reason:#x}"] += 1
                return reason
        return self.route(message)

    def route(self, message: Outbound) -> int:
        """Give a message to every session that asked for it; return the reason code."""
        self.count["published"] += 1
        if message.retain and message.payload:
            self.retained[message.topic] = message
        elif message.retain:
            self.retained.pop(message.topic, None)
        groups: dict[str, list[str]] = {}
        reached = False
        for client, session in self._alive():
            for pattern, group in session.filters.items():
                if matches(pattern, message.topic):
                    reached = True
                    if group:
                        groups.setdefault(group, []).append(client)
                    else:
                        self._give(session, message)
        for members in groups.values():
            awake = [client for client in members if client in self.connections] or members
            self._turn += 1
            self._give(self.sessions[awake[self._turn % len(awake)]], message)
        return 0 if reached else NO_MATCHING_SUBSCRIBERS

    def _alive(self) -> list[tuple[str, Session]]:
        """Return the sessions that have not expired, and forget the others."""
        for client, session in list(self.sessions.items()):
            away = client not in self.connections
            if away and self.now_s - session.away_s > session.expiry_s:
                del self.sessions[client]
        return list(self.sessions.items())

    def _give(self, session: Session, message: Outbound, *, retain: bool = False) -> None:
        copies = 2 if message.qos and self.chance.random() < self.weather.twice else 1
        expiry_s = float("inf") if message.expiry_s is None else message.expiry_s
        for _ in range(copies):
            if len(session.queue) >= self.weather.most_queued:
                self.count["dropped"] += 1
                continue
            self._tokens += 1
            arrives = Inbound(message.topic, message.payload, retain, self._tokens)
            session.queue.append(Kept(arrives, self.now_s + expiry_s, message.qos))
        for connection in self.connections.values():
            if connection.session is session:
                connection.pump()
