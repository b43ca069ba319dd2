# SPDX-License-Identifier: Apache-2.0
"""Lists are kept up to date whatever comes between; what goes wrong is told once."""

import asyncio
import threading

import pytest

from edge.blocklist.apply import Settings
from edge.errors import DriverLost, ListError
from edge.process.supervise import Backoff
from edge.report.lists.fetch import Patience
from edge.report.lists.follow import NOT_KEPT, Pace, followed
from edge.report.lists.pull import BLOCK
from edge.report.port import Inbound
from edge.trust.alarm import Alarm, Refused
from tests.report.beside import BOTH, BOUND_S, HASTY, PATIENT, QUIET, Side, Wire, made, side, signed
from tests.trust.centre import DAY, NOW, Centre


@pytest.fixture
def centre(tmp_path):
    begun = Centre(tmp_path / "centre")
    begun.add("77172000001")
    begun.publish()
    return begun


def test_on_a_connection_every_list_is_taken_and_told(tmp_path, centre):
    async def run():
        centre.add("77172000002", name="spam")
        centre.publish("spam")
        async with side(centre, tmp_path, ("fraud", "spam")) as one:
            assert one.follow.versions() == {}
            one.follow.connected()
            await one.until(lambda: one.hints == 2)
            assert one.said() == ["fraud: 0 -> 1, whole", "spam: 0 -> 1, whole"]
            assert one.follow.versions() == {"fraud": 1, "spam": 1}
            assert one.follow.standing["fraud"].checked_s == NOW + 1
            assert one.follow.alarms() == ()
            assert list((tmp_path / "box" / "pull").iterdir()) == []
            centre.add("77172000003")
            centre.publish()
            one.follow.connected()
            # The whole round: its thread must not work in a folder that is opened again below.
            await one.until(lambda: one.follow.counts["updates"] == 4)
            assert one.hints == 3
            [act] = one.events
            assert (act.act, act.state, act.text) == ("list", "done", "fraud: 1 -> 2, by delta")
            keys = {centre.keys["fraud", each].public_key.keyid for each in BOTH}
            assert set(act.by) == keys
        async with side(centre, tmp_path, ("fraud", "spam")) as one:
            assert one.follow.versions() == {"fraud": 2, "spam": 1}

    asyncio.run(run())


def test_a_retained_timestamp_only_makes_it_ask(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path) as one:
            await one.retained()
            await one.until(lambda: one.hints == 1)
            asked = [b"timestamp" in sent.payload for sent in one.wire.sent]
            assert asked.count(True) == 1
            assert not any(b".snapshot.json" in sent.payload for sent in one.wire.sent)
            updates = one.follow.counts["updates"]
            await one.follow.hear("tuf/timestamp.json", Inbound("", b"forged"))
            await one.until(lambda: one.follow.counts["updates"] > updates)
            one.wire.library.anew()
            await one.follow.hear("tuf/timestamp.json", Inbound("", b"forged"))
            await one.follow.hear("tuf/timestamp.json", Inbound("", b""))
            assert not one.follow._asked.is_set()
            assert one.said() == ["fraud: 0 -> 1, whole"]

    asyncio.run(run())


def test_now_and_then_it_asks_by_itself(tmp_path, centre):
    async def run():
        pace = Pace(every_s=0.01, spread_s=0, failing=Backoff(0.01, 0.01))
        async with side(centre, tmp_path, pace=pace) as one:
            await one.until(lambda: one.follow.counts["updates"] > 2)
            one.wire.gone = DriverLost("no broker")
            await one.until(lambda: one.follow.standing["fraud"].lost == "no broker")
            one.wire.gone = None
            await one.until(lambda: one.follow.standing["fraud"].lost == "")
            assert one.said() == ["fraud: 0 -> 1, whole"]

    asyncio.run(run())


