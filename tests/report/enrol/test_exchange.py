# SPDX-License-Identifier: Apache-2.0
"""A box that asks for its certificate, over a broker of a few lines, until it has it."""

import asyncio

import pytest

from edge.errors import DriverLost
from edge.process.handover import Refuse
from edge.report import topic
from edge.report.enrol.exchange import ASK_EVERY_S, CLIENT_ID_PREFIX, NO_SUBSCRIBERS, Enrolling
from edge.report.message import Enrolled
from edge.report.port import Inbound, Outbound
from edge.trust.enrol import CODE_VALID_S, EnrolRefused
from tests.hil.hub.boxes import NOW, NS, Box, Hub

WAIT_S = 20


class Wire:
    """A connection to a broker on which the hub listens, or does not."""

    def __init__(self, hub, code=0):
        self.hub = hub
        self.code = code
        "What the broker says to whatever is published."
        self.heard: tuple[str, ...] = ()
        self.settled: list[Inbound] = []
        self.published: list[Outbound] = []
        self.inbox: Refuse[Inbound | None] = Refuse(64)

    async def subscribe(self, topics):
        self.heard = topics

    async def publish(self, message):
        if self.code is None:
            raise DriverLost("cut")
        self.published.append(message)
        _, node, rest = topic.split(message.topic)
        if not self.code:
            for answer in self.hub.enrolment.take(node, rest, message.payload, NOW * NS):
                self.arrive(answer.topic, answer.payload)
        return self.code

    def arrive(self, where, payload):
        assert where in self.heard
        assert self.inbox.put(Inbound(where, payload))

    async def messages(self):
        while True:
            message = await self.inbox.get()
            if message is None:
                raise DriverLost("cut")
            yield message

    async def settle(self, message):
        self.settled.append(message)


class Person:
    """Reads what the box says; when it has waited for so long, does something at the hub."""

    def __init__(self, **acts):
        self.said = []
        self.slept = 0
        self.now_s = NOW
        self._acts = acts

    async def sleep(self, seconds):
        assert seconds == ASK_EVERY_S
        self.slept += 1
        act = self._acts.get(f"after_{self.slept}")
        if act:
            act()
        await asyncio.sleep(0)


@pytest.fixture
def hub(tmp_path):
    hub = Hub(tmp_path)
    yield hub
    hub.store.close()


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path / "identity")


def enrol(box, wire, person):
    async def go():
        enrolling = Enrolling(box.identity, person.said.append, lambda: person.now_s, person.sleep)
        async with asyncio.timeout(WAIT_S):
            await enrolling.over(wire, box.identity.ask(NOW))

    asyncio.run(go())


def typed_in(hub, box, **how):
    return lambda: hub.enrolment.approve("astana-1", box.code, NOW, **how)


def test_a_box_asks_until_somebody_types_its_code_in(hub, box):
    wire, person = Wire(hub), Person(after_3=typed_in(hub, box))
    enrol(box, wire, person)
    assert box.identity.standing().name == "astana-1"
    assert {message.topic for message in wire.published} == {topic.enrolment("astana-1", "request")}
    assert len(wire.published) == 4
    assert wire.heard == (topic.enrolment("astana-1", "answer"),)
    assert [message.payload for message in wire.settled] == [wire.settled[0].payload]
    assert person.said == ["the broker has the request; the hub waits for the code"]


def test_what_holds_it_up_is_said_once_each_time_it_changes(hub, box):
    wire = Wire(hub, NO_SUBSCRIBERS)

    def denied():
        wire.code = 0x87

    def listening():
        wire.code = 0
        box.ask(hub)
        hub.enrolment.approve("astana-1", box.code, NOW)

    person = Person(after_2=denied, after_4=listening)
    enrol(box, wire, person)
    assert person.said == [
        "the broker is reached; the hub does not listen yet",
        "the broker does not let us ask (reason 0x87)",
        "the broker has the request; the hub waits for the code",
    ]


def test_forged_answers_are_told_and_passed_over(hub, box, tmp_path):
    (tmp_path / "false").mkdir()
    false_hub = Hub(tmp_path / "false")
    box.ask(false_hub)
    false_hub.enrolment.approve("astana-1", box.code, NOW)
    (theirs,) = box.ask(false_hub)
    box.ask(hub)
    hub.enrolment.approve("astana-1", box.code, NOW)
    (ours,) = box.ask(hub)
    right = Enrolled.model_validate_json(ours.payload)
    theirs = Enrolled.model_validate_json(theirs.payload)
    mixed = right.model_copy(update={"authority": theirs.authority}).model_dump_json().encode()
    wire, person = Wire(hub, NO_SUBSCRIBERS), Person()

    def between():
        for payload in (b"\xff", b"{}", mixed, ours.payload):
            wire.arrive(ours.topic, payload)

    person = Person(after_1=between)
    enrol(box, wire, person)
    false_hub.store.close()
    assert person.said[1:] == [
        "an answer came that cannot be read: is somebody between us and the hub?",
        "an answer was refused: wrong-proof: whoever answered does not know the code",
    ]
    assert len(wire.settled) == 4
    assert (box.identity.folder / "authority.pem").read_text() == hub.authority.pem


def test_a_code_that_is_too_old_ends_it(hub, box):
    person = Person()

    def tomorrow():
        person.now_s += CODE_VALID_S

    person = Person(after_2=tomorrow)
    with pytest.raises(EnrolRefused, match="code-expired"):
        enrol(box, Wire(hub), person)
    assert not box.identity.is_enrolled


def test_a_connection_that_is_lost_is_said_so_and_the_next_goes_on_with_the_same_code(hub, box):
    wire, code = Wire(hub), box.code

    def cut():
        wire.code = None

    with pytest.raises(DriverLost, match="cut"):
        enrol(box, wire, Person(after_2=cut))
    silent = Wire(hub)
    with pytest.raises(DriverLost, match="cut"):
        enrol(box, silent, Person(after_1=lambda: silent.inbox.put(None)))
    assert box.code == code
    enrol(box, Wire(hub), Person(after_1=typed_in(hub, box)))
    assert box.identity.is_enrolled


def test_no_box_can_have_a_client_id_of_enrolment():
    assert "." in CLIENT_ID_PREFIX
