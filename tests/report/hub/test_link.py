# SPDX-License-Identifier: Apache-2.0
"""What is said on a connection, in which order, and what becomes of what is heard."""

import asyncio

import pytest

from edge.errors import DriverLost, RestartAsked
from edge.report import topic
from edge.report.event import Class
from edge.report.hub.drain import Pace
from edge.report.message import (
    Ack,
    Cosigned,
    Hub,
)
from edge.report.port import Inbound, Outbound
from tests.report.line import Line
from tests.report.talking import ACK, HUB, NODE, Box, give, read, seqs, words


@pytest.mark.asyncio
async def test_first_birth_then_a_question_then_events_and_a_farewell() -> None:
    box, line = Box(), Line()
    box.shelf.put(Class.AUDIT, 3)
    async with box.on(line):
        await line.until(lambda: line.on("ask"))
        assert line.subscribed == topic.heard_by(NODE)
        await box.greet(line)
        await line.until(lambda: line.on("ev/audit"))
    assert [word for word in words(line) if word != "live"] == ["state", "ask", "ev/audit", "state"]
    birth, farewell = line.on("state")
    assert (read(birth)["state"], read(farewell)["state"]) == ("ready", "offline")
    assert [read(said)["epoch"] for said in (box.will, birth, farewell)] == [7, 7, 7]
    assert read(box.will)["state"] == "lost"
    assert all(said.retain and said.qos == 1 for said in (box.will, birth, farewell))
    assert read(birth)["streams"][0]["class"] == "audit"
    (live,) = line.on("live")
    assert (live.qos, live.expiry_s, live.retain) == (0, 60, False)


@pytest.mark.asyncio
async def test_the_word_of_the_hub_is_passed_on_and_makes_room() -> None:
    box, line = Box(), Line()
    box.shelf.put(Class.AUDIT, 200)
    async with box.on(line):
        await box.greet(line)
        await line.until(lambda: len(line.on("ev/audit")) == 8)
        given = await give(line, ACK, box.ack(Class.AUDIT, 30))
        await line.until(lambda: len(line.on("ev/audit")) == 11)
        assert given in line.settled
    assert seqs(line.on("ev/audit")) == list(range(1, 111))
    assert box.acked == [{box.shelf.stream[Class.AUDIT]: 30}]


@pytest.mark.asyncio
async def test_a_hint_sends_at_once() -> None:
    box, line = Box(Pace(look_s=1e6)), Line()
    async with box.on(line):
        await box.greet(line)
        await line.until(lambda: len(line.settled) == 2)
        box.shelf.put(Class.BLOCK, 1)
        box.link.news()
        await line.until(lambda: line.on("ev/block"))


@pytest.mark.asyncio
async def test_without_a_hint_it_looks_by_itself() -> None:
    box, line = Box(Pace(look_s=0.05)), Line()
    async with box.on(line):
        await box.greet(line)
        await line.until(lambda: len(line.settled) == 2)
        box.shelf.put(Class.BLOCK, 1)
        await line.until(lambda: line.on("ev/block"))


@pytest.mark.asyncio
async def test_time_alone_sends_again() -> None:
    box, line = Box(Pace(ack_wait_s=0.05)), Line()
    box.shelf.put(Class.AUDIT, 2)
    async with box.on(line):
        await box.greet(line)
        await line.until(lambda: len(line.on("ev/audit")) == 3)
    assert seqs(line.on("ev/audit")) == [1, 2] * 3


@pytest.mark.asyncio
async def test_the_countersignature_is_passed_on() -> None:
    box, line = Box(), Line()
    seal = Cosigned(origin="astana-1/core", size=3, signature="— hub abc=")
    async with box.on(line):
        given = await give(line, ACK, Ack(at=1, acks=(), cosigned=(seal,)))
        await line.until(lambda: given in line.settled)
    assert box.cosigned == [seal]


@pytest.mark.asyncio
async def test_a_hub_that_is_away_stops_the_drain_and_is_asked_when_it_is_back() -> None:
    box, line = Box(Pace(look_s=0.01)), Line()
    async with box.on(line):
        await box.greet(line)
        gone = await give(line, HUB, Hub(online=False, epoch=1, at=2))
        await line.until(lambda: gone in line.settled)
        assert box.link.hub.online is False
        box.shelf.put(Class.AUDIT, 1)
        box.link.news()
        await give(line, HUB, Hub(online=True, epoch=2, at=3))
        await line.until(lambda: len(line.on("ask")) == 2)
        assert line.on("ev/audit") == []
        await give(line, ACK, box.ack(Class.AUDIT, 0))
        await line.until(lambda: line.on("ev/audit"))


@pytest.mark.asyncio
async def test_a_hub_that_started_anew_within_a_moment_is_asked_as_well() -> None:
    box, line = Box(), Line()
    async with box.on(line):
        await box.greet(line)
        await give(line, HUB, Hub(online=True, epoch=1, at=1))
        await give(line, HUB, Hub(online=True, epoch=2, at=3))
        await line.until(lambda: len(line.on("ask")) == 2)


