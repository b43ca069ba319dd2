# SPDX-License-Identifier: Apache-2.0
"""Whatever becomes of broker, hub and line: it is connected again, and nothing is lost.

The whole conversation on a real mosquitto: session, link and drain on our side, the least hub that
there can be on the other.
"""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from edge.report.event import Class
from edge.report.hub import session
from edge.report.hub.drain import Pace
from edge.report.hub.reach import Terms
from edge.report.port import Inbound
from hil.loopback import closed_port
from tests.report.mosquitto import broker
from tests.report.proxy import Proxy, Weather
from tests.report.small_box import Box, comes, eventually, fail, hub_on, kept, say, told

pytestmark = [pytest.mark.peer("mosquitto"), pytest.mark.asyncio]


async def test_what_is_recorded_is_in_the_hub_once_and_leaves_the_box(tmp_path: Path) -> None:
    with broker(tmp_path) as one:
        box = Box(Terms("astana-1", (one.endpoint,)))
        for cls in Class:
            box.shelf.put(cls, 100)
        async with hub_on(one.endpoint) as hub, kept(box.session):
            await eventually(lambda: told(box, hub))
            assert box.session.broker == one.endpoint
            assert set(hub.times.values()) == {1}
            assert box.session.pubacks[0] >= 100
        assert (box.session.broker, box.session.connects) == ("", 1)
        assert [state["state"] for state in hub.states] == ["ready", "offline"]


async def test_epochs_rise_and_a_will_is_of_the_birth_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "WILL_DELAY_S", 0)
    with broker(tmp_path) as one:
        async with hub_on(one.endpoint) as hub, Proxy(one.port) as line:
            box = Box(Terms("astana-1", (line.endpoint,)))
            async with kept(box.session):
                await eventually(lambda: len(hub.states) == 1)
                line.cut()
                await eventually(lambda: len(hub.states) == 3)
            await eventually(lambda: len(hub.states) == 4)
        said = sorted((state["epoch"], state["state"]) for state in hub.states)
        assert said == [(1, "lost"), (1, "ready"), (2, "offline"), (2, "ready")]


async def test_a_broker_that_is_killed_and_comes_back_with_nothing(tmp_path: Path) -> None:
    with broker(tmp_path) as one:
        box = Box(Terms("astana-1", (one.endpoint,)))
        async with hub_on(one.endpoint) as hub, kept(box.session):
            for turn in range(3):
                box.shelf.put(Class.CALL, 300)
                box.shelf.put(Class.AUDIT, 10)
                box.link.news()
                at_least = turn * 310 + 50
                await eventually(partial(comes, hub, at_least))
                await asyncio.to_thread(one.kill)
                (tmp_path / "mosquitto.db").unlink(missing_ok=True)
                await asyncio.to_thread(one.restart)
            await eventually(lambda: told(box, hub))
        assert box.session.connects == 4


async def test_a_hub_that_is_away_is_waited_for(tmp_path: Path) -> None:
    with broker(tmp_path) as one:
        box = Box(Terms("astana-1", (one.endpoint,)))
        box.shelf.put(Class.CALL, 100)
        async with kept(box.session):
            async with hub_on(one.endpoint) as hub:
                await eventually(lambda: told(box, hub))
            box.shelf.put(Class.AUDIT, 10)
            box.link.news()
            async with hub_on(one.endpoint) as later:
                later.has = hub.has
                await eventually(lambda: told(box, later))


async def test_brokers_are_tried_in_turn(tmp_path: Path) -> None:
    with closed_port() as port, broker(tmp_path / "a") as first, broker(tmp_path / "b") as second:
        dead = f"127.0.0.1:{port}"
        brokers = (dead, first.endpoint, second.endpoint)
        box = Box(Terms("astana-1", brokers))
        async with kept(box.session):
            await eventually(lambda: box.session.broker)
            assert box.session.broker == first.endpoint
            await asyncio.to_thread(first.kill)
            await eventually(lambda: box.session.broker == second.endpoint)
            assert box.session.error == ""
            await asyncio.to_thread(second.kill)
            await eventually(lambda: all(one in box.session.error for one in brokers))
        assert box.session.connects == 2


async def test_a_broker_that_breaks_off_at_large_batches_gets_small_ones(tmp_path: Path) -> None:
    with broker(tmp_path, more=["message_size_limit 1200"]) as one:
        box = Box(Terms("astana-1", (one.endpoint,)), Pace(batch_octets=65_536, look_s=0.05))
        box.shelf.put(Class.CALL, 400)
        box.shelf.put(Class.AUDIT, 100)
        async with hub_on(one.endpoint) as hub, kept(box.session):
            await eventually(lambda: told(box, hub))


async def test_a_command_that_was_not_done_comes_again(tmp_path: Path) -> None:
    with broker(tmp_path) as one:
        box = Box(Terms("astana-1", (one.endpoint,)))
        started, done = asyncio.Event(), asyncio.Event()

        async def slowly(rest: str, message: Inbound) -> None:
            started.set()
            await done.wait()
            box.heard.append(message.payload.decode())

        box.link._hears.handlers["cmd"] = slowly  # type: ignore[index]
        async with hub_on(one.endpoint) as hub, Proxy(one.port) as line:
            box.session._terms = Terms("astana-1", (line.endpoint,))
            async with kept(box.session):
                await eventually(lambda: hub.states)
                await say(one, "qalqan/v1/dn/astana-1/cmd", b"restart")
                async with asyncio.timeout(10):
                    await started.wait()
                line.cut()
                done.set()
                await eventually(lambda: box.heard)
        assert box.heard == ["restart"]


@pytest.mark.parametrize("weather", [
    pytest.param(Weather(delay_s=0.05), id="late"),
    pytest.param(Weather(octets_per_s=60_000), id="slow"),
    pytest.param(Weather(piece=3), id="in pieces"),
])  # fmt: skip
async def test_a_bad_line_costs_time_alone(tmp_path: Path, weather: Weather) -> None:
    with broker(tmp_path) as one:
        async with hub_on(one.endpoint) as hub, Proxy(one.port) as line:
            line.weather = weather
            box = Box(Terms("astana-1", (line.endpoint,)), Pace(batch_rows=40))
            box.shelf.put(Class.CALL, 400)
            box.shelf.put(Class.AUDIT, 10)
            async with kept(box.session):
                await eventually(lambda: told(box, hub))
        assert box.session.connects == 1
        assert set(hub.times.values()) == {1}


@pytest.mark.parametrize("fault", ["cut", "hole"])
async def test_a_failing_line_loses_nothing(tmp_path: Path, fault: str) -> None:
    with broker(tmp_path) as one:
        async with hub_on(one.endpoint) as hub, Proxy(one.port) as line:
            box = Box(Terms("astana-1", (line.endpoint,), keepalive_s=1))
            async with kept(box.session):
                await fail(box, hub, line.cut if fault == "cut" else line.hole, line)


async def test_the_conversation_may_end_by_itself(tmp_path: Path) -> None:
    with broker(tmp_path) as one:
        box = Box(Terms("astana-1", (one.endpoint,)))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(box.session.forever())
            await eventually(lambda: box.session.connects)
            box.link.stop()
        assert task.done()
