# SPDX-License-Identifier: Apache-2.0
"""The connection to an event socket: who gets which answer, and what comes between."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from drivers.enforcers.freeswitch_esl.line import Line
from edge.errors import DriverLost
from tests.report.small_box import eventually
from tests.twins.freeswitch import FreeSwitch

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def switch() -> AsyncIterator[FreeSwitch]:
    one = FreeSwitch("a password")
    yield one
    one.close()


async def line_to(switch: FreeSwitch, events: list[str]) -> Line:
    line = Line("rig", events.append)
    await asyncio.get_running_loop().create_connection(lambda: line, "127.0.0.1", switch.port)
    await line.greeted()
    return line


async def test_answers_go_to_their_questions_and_events_elsewhere(switch: FreeSwitch) -> None:
    events: list[str] = []
    line = await line_to(switch, events)
    switch.mute = True
    first, second, third = (line.send(text) for text in ("one", "two", "three"))
    await eventually(lambda: switch.commands == ["one", "two", "three"])
    first.cancel()  # whoever asked does not wait any more
    switch.say("api/response", "1")
    switch.say("text/event-plain", "Event-Name: A\n\n")
    switch.say("log/data", "noise")
    switch.send(b"Content-Type: command/reply\nReply-Text: +OK 2\n\n")
    switch.say("api/response", "+OK 3\n")
    assert (await line.answer(second)).text == "+OK 2"
    assert (await line.answer(third)).done
    assert events == ["Event-Name: A\n\n"]
    switch.say("api/response", "to nobody")
    switch.say("text/event-plain", "Event-Name: B\n\n")
    await eventually(lambda: len(events) == 2)
    switch.mute = False
    assert (await line.ask("api status")).text.startswith("UP")
    line.vanish("closed")


async def test_the_first_reason_stands_and_nothing_is_sent_any_more(switch: FreeSwitch) -> None:
    line = await line_to(switch, [])
    switch.mute = True
    waiting = line.send("one")
    line.vanish("first")
    line.vanish("second")
    for lost in (line.answer(waiting), line.ask("two"), line.greeted(), line.last(5)):
        with pytest.raises(DriverLost, match="freeswitch rig: first"):
            await lost


async def test_a_line_that_lasts(switch: FreeSwitch) -> None:
    line = await line_to(switch, [])
    await line.last(0.01)
    line.vanish("closed")
