# SPDX-License-Identifier: Apache-2.0
"""Commands within a conversation: answered on its topic, again if the answer was lost."""

import pytest

from edge.errors import DriverLost
from edge.report.command.answer import Answers
from edge.report.command.trial import Trial
from edge.report.message import Desired, Result
from edge.report.port import Inbound
from edge.report.topic import COMMAND, DESIRED, down, up
from tests.report.command.test_trial import BOOT, NEW, Box
from tests.report.orders import NODE, Site

pytestmark = pytest.mark.asyncio

RESTART = {"process": "uplink"}


class Line:
    """The connection of now, which may be gone."""

    def __init__(self):
        self.sent = []
        self.code = 0
        self.lost = False

    async def send(self, message):
        if self.lost:
            raise DriverLost("no connection to a broker")
        self.sent.append((message.topic, Result.model_validate_json(message.payload)))
        return self.code

    def states(self):
        return [result.state for _, result in self.sent]


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


def answers(site, line):
    trial = Trial(site.folder / "edge.toml", site.register, BOOT, 0.0)
    return Answers(NODE, site.commands, trial, line.send)


def inbound(payload, rest=COMMAND):
    return Inbound(down(NODE, rest), payload)


@pytest.fixture(autouse=True)
def time_of_the_orders(monkeypatch):
    monkeypatch.setattr("edge.clock.now_ns", lambda: 1_900_000_000 * 10**9)


async def test_an_answer_goes_out_on_the_topic_of_results(site, line):
    payload = site.order("update")
    await answers(site, line).hear(COMMAND, inbound(payload))
    [(topic, result)] = line.sent
    assert (topic, result.state) == (up(NODE, "res"), "done")
    assert site.commands.untold(site.box.updates.trusted_s(0)) == []


async def test_a_restart_of_ourselves_comes_after_the_answer(site, line):
    async def send(message):
        assert site.done == []
        return await line.send(message)

    talk = answers(site, line)
    talk._send = send
    await talk.hear(COMMAND, inbound(site.order("restart", RESTART)))
    assert (line.states(), site.done) == (["done"], ["uplink"])


async def test_what_could_not_be_said_is_said_on_the_next_connection_once(site, line):
    line.lost = True
    talk = answers(site, line)
    payload = site.order("restart", RESTART)
    with pytest.raises(DriverLost):
        await talk.hear(COMMAND, inbound(payload))
    assert site.done == ["uplink"], "what was begun goes on"
    line.lost = False
    site.close()
    site.start()
    talk = answers(site, line)
    await talk.reached()
    assert line.states() == ["done"]
    await talk.reached()
    assert line.states() == ["done"]
    await talk.hear(COMMAND, inbound(payload))
    assert line.states() == ["done", "done"], "whenever it comes again"
    assert site.done == ["uplink"]


async def test_what_a_broker_refuses_was_not_said(site, line):
    line.code = 0x87
    talk = answers(site, line)
    await talk.hear(COMMAND, inbound(site.order("update")))
    line.code = 0
    await talk.reached()
    assert line.states() == ["done", "done"]


async def test_nothing_is_said_where_there_is_nothing_to_answer(site, line):
    talk = answers(site, line)
    for rest, payload in (
        (COMMAND, b""),
        (COMMAND, b"{"),
        (DESIRED, b""),
        (DESIRED, Desired().model_dump_json().encode()),
        (DESIRED, b"{"),
    ):
        await talk.hear(rest, inbound(payload, rest))
    assert line.sent == []
    assert site.commands.denials.unread == 2


async def test_the_desired_configuration_is_tried_and_told(tmp_path, line):
    box = Box(tmp_path)
    command = box.send(NEW)
    desired = b'{"v": 1, "command": ' + command + b"}"
    talk = answers(box, line)
    await talk.hear(DESIRED, inbound(desired, DESIRED))
    assert (line.sent, box.done) == ([], ["restart"])
    await talk.reached()
    assert line.sent == [], "this process runs with the old one"
    box.again()
    talk = answers(box, line)
    await talk.reached()
    await talk.hear(DESIRED, inbound(desired, DESIRED))
    assert line.states() == ["done", "done"]
    assert box.path.read_text() == NEW
    box.close()
