# SPDX-License-Identifier: Apache-2.0
"""The hub's connection: nothing is acknowledged but by us, and the broker's No is heard."""

import asyncio
import os
from pathlib import Path

import pytest

from edge.errors import ConfigError, DriverLost
from edge.report.port import Outbound
from hil.hub.mqtt import REFUSED, Broker, Session, connected
from tests.hil.hub import places

pytestmark = pytest.mark.peer("mosquitto")

TOPIC = f"qalqan/test/{os.getpid()}"


def run(coroutine) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await coroutine

    asyncio.run(bounded())


def test_what_is_published_arrives_as_it_was(broker: Broker) -> None:
    async def go() -> None:
        async with connected(broker, Session("one")) as one:
            await one.subscribe(f"{TOPIC}/#")
            said = Outbound(f"{TOPIC}/x", b"\x00\xff", expiry_s=5, properties={"a": "b"})
            assert await one.publish(said) < REFUSED
            assert await one.publish(said._replace(qos=0)) == 0
            heard = await one.arrived()
            while len(heard) < 2:
                heard += await one.arrived()
            assert [(got.topic, got.payload) for got in heard] == [(f"{TOPIC}/x", b"\x00\xff")] * 2

    run(go())


def test_what_was_not_settled_comes_again(broker: Broker) -> None:
    async def go() -> None:
        session = Session("settler", expiry_s=60)
        async with connected(broker, session) as one:
            await one.subscribe(f"{TOPIC}/settle")
            for number in range(5):
                await one.publish(Outbound(f"{TOPIC}/settle", b"%d" % number))
            heard = await one.arrived()
            while len(heard) < 5:
                heard += await one.arrived()
            for message in heard[:2]:
                one.settle(message)
        async with connected(broker, session) as one:
            again = await one.arrived()
            while len(again) < 3:
                again += await one.arrived()
            assert [message.payload for message in again] == [b"2", b"3", b"4"]
            for message in again:
                one.settle(message)
        async with connected(broker, Session("settler")):
            pass

    run(go())


def test_a_will_is_said_when_a_connection_is_cut(broker: Broker) -> None:
    async def go() -> None:
        will = Outbound(f"{TOPIC}/will", b"gone", retain=True)
        async with connected(broker, Session("hearer")) as other:
            await other.subscribe(f"{TOPIC}/will")
            mortal = connected(broker, Session("mortal", will=will))
            async with mortal as one, connected(broker, Session("mortal")):  # takes its place
                with pytest.raises(DriverLost):
                    await one.arrived()
            assert [message.payload for message in await other.arrived()] == [b"gone"]
            await other.publish(will._replace(payload=b""))

    run(go())


def test_a_broker_that_says_no_is_heard(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    acl = tmp_path / "acl"
    acl.write_text("topic read #\ntopic write allowed/#\n")
    acl.chmod(0o644)

    async def go(broker: Broker) -> None:
        async with connected(broker, Session("one")) as one:
            assert await one.publish(Outbound("allowed/x", b"")) < REFUSED
            assert await one.publish(Outbound("forbidden/x", b"")) == 0x87

    with places.mosquitto(tmp_path, f"acl_file {acl}") as broker:
        run(go(broker))


def test_a_broker_that_dies_is_noticed(tmp_path: Path) -> None:
    async def go() -> None:
        with places.mosquitto(tmp_path) as broker:
            connection = connected(broker, Session("one"))
            one = await connection.__aenter__()
        with pytest.raises(DriverLost):
            await one.arrived()
        with pytest.raises(DriverLost):
            await one.publish(Outbound("x", b""))
        await connection.__aexit__(None, None, None)
        with pytest.raises(DriverLost, match="refused"):
            await connected(broker, Session("one")).__aenter__()

    run(go())


def test_an_identity_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=str(tmp_path)):
        Broker("127.0.0.1", 1, tmp_path).context()
