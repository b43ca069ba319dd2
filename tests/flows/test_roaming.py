# SPDX-License-Identifier: Apache-2.0
"""From a call to whoever knows whether its number is abroad, and back, over a real broker.

What `core` and `uplink` have of it are built as the maps build them, the hub's part is that of the
reference hub; only the operators are made up.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trustme
from typing_extensions import override

from edge import clock
from edge.config import parse
from edge.counting import Numbers
from edge.judging import build as build_judging
from edge.model.event import CallOffered, Trunk, TrunkClass
from edge.model.verdict import Action, Verdict
from edge.places import places_of
from edge.process.hint import Hints
from edge.report import topic
from edge.report.command.register import Register
from edge.report.hub.reach import Session, Terms
from edge.report.message import Hub, RoamAsk
from edge.report.port import Connection, Inbound, Outbound
from edge.roaming import MOST_OPEN, Roamers, roamers_of
from edge.uplink import Uplink, build
from edge.uplink_parts import NAME, Start
from hil.hub.roaming import Roaming
from tests.report.mosquitto import RIGHTS, Broker, broker, issue
from tests.report.small_box import AT_ONCE, eventually, kept, say
from tests.report.small_hub import SmallHub
from tests.verdict.calls import MOBILE, NOW, call, no_alarm

pytestmark = pytest.mark.peer("mosquitto")

NODE = "bench"
WORLD = Trunk("world", TrunkClass.INTERNATIONAL, area="7172")
OFFER = call(MOBILE, trunk=WORLD)
FILE = """\
[node]
name = "bench"
state_dir = "{state}"
[hub]
brokers = ["{endpoint}"]
identity = "{identity}"
[trunk.world]
class = "international"
mode = "enforce"
[roaming]
ask = true
deadline_ms = {deadline_ms}
"""
PATIENT_MS, SHORT_MS = 5000, 50

UNKNOWN = (Action.OBSERVE, "spoof.roaming-unknown")
AT_HOME = (Action.BLOCK, "spoof.mobile-cli-not-roaming")
ABROAD = (Action.ALLOW, "default")


class Operators(SmallHub):
    """A hub with the reference hub's part; its answers can be held back."""

    def __init__(self, abroad: dict[str, bool]) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.holds = False
        self.held: list[Outbound] = []
        self._part = Roaming(abroad.get)
        self._connection: Connection | None = None

    @override
    async def converse(self, connection: Connection) -> None:
        self._connection = connection
        await super().converse(connection)

    @override
    def take(self, message: Inbound) -> list[Outbound]:
        _, node, rest = topic.split(message.topic)
        if rest != topic.ROAM:
            return super().take(message)
        self.asked.append(RoamAsk.model_validate_json(message.payload).number)
        answers = list(self._part.take(node, rest, message.payload, 0))
        if self.holds:
            self.held += answers
            return []
        return answers

    async def let_go(self) -> None:
        assert self._connection is not None
        for answer in self.held:
            await self._connection.publish(answer)