@pytest.mark.asyncio
async def test_a_hub_that_does_not_answer_is_asked_again(monkeypatch) -> None:
    monkeypatch.setattr("edge.report.hub.link.ASK_AGAIN_S", 0.02)
    box, line = Box(), Line()
    async with box.on(line):
        await line.until(lambda: len(line.on("ask")) == 4)
        await give(line, ACK, box.ack(Class.AUDIT, 0))


@pytest.mark.asyncio
async def test_a_birth_that_would_read_differently_is_said_again() -> None:
    box, line = Box(), Line()
    async with box.on(line):
        await line.until(lambda: line.on("live"))
        box.state = "alert"
        box.link.changed()
        await line.until(lambda: len(line.on("state")) == 2)
    assert [read(said)["state"] for said in line.on("state")] == ["ready", "alert", "offline"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("where", "payload", "counted"),
    [
        (ACK, b"", "bad"),
        (ACK, b"\xff\x00", "bad"),
        (ACK, b'{"at":1,"acks":[{"stream":"x","through":-1}]}', "bad"),
        (ACK, b'{"v":9,"at":1,"acks":[]}', "bad"),
        (HUB, b"[]", "bad"),
        (HUB, b'{"online":"perhaps"}', "bad"),
        (topic.down(NODE, "weather"), b"rain", "unknown"),
        (topic.up(NODE, "ack"), b"{}", "unknown"),
        ("something/else", b"", "unknown"),
    ],
)
async def test_what_cannot_be_read_is_counted_and_settled(
    where: str, payload: bytes, counted: str
) -> None:
    box, line = Box(), Line()
    async with box.on(line):
        given = await line.give(where, payload)
        await line.until(lambda: given in line.settled)
    assert box.link.heard[counted] == 1


@pytest.mark.asyncio
async def test_others_speak_through_the_connection_of_now() -> None:
    box, line = Box(), Line(lambda message: 0x87 if message.topic == "x" else 0)
    with pytest.raises(DriverLost):
        await box.link.send(Outbound("x", b""))
    async with box.on(line):
        await line.until(lambda: line.on("live"))
        assert await box.link.send(Outbound("x", b"")) == 0x87
    with pytest.raises(DriverLost):
        await box.link.send(Outbound("x", b""))


@pytest.mark.asyncio
@pytest.mark.parametrize("stuck", [False, True])
async def test_a_lost_connection_is_said_as_such_and_the_next_one_goes_on(stuck: bool) -> None:
    box = Box()
    box.shelf.put(Class.AUDIT, 10)
    line = Line(lambda message: None if stuck and "/ev/" in message.topic else 0)

    async def lose() -> None:
        await box.greet(line)
        await line.until(lambda: line.on("ev/audit"))
        await line.lose("the line was cut")

    async with asyncio.TaskGroup() as group:
        group.create_task(lose())
        with pytest.raises(DriverLost, match="the line was cut"):
            await box.link.converse(line)
    assert len(line.on("state")) == 1, "nobody is there to hear a farewell"
    after = Line()
    box.link.will(8)
    async with box.on(after):
        await box.greet(after)
        await after.until(lambda: after.on("ev/audit"))
    assert seqs(after.on("ev/audit")) == list(range(1, 11))
    assert read(after.on("state")[0])["epoch"] == 8


@pytest.mark.asyncio
async def test_a_subscription_that_is_lost_is_a_lost_connection() -> None:
    line = Line()
    await line.lose()
    with pytest.raises(DriverLost):
        await Box().link.converse(line)


@pytest.mark.asyncio
async def test_who_is_cancelled_says_farewell() -> None:
    box, line = Box(), Line()
    async with box.on(line) as task:
        await line.until(lambda: line.on("live"))
        task.cancel()
    assert task.cancelled()
    assert read(line.on("state")[-1])["state"] == "offline"


@pytest.mark.asyncio
async def test_a_broker_that_is_stuck_does_not_hold_up_the_end(monkeypatch) -> None:
    monkeypatch.setattr("edge.report.hub.link.FAREWELL_S", 0.05)
    box = Box()
    line = Line(lambda message: None if b"offline" in message.payload else 0)
    async with box.on(line):
        await line.until(lambda: line.on("live"))


@pytest.mark.asyncio
async def test_a_restart_that_was_asked_for_is_passed_on_with_a_farewell() -> None:
    async def restart(rest: str, message: Inbound) -> None:
        raise RestartAsked("by two keys")

    box, line = Box(cmd=restart), Line()
    given = await line.give(topic.down(NODE, "cmd"), b"restart")
    with pytest.raises(RestartAsked):
        await box.link.converse(line)
    assert read(line.on("state")[-1])["state"] == "offline"
    assert given not in line.settled
