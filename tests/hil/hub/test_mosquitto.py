# SPDX-License-Identifier: Apache-2.0
"""The broker of the rig: who is let in, what each may say and hear, and who sees whose session."""

import asyncio
import ssl

import pytest

from edge import clock
from edge.errors import DriverLost
from edge.report import topic
from edge.report.enrol import door
from edge.report.enrol.exchange import Enrolling
from edge.report.hub.dial import dial, identity
from edge.report.hub.reach import Session, Terms
from edge.report.port import Outbound
from edge.trust.identity import Identity
from hil.hub import roll
from hil.hub.mosquitto import WORKER
from tests.hil.hub.boxes import NS, Box
from tests.hil.hub.brokers import WAIT_S, Rig, write_identity

pytestmark = [pytest.mark.peer("mosquitto")]

NOT_AUTHORISED = 0x87
NO_SUBSCRIBERS = 0x10


def now_s():
    return clock.now_ns() // NS


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.hub.store.close()


def enrolled(rig, folder, node):
    """A box with a certificate; its way to it is in another test."""
    box = Box(folder, node)
    box.enrol(rig.hub, now_s())
    return box.identity.folder


class Asks:
    """Publishes on some topics, and hears what comes until it has heard enough."""

    def __init__(self, topics=(), heard_on=(), enough=0):
        self.topics, self.heard_on, self.enough = topics, heard_on, enough
        self.codes, self.heard = {}, []
        self.subscribed = asyncio.Event()

    def will(self, epoch):
        return Outbound(topic.up("nobody", "state"), b"")

    async def converse(self, connection):
        if self.heard_on:
            await connection.subscribe(self.heard_on)
        self.subscribed.set()
        for name in self.topics:
            self.codes[name] = await connection.publish(Outbound(name, b"x"))
        if self.enough:
            async for message in connection.messages():
                self.heard.append(message)
                await connection.settle(message)
                if len(self.heard) == self.enough:
                    return


def speak(port, folder, talk, node="astana-1"):
    async def go():
        session = Session(Terms(node, (f"127.0.0.1:{port}",), folder), talk, lambda: 1)
        async with asyncio.timeout(WAIT_S):
            await session._go_on()

    asyncio.run(go())
    return talk


def knock(port, talk, node, context=None):
    async def go():
        async with (
            asyncio.timeout(WAIT_S),
            door.opened(f"127.0.0.1:{port}", node, context or door.unproven()) as connection,
        ):
            await talk.converse(connection)

    asyncio.run(go())
    return talk


def test_a_box_enrols_and_then_speaks_as_itself_alone(rig, tmp_path):
    identity = Identity(tmp_path / "identity", "astana-1")
    with rig.mosquitto(), rig.at_work() as hub:
        said: list[str] = []

        async def between(_seconds):
            """Somebody types the code in."""
            if not identity.is_enrolled and rig.hub.enrolment.pending(now_s()):
                rig.hub.enrolment.approve("astana-1", asking.code, now_s())
            await asyncio.sleep(0)

        async def enrol():
            where = f"127.0.0.1:{rig.ports.enrolment}"
            async with door.opened(where, "astana-1", door.unproven()) as connection:
                await Enrolling(identity, said.append, now_s, between).over(connection, asking)

        asking = identity.ask(now_s())
        asyncio.run(asyncio.wait_for(enrol(), WAIT_S))
        assert identity.standing().name == "astana-1"
        mine, others = topic.up("astana-1", "ev/block"), topic.up("astana-2", "ev/block")
        down = topic.down("astana-1", "cmd")
        talk = speak(rig.ports.boxes, identity.folder, Asks((mine, others, down)))
        assert talk.codes == {mine: 0, others: NOT_AUTHORISED, down: NOT_AUTHORISED}
        hub.until(mine)
    assert not {others, down} & {message.topic for message in hub.heard}


def test_a_stranger_may_ask_for_himself_and_nothing_else(rig):
    names = (
        topic.enrolment("astana-1", "request"), topic.enrolment("astana-2", "request"),
        topic.enrolment("astana-1", "answer"), topic.up("astana-1", "ev/block"),
        topic.up("astana-1", "state"), topic.down("astana-1", "cmd"), topic.down("all", "urgent"),
    )  # fmt: skip
    with rig.mosquitto():
        talk = knock(rig.ports.enrolment, Asks(names), "astana-1")
        assert talk.codes == {names[0]: 0} | dict.fromkeys(names[1:], NOT_AUTHORISED)
        for user in ("+", "#", "astana-1/#"):
            talk = knock(rig.ports.enrolment, Asks(names[:1]), user)
            assert talk.codes == {names[0]: NOT_AUTHORISED}


def test_a_stranger_hears_nobodys_answer_but_those_in_his_name(rig, tmp_path):
    wide = ("#", "qalqan/v1/#", topic.enrolment("+", "answer"), topic.down("all", "#"))
    answers = [topic.enrolment(f"astana-{number}", "answer") for number in (2, 1)]

    async def go():
        stranger = Asks(heard_on=(*wide, answers[1]), enough=1)
        hub = Asks([topic.down("all", "hub"), *answers])
        where = f"127.0.0.1:{rig.ports.enrolment}"

        async def listen():
            async with door.opened(where, "astana-1", door.unproven()) as connection:
                await stranger.converse(connection)

        terms = Terms("hub-1", (f"127.0.0.1:{rig.ports.hub}",), rig.worker)
        async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
            group.create_task(listen())
            await stranger.subscribed.wait()
            await Session(terms, hub, lambda: 1)._go_on()
        return stranger.heard

    with rig.mosquitto():
        assert {message.topic for message in asyncio.run(go())} == {answers[1]}


