# SPDX-License-Identifier: Apache-2.0
"""The last words of a box: told as an act, acknowledged, and only then `offline`."""

import asyncio

import pytest

from edge.errors import DriverLost
from edge.process.handover import Refuse
from edge.report.enrol.farewell import Farewell
from edge.report.event import Moment
from edge.report.kinds import ActEvent
from edge.report.message import Ack, Acknowledged, Batch, State
from edge.report.port import Inbound, Outbound

STREAM = "0193a6d4-0000-7000-8000-000000000001"
OTHER = "0193a6d4-0000-7000-8000-000000000002"
NOW = Moment(1_900_000_000 * 10**9, 5, "boot")


class Wire:
    """A connection on which the hub acknowledges what it is told to."""

    def __init__(self, *answers):
        self.published: list[Outbound] = []
        self.settled: list[Inbound] = []
        self.inbox: Refuse[Inbound | None] = Refuse(8)
        self._answers = answers

    async def subscribe(self, topics):
        assert "qalqan/v1/dn/astana-1/#" in topics

    async def publish(self, message):
        self.published.append(message)
        if len(self.published) == 1:
            for answer in self._answers:
                self.inbox.put(answer)
        return 0

    async def messages(self):
        while (message := await self.inbox.get()) is not None:
            yield message

    async def settle(self, message):
        self.settled.append(message)


def ack(stream, through=1):
    said = Ack(at=1, acks=(Acknowledged(stream=stream, through=through),))
    return Inbound("qalqan/v1/dn/astana-1/ack", said.model_dump_json().encode())


def said(wire, wait_s=20):
    farewell = Farewell("astana-1", STREAM, NOW, wait_s)
    farewell.will(7)
    asyncio.run(farewell.converse(wire))
    return farewell.heard


def test_the_act_is_a_batch_that_any_hub_can_read():
    wire = Wire(ack(STREAM))
    assert said(wire)
    read = Batch.model_validate_json(wire.published[0].payload)
    assert (read.node, read.stream, read.cls) == ("astana-1", STREAM, "audit")
    (event,) = read.events
    act = ActEvent.model_validate(event.model_dump())
    assert (act.seq, act.act, act.by, act.state) == (1, "decommission", ("local",), "done")


def test_once_the_hub_has_the_act_the_box_is_offline():
    others = (ack(OTHER), ack(STREAM, 0), Inbound("qalqan/v1/dn/astana-1/ack", b"\xff"),
              Inbound("qalqan/v1/dn/all/hub", b"{}"))  # fmt: skip
    wire = Wire(*others, ack(STREAM))
    assert said(wire)
    told, offline = wire.published
    assert told.topic == "qalqan/v1/up/astana-1/ev/audit"
    state = State.model_validate_json(offline.payload)
    assert (offline.topic, offline.retain) == ("qalqan/v1/up/astana-1/state", True)
    assert (state.state, state.epoch, state.alarms) == ("offline", 7, ("decommissioned",))
    assert len(wire.settled) == 5


def test_a_hub_that_does_not_answer_is_not_waited_for_and_told_all_the_same():
    wire = Wire(ack(OTHER))
    assert not said(wire, 0.0)
    assert [message.topic.rsplit("/", 1)[1] for message in wire.published] == ["audit", "state"]


def test_a_connection_that_ends_is_said_so():
    with pytest.raises(DriverLost):
        said(Wire(None))


def test_the_will_says_that_it_was_lost_on_its_way_out():
    will = Farewell("astana-1", STREAM, NOW, 20).will(7)
    state = State.model_validate_json(will.payload)
    assert (will.topic, will.retain) == ("qalqan/v1/up/astana-1/state", True)
    assert (state.state, state.epoch, state.alarms) == ("lost", 7, ("decommissioned",))
