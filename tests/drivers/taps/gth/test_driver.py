# SPDX-License-Identifier: Apache-2.0
"""A GTH behind a twin on real sockets: both directions, events, refusals, disconnects."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import ValidationError

from drivers.taps.gth import driver
from drivers.taps.gth.driver import Config, GthTap, open_tap
from edge.errors import DriverLost
from edge.model.unit import Direction, LinkType, Unit
from hil.e1.probe import with_crc
from tests.twins.gth import Gth

pytestmark = pytest.mark.asyncio
DEADLINE_S = 5
PAIR = {"a_to_b": "1A", "b_to_a": "2A"}
SABME = bytes.fromhex("00017f")


def settings(gth: Gth, **more) -> Config:
    return Config.model_validate({"host": "127.0.0.1", "port": gth.port, "links": [PAIR], **more})


@pytest_asyncio.fixture
async def gth() -> AsyncIterator[Gth]:
    one = Gth()
    yield one
    one.close()


@pytest_asyncio.fixture
async def tap(gth: Gth) -> AsyncIterator[GthTap]:
    opened = await open_tap("gth", settings(gth))
    yield opened
    await opened.close()


async def heard(tap: GthTap, count: int = 1) -> list[Unit]:
    units: list[Unit] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(units) < count:
            units += await tap.read()
    return units


async def test_both_directions(gth: Gth, tap: GthTap) -> None:
    gth.hear(0, with_crc(b"forth"))
    gth.hear(1, with_crc(b"back"))
    units = await heard(tap, 2)
    assert [(unit.data, unit.direction, unit.channel, unit.link) for unit in units] == [
        (b"forth", Direction.A_TO_B, "1A:16", LinkType.MTP2),
        (b"back", Direction.B_TO_A, "1A:16", LinkType.MTP2),
    ]


@pytest.mark.parametrize("size", [1, 3, 7])
async def test_records_arrive_in_pieces(gth: Gth, tap: GthTap, size: int) -> None:
    line = b"".join(gth.record(n % 2, with_crc(bytes([n]) * 30)) for n in range(6))

    async def trickle() -> None:
        for at in range(0, len(line), size):
            gth.data[0].sendall(line[at : at + size])
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(trickle())
        units = await heard(tap, 6)
    assert [unit.data for unit in units] == [bytes([n]) * 30 for n in range(6)]


async def test_spans_are_switched_on_without_their_transmitters(gth: Gth, tap: GthTap) -> None:
    first, second, *monitors = gth.commands
    assert first.startswith('<set name="pcm1A">')
    assert second.startswith('<set name="pcm2A">')
    assert 'name="tx_enabled" value="false"' in first
    assert len(monitors) == 2
    assert [found[3:] for found in gth.monitors] == [("0", "1A", "16"), ("1", "2A", "16")]


@pytest.mark.parametrize(
    ("more", "command"),
    [
        ({"spans": "optical"}, '<enable name="1A"/>'),
        ({"spans": "as they are"}, "<new>"),
        (
            {"monitoring": True, "framing": "multiframe"},
            (
                '<set name="pcm1A"><attribute name="status" value="enabled"/>'
                '<attribute name="tx_enabled" value="false"/>'
                '<attribute name="monitoring" value="true"/>'
                '<attribute name="framing" value="multiframe"/></set>'
            ),
        ),
    ],
)
async def test_how_spans_are_switched_on(gth: Gth, more, command: str) -> None:
    tap = await open_tap("gth", settings(gth, **more))
    assert gth.commands[0].startswith(command)
    await tap.close()


async def test_events_between_question_and_answer_are_heard(gth: Gth) -> None:
    event = b"<event><l1_message name='2A' state='AIS'/></event>"
    framed = b"Content-type: text/xml\r\nContent-length: %d\r\n\r\n%s" % (len(event), event)
    gth.answers["<set"] = framed + b"Content-length: 5\r\n\r\n<ok/>"
    tap = await open_tap("gth", settings(gth))
    assert {(unit.link, unit.data, unit.channel) for unit in await heard(tap, 2)} == {
        (LinkType.E1_ALARMS, b"\x04", "1A:0")
    }
    await tap.close()


async def test_slips_and_backlogs_are_losses(gth: Gth, tap: GthTap) -> None:
    gth.say("<event><slip name='1A'/></event>")
    gth.say("<event><l2_socket_alert ip_addr='x' ip_port='1' reason='buffer_limit'/></event>")
    gth.say("<event><l1_message name='1A' state='OK'/></event>")
    await heard(tap)
    assert dict(tap.lost().by_cause) == {"slip": 1, "gth backlog": 1}


async def test_jobs_are_ended_when_the_tap_is_closed(gth: Gth, tap: GthTap) -> None:
    await tap.close()
    async with asyncio.timeout(DEADLINE_S):
        while gth.commands[-1] != "<bye/>":  # noqa: ASYNC110 - the twin has no news to await
            await asyncio.sleep(0)
    assert gth.commands[-3:] == ['<delete id="mtp20"/>', '<delete id="mtp21"/>', "<bye/>"]


async def test_a_stranger_on_the_data_port_is_not_heard(gth: Gth, tap: GthTap) -> None:
    port = int(gth.monitors[0][2])
    with socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0)) as stranger:
        stranger.sendall(gth.record(0, with_crc(b"forged")))
        gth.hear(0, with_crc(b"true"))
        assert [unit.data for unit in await heard(tap)] == [b"true"]
        async with asyncio.timeout(DEADLINE_S):
            while not tap.lost().total:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0)
    assert dict(tap.lost().by_cause) == {"stranger refused": 1}


async def test_a_late_reader_makes_the_gth_wait(gth: Gth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "ROOM", 10)
    tap = await open_tap("gth", settings(gth))
    gth.hear(0, with_crc(b"first"))
    await heard(tap)
    gth.data[0].sendall(gth.record(0, with_crc(b"x" * 30)) * 20)
    units = await heard(tap, 20)
    assert [unit.number for unit in units] == list(range(2, 22))
    gth.hear(0, with_crc(b"last"))
    assert [unit.data for unit in await heard(tap)] == [b"last"]
    await tap.close()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"Content-length: 30\r\n\r\n<error reason='no such span'/>", "no such span to <set"),
        (b"Content-length: 5\r\n\r\n<ok/>", "ok to <new"),
        (b"Content-length: 9\r\n\r\n<!DOCTYPE", "declarations"),
        (b"nonsense" * 1000, "header without end"),
    ],
)
async def test_an_answer_that_is_none_is_a_lost_gth(gth: Gth, answer: bytes, why: str) -> None:
    gth.answers["<new" if "<new" in why else "<set"] = answer
    with pytest.raises(DriverLost, match=why):
        await open_tap("gth", settings(gth))


async def test_a_gth_that_does_not_answer(gth: Gth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "ANSWER_S", 0.02)
    gth.answers["<set"] = b""
    with pytest.raises(DriverLost, match="no answer to <set"):
        await open_tap("gth", settings(gth))


async def test_no_gth(gth: Gth) -> None:
    gone = settings(gth)
    gth.close()
    with pytest.raises(DriverLost, match=r"gth 127\.0\.0\.1"):
        await open_tap("gth", gone)


async def test_what_was_heard_before_the_end_is_not_lost(gth: Gth, tap: GthTap) -> None:
    gth.hear(0, with_crc(b"last"))
    gth.data[0].close()
    assert [unit.data for unit in await heard(tap)] == [b"last"]
    with pytest.raises(DriverLost, match="data channel closed"):
        await heard(tap)


async def test_a_command_channel_that_closes_is_a_lost_gth(gth: Gth, tap: GthTap) -> None:
    gth.hang_up()
    with pytest.raises(DriverLost, match="hung up"):
        await heard(tap)


async def test_a_monitor_that_ends_by_itself_is_a_lost_gth(gth: Gth, tap: GthTap) -> None:
    gth.say("<event><fatality id='mtp20'/></event>")
    with pytest.raises(DriverLost, match="job mtp20 has ended"):
        await heard(tap)


async def test_a_data_channel_out_of_step_is_a_lost_gth(gth: Gth, tap: GthTap) -> None:
    gth.data[0].sendall(b"\0\x01\0")
    with pytest.raises(DriverLost, match="record of 1 octets"):
        await heard(tap)


@pytest.mark.parametrize(
    "links",
    [[], [{"a_to_b": "1A'/>"}], [{"a_to_b": "1A", "timeslot": 0}], [{"a_to_b": "1A", "x": 1}]],
)
async def test_the_config_is_checked(links) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"host": "gth", "links": links})