@pytest.mark.parametrize("listener", ["boxes", "hub"])
def test_without_a_certificate_of_ours_nobody_is_let_in(rig, tmp_path, listener):
    port = getattr(rig.ports, listener)
    (tmp_path / "false").mkdir()
    false = Rig(tmp_path / "false")
    false.hub.store.close()
    foreign = write_identity(
        tmp_path / "foreign", rig.hub.authority, false.hub.authority.worker(WORKER, now_s())
    )
    with rig.mosquitto():
        with pytest.raises(DriverLost):
            knock(port, Asks(("x",)), "astana-1")
        with pytest.raises(DriverLost):
            speak(port, foreign, Asks(("x",)))
        with pytest.raises(DriverLost, match=r"(?i)certificate verify failed"):
            speak(port, enrolled(false, tmp_path / "box", "astana-1"), Asks())


def test_tls_below_1_3_is_refused(rig, tmp_path):
    folder = enrolled(rig, tmp_path / "box", "astana-1")

    async def old(port):
        context = identity(folder)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        (await dial(f"127.0.0.1:{port}", context, 10, WAIT_S)).close()

    with rig.mosquitto():
        for port in rig.ports:
            with pytest.raises(DriverLost):
                asyncio.run(old(port))


def test_a_revoked_box_is_not_let_in_once_the_broker_knows(rig, tmp_path):
    gone, stays = (enrolled(rig, tmp_path / node, node) for node in ("astana-1", "astana-2"))
    roll.revoke(rig.hub.store, "astana-1", now_s())
    rig.brokers.revoke(rig.hub.authority, roll.revoked(rig.hub.store, now_s()), now_s())
    with rig.mosquitto():
        with pytest.raises(DriverLost):
            speak(rig.ports.boxes, gone, Asks((topic.up("astana-1", "state"),)))
        mine = topic.up("astana-2", "ev/call")
        assert speak(rig.ports.boxes, stays, Asks((mine,)), "astana-2").codes == {
            mine: NO_SUBSCRIBERS
        }


def test_no_client_id_takes_the_session_of_another(rig, tmp_path):
    one, two = (enrolled(rig, tmp_path / node, node) for node in ("astana-1", "astana-2"))
    urgent = topic.down("astana-1", "cmd")

    async def go():
        victim = Asks(heard_on=(topic.down("astana-1", "#"),), enough=1)
        hub = Asks((urgent,))
        boxes, hubs = (f"127.0.0.1:{port}" for port in (rig.ports.boxes, rig.ports.hub))
        async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
            terms = Terms("astana-1", (boxes,), one)
            group.create_task(Session(terms, victim, lambda: 1)._go_on())
            await victim.subscribed.wait()
            # A neighbour that calls itself so is taken for itself ...
            await Session(Terms("astana-1", (boxes,), two), Asks(), lambda: 1)._go_on()
            # ... and a stranger, or a box at the hub's door, is not let in under such a name.
            for where, folder in ((hubs, one), (hubs, two)):
                with pytest.raises(DriverLost):
                    await Session(Terms("astana-1", (where,), folder), Asks(), lambda: 1)._go_on()
            await Session(Terms("hub-1", (hubs,), rig.worker), hub, lambda: 1)._go_on()
        return victim.heard

    with rig.mosquitto():
        assert [message.topic for message in asyncio.run(go())] == [urgent]


def test_a_box_is_not_let_in_at_the_hubs_door(rig, tmp_path):
    folder = enrolled(rig, tmp_path / "box", "astana-1")
    with rig.mosquitto(), pytest.raises(DriverLost, match="unknown ca"):
        speak(rig.ports.hub, folder, Asks((topic.down("all", "urgent"),)), "hub-1")


def test_the_files_of_the_broker_are_for_its_user_alone(rig):
    assert {path.stat().st_mode & 0o777 for path in rig.brokers.folder.iterdir()} == {0o600}


def test_the_second_connection_has_a_broker_of_its_own_and_takes_over_nobody(rig, tmp_path):
    """Blocks pass by a bridge; each box asks and hears in its own name alone, under one name."""
    ours = enrolled(rig, tmp_path / "astana", "astana-1")
    other = enrolled(rig, tmp_path / "oral", "oral-1")
    with rig.mosquitto(), rig.bulk(), rig.at_work() as hub:
        speak(rig.ports.boxes, ours, Asks([topic.up("astana-1", "state")]))
        asks = Asks([topic.up("astana-1", topic.GET), topic.up("oral-1", topic.GET),
                     topic.up("astana-1", "ev/audit"), topic.bulk("astana-1")])  # fmt: skip
        speak(rig.ports.bulk, ours, asks, node="anything")
        assert list(asks.codes.values()) == [0] + [NOT_AUTHORISED] * 3
        hub.until(topic.up("astana-1", topic.GET))
        heard: list[int] = []

        async def both():
            async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
                talks = [Asks(heard_on=(topic.bulk("astana-1"),), enough=1) for _ in range(2)]
                mine, theirs = (
                    group.create_task(Session(
                        Terms(name, (f"127.0.0.1:{rig.ports.bulk}",), folder), talk, lambda: 1
                    ).forever())
                    for name, folder, talk in (
                        ("astana-1", ours, talks[0]), ("oral-1", other, talks[1]),
                    )
                )  # fmt: skip
                for talk in talks:
                    await talk.subscribed.wait()
                block = Outbound(topic.bulk("astana-1"), b"block", qos=0)
                await asyncio.to_thread(hub.say, [block])
                await mine
                theirs.cancel()
                heard.extend(len(talk.heard) for talk in talks)

        asyncio.run(both())
        assert heard == [1, 0]