class Box:
    """An appliance as far as it asks."""

    def __init__(self, folder: Path, text: str, stack: ExitStack) -> None:
        path = folder / "edge.toml"
        path.write_text(text)
        config = parse(text, path)
        places = places_of(config)
        places.state.mkdir(exist_ok=True)
        register = Register(places.register, clock.now_ns() // 10**9)
        stack.callback(register.close)
        hints = Hints(places.run, NAME)
        stack.callback(hints.close)
        start = Start(path, config, places, register, hints, Numbers(), stack, lambda: None)
        self.uplink: Uplink = build(start)
        roamers = roamers_of(config, places.run)
        assert roamers is not None
        stack.callback(roamers.close)
        self.roamers: Roamers = roamers
        self.roamers.known = lambda digits: self.again.append(self.verdict(digits))
        self.again: list[Verdict] = []
        "Of the calls that are judged again."
        self._judging = build_judging(config, no_alarm, self.roamers)

    def verdict(self, _digits: str = "", offer: CallOffered = OFFER) -> Verdict:
        return self._judging.pipeline.engine.decide(offer, NOW)

    def call(self) -> tuple[Action, str]:
        verdict = self.verdict()
        return verdict.action, verdict.rule

    def counted(self, outcome: str) -> int:
        self.roamers.look()
        return self.roamers.counts[outcome]

    @property
    def is_greeted(self) -> bool:
        hub = self.uplink.spoken.link.hub
        return bool(hub and hub.online)


class Region:
    """A broker with its rights, and who is let in."""

    def __init__(self, folder: Path, one: Broker, authority: trustme.CA) -> None:
        self.folder = folder
        self.broker = one
        self._box = issue(authority, folder / "box", NODE)
        self._hub = issue(authority, folder / "hub", "hub")

    @asynccontextmanager
    async def box(self, deadline_ms: int) -> AsyncIterator[Box]:
        text = FILE.format(
            state=self.folder / "state", endpoint=self.broker.endpoint, identity=self._box,
            deadline_ms=deadline_ms,
        )  # fmt: skip
        with ExitStack() as stack:
            one = Box(self.folder, text, stack)
            roam = one.uplink.roam
            assert roam is not None
            async with asyncio.TaskGroup() as group:
                works = (one.uplink.spoken.session.forever, roam.forever, one.roamers.forever)
                tasks = [group.create_task(work()) for work in works]
                yield one
                for task in tasks:
                    task.cancel()

    @asynccontextmanager
    async def hub(self, abroad: bool | None = None) -> AsyncIterator[Operators]:
        hub = Operators({} if abroad is None else {MOBILE.e164: abroad})
        terms = Terms("hub", (self.broker.endpoint,), self._hub)
        async with kept(Session(terms, hub, itertools.count(1).__next__, AT_ONCE)):
            async with asyncio.timeout(20):
                await hub.listens.wait()
            yield hub
        # It was not killed, so the broker does not say that it has gone.
        gone = Hub(online=False, epoch=1, at=1).model_dump_json().encode()
        await say(self.broker, topic.down(topic.ALL, topic.HUB), gone, self._hub)


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    authority = trustme.CA()
    with broker(tmp_path / "broker", tls=authority, acl=RIGHTS) as one:
        yield Region(tmp_path, one, authority)


@pytest.mark.asyncio
async def test_a_number_at_home_is_stopped_as_soon_as_that_is_known(region: Region) -> None:
    async with region.hub(abroad=False) as hub, region.box(PATIENT_MS) as box:
        await eventually(lambda: box.is_greeted)
        assert box.call() == UNKNOWN
        await eventually(lambda: box.again)  # the call that asked, judged again
        assert [(one.action, one.rule) for one in box.again] == [AT_HOME]
        assert box.call() == AT_HOME
        assert hub.asked == [MOBILE.e164]


@pytest.mark.asyncio
async def test_a_number_abroad_calls_as_it_may(region: Region) -> None:
    async with region.hub(abroad=True) as hub, region.box(PATIENT_MS) as box:
        await eventually(lambda: box.is_greeted)
        assert box.call() == UNKNOWN
        await eventually(lambda: box.counted("answered"))
        assert box.call() == ABROAD
        assert (box.again, hub.asked) == ([], [MOBILE.e164])


@pytest.mark.asyncio
async def test_what_no_operator_knows_is_allowed_and_marked(region: Region) -> None:
    async with region.hub() as hub, region.box(PATIENT_MS) as box:
        await eventually(lambda: box.is_greeted)
        assert box.call() == UNKNOWN
        await eventually(lambda: box.counted("unknown"))
        assert box.call() == UNKNOWN
        assert (box.again, hub.asked) == ([], [MOBILE.e164])


@pytest.mark.asyncio
async def test_an_answer_that_comes_late_stops_the_next_call(region: Region) -> None:
    async with region.hub(abroad=False) as hub, region.box(SHORT_MS) as box:
        await eventually(lambda: box.is_greeted)
        hub.holds = True
        assert box.call() == UNKNOWN
        await eventually(lambda: hub.held)
        await eventually(lambda: box.counted("unanswered"))
        await hub.let_go()
        await eventually(lambda: box.counted("late"))
        assert box.again == []
        assert box.call() == AT_HOME


@pytest.mark.asyncio
async def test_while_the_hub_is_away_calls_are_allowed_and_marked_at_once(region: Region) -> None:
    async with region.box(PATIENT_MS) as box:
        assert box.call() == UNKNOWN  # neither hub nor connection
        await eventually(lambda: box.counted("unknown") == 1)
        async with region.hub(abroad=False):
            await eventually(lambda: box.is_greeted)
        await eventually(lambda: not box.is_greeted)  # its will has said so
        assert box.call() == UNKNOWN
        await eventually(lambda: box.counted("unknown") == 2)
        region.broker.kill()
        await eventually(lambda: not box.uplink.spoken.session.broker)
        assert box.call() == UNKNOWN
        await eventually(lambda: box.counted("unknown") == 3)
        assert box.again == []


@pytest.mark.asyncio
async def test_a_flood_of_numbers_asks_no_more_than_is_answered(region: Region) -> None:
    numbers = [f"447700900{n:03}" for n in range(1000)]
    async with region.hub(abroad=False) as hub, region.box(PATIENT_MS) as box:
        await eventually(lambda: box.is_greeted)
        hub.holds = True
        assert not any(map(box.roamers, numbers))
        await eventually(lambda: len(hub.asked) == MOST_OPEN)
        assert box.counted("not-asked") == len(numbers) - MOST_OPEN
        assert not any(map(box.roamers, numbers))
        hub.holds = False
        await hub.let_go()
        await eventually(lambda: box.counted("unknown") == MOST_OPEN)
        assert len(hub.asked) == MOST_OPEN  # what was asked again meanwhile was not
        box.call()
        await eventually(lambda: box.again)