def test_an_alarm_is_told_once_and_stands_until_all_is_well(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path) as one:
            follow = one.follow
            assert await follow.update()
            good = {path: path.read_bytes() for path in centre.folder.rglob("*.json")}
            centre.forge(version=1 << 62)
            for _ in range(3):
                assert await follow.update(), "it came to an end, and there is no hurry"
            one.now_s = NOW + 8 * DAY
            await follow.update()
            assert one.said() == ["fraud: 0 -> 1, whole", "fast-forward", "freeze"]
            assert follow.alarms() == ("freeze",)
            assert one.version() == 1
            for path, octets in good.items():
                path.write_bytes(octets)
            one.now_s = NOW + 1
            centre.repository._bind(centre.online, NOW)
            centre.publish()
            await follow.update()
            assert follow.alarms() == ()

    asyncio.run(run())


def test_a_box_without_room_says_so_and_tries_again(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path) as one:
            await one.follow.update()
            state = tmp_path / "box" / "lists" / "fraud.state"
            whole = state.read_bytes()
            state.write_bytes(b"damaged")
            assert not await one.follow.update()
            await one.push(signed(centre, 1))
            assert one.follow.alarms() == (NOT_KEPT,)
            assert one.follow.urgent_through() == {"fraud": 0}
            with pytest.raises(ListError):
                await one.follow.take(signed(centre, 1))
            state.write_bytes(whole)
            assert await one.follow.update()
            await one.push(signed(centre, 1))
            assert one.follow.alarms() == ()

    asyncio.run(run())


def test_a_silent_hub_costs_nothing_but_time(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path, patience=HASTY) as one:
            one.wire.bend = lambda answers: []
            assert not await one.follow.update()
            assert "does not answer" in one.follow.standing["fraud"].lost
            assert one.said() == []
            one.wire.bend = lambda answers: answers
            one.follow.connected()
            await one.until(lambda: one.version() == 1)

    asyncio.run(run())


def test_the_end_does_not_wait_for_the_hub(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path, patience=Patience(answer_s=3600)) as one:
            asked = threading.Event()

            def swallow(answers):
                asked.set()
                return []

            one.wire.bend = swallow
            one.follow.connected()
            await asyncio.to_thread(asked.wait, BOUND_S)
            assert asked.is_set()

    asyncio.run(run())


def test_news_at_the_very_end_do_not_hold_it_up(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path) as one:
            one.follow.connected()
            await one.until(lambda: one.follow.counts["updates"] and not one.follow._asked.is_set())
            await asyncio.sleep(0)
            one.follow.connected()

    asyncio.run(run())


def test_a_lost_connection_is_not_waited_for(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path, patience=Patience(answer_s=3600)) as one:
            one.wire.bend = lambda answers: []
            one.follow.connected()
            await one.until(lambda: one.wire.sent)
            one.follow.lost("cut")
            await one.until(lambda: one.follow.standing["fraud"].lost == "cut")
            one.wire.bend = lambda answers: answers
            one.follow.connected()
            await one.until(lambda: one.version() == 1)

    asyncio.run(run())


def test_a_root_that_is_none_is_named(tmp_path, centre):
    async def run():
        fetcher = await made(Wire(centre.folder), tmp_path / "pull", PATIENT)
        with pytest.raises(Refused) as caught:
            followed(tmp_path, ["fraud"], b"{}", fetcher, Settings("astana-1"))
        assert caught.value.alarm is Alarm.BAD_METADATA

    asyncio.run(run())


def test_each_word_has_somebody_who_takes_it(tmp_path, centre):
    async def run():
        one = await Side(centre, tmp_path, ("fraud",)).build(PATIENT, QUIET)
        handlers = one.follow.handlers()
        assert set(handlers) == {"blk", "tuf", "urgent"}
        await handlers["blk"]("blk", Inbound("", bytes(BLOCK)))
        assert one.wire.fetcher.counts == {"malformed": 1}

    asyncio.run(run())
