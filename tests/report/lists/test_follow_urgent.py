# SPDX-License-Identifier: Apache-2.0
"""An urgent record is in force at once, in any order, and waits for nothing that is on its way."""

import asyncio

import pytest

from edge.blocklist.manifest import Signed
from edge.report.port import Inbound
from edge.trust.alarm import Refused
from tests.blocklist.images import entry
from tests.report.beside import BOTH, side, signed, urgent
from tests.trust.centre import HOSPITAL, NOW, Centre


@pytest.fixture
def centre(tmp_path):
    begun = Centre(tmp_path / "centre")
    begun.add("77172000001")
    begun.publish()
    return begun


def test_an_urgent_record_is_on_disk_when_it_was_heard(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path) as one:
            await one.follow.update()
            one.said()
            await one.push(signed(centre, 1, ["447700900001", "447700900002"]))
            assert urgent(one) == [1]
            [act] = one.events
            assert set(act.by) == {centre.keys["fraud", each].public_key.keyid for each in BOTH}
            assert one.said() == ["fraud urgent 1: 2 added, 0 lifted"]
            await one.push(signed(centre, 1, ["447700900001", "447700900002"]))
            assert one.said() == [], "the same again is no news"
            await one.push(signed(centre, 2, [], ["77172000001"], sides=["prosecutor"]))
            assert one.said() == ["fraud urgent 2: 0 added, 1 lifted"]
            assert one.follow.urgent_through() == {"fraud": 2}
            assert one.follow.counts["urgent taken"] == 2

    asyncio.run(run())


def test_a_signature_that_does_not_hold_is_nobodys_act(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path) as one:
            await one.follow.update()
            one.said()
            lift = signed(centre, 1, [], ["77172000001"], sides=["operator"])
            other = centre.keys["fraud", "prosecutor"].public_key.keyid
            await one.push(Signed(lift.record, (*lift.signatures, (other, "00" * 64), ("", "x"))))
            [act] = one.events
            assert act.by == (centre.keys["fraud", "operator"].public_key.keyid,)

    asyncio.run(run())


def test_urgent_records_in_any_order_are_all_taken(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path) as one:
            await one.follow.update()
            for seq in (4, 1, 2):
                await one.push(signed(centre, seq))
            assert urgent(one) == [1, 2, 4]
            assert one.follow.urgent_through() == {"fraud": 2}, "3 is still asked for"
            await one.push(signed(centre, 3))
            assert one.follow.urgent_through() == {"fraud": 4}

    asyncio.run(run())


@pytest.mark.parametrize(
    ("more", "alarm"),
    [
        ({"sides": ["operator"]}, "one-role-only"),
        ({"sides": []}, "wrong-key"),
        ({"expires": NOW}, "freeze"),
        ({"added": [HOSPITAL]}, "canary"),
        ({"added": ["77*"]}, "wide-prefix"),
    ],
)
def test_an_urgent_record_that_is_refused_is_told_once(tmp_path, centre, more, alarm):
    async def run():
        async with side(centre, tmp_path) as one:
            await one.follow.update()
            one.said()
            for _ in range(3):
                await one.push(signed(centre, 1, **more))
            await one.until(lambda: one.events)
            assert one.said() == [alarm]
            assert one.follow.alarms() == (alarm,)
            assert urgent(one) == []
            with pytest.raises(Refused):
                await one.follow.take(signed(centre, 1, **more))
            await one.push(signed(centre, 1))
            assert one.follow.alarms() == ()

    asyncio.run(run())


def test_what_is_no_urgent_record_of_ours_is_counted(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path) as one:
            await one.follow.hear("urgent", Inbound("", b"noise"))
            await one.push(signed(centre, 1, name="spam"))
            assert one.follow.counts == {"urgent malformed": 1, "urgent of another list": 1}
            with pytest.raises(Refused, match="not followed"):
                await one.follow.take(signed(centre, 1, name="spam"))
            assert one.said() == []

    asyncio.run(run())


def test_a_record_before_all_metadata_is_judged_after_it(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path) as one:
            for _ in range(2):
                await one.push(signed(centre, 1))
            await one.until(lambda: one.hints == 2)
            assert urgent(one) == [1]
            assert one.said() == ["fraud: 0 -> 1, whole", "fraud urgent 1: 1 added, 0 lifted"]

    asyncio.run(run())


def test_a_record_by_new_keys_is_judged_by_new_metadata(tmp_path, centre):
    async def run():
        async with side(centre, tmp_path) as one:
            await one.follow.update()
            centre.keys["fraud", "operator"] = centre.keys["spam", "operator"]
            keys = {each: centre.keys["fraud", each].public_key for each in BOTH}
            centre.repository.delegate("fraud", keys, centre.root, centre.online, NOW)
            centre.publish()
            await one.push(signed(centre, 1))
            await one.until(lambda: urgent(one) == [1])
            assert one.follow.alarms() == ()

    asyncio.run(run())


def test_an_urgent_record_does_not_wait_for_a_version_on_its_way(tmp_path, centre):
    """And the end of that version forgets nothing of it."""

    async def run():
        async with side(centre, tmp_path) as one:
            await one.follow.update()
            centre.desk().fill(entry(f"4477009{number:05}") for number in range(20_000))
            centre.publish()
            held = []

            def hold(answers):
                data = [each for each in answers if b"blobs/" in each.payload[:200]]
                held.extend(data)
                return [each for each in answers if each not in data]

            one.wire.bend = hold
            one.follow.connected()
            await one.until(lambda: held)
            await one.push(signed(centre, 1))
            assert urgent(one) == [1]
            assert one.version() == 1
            for each in held:
                await one.follow.hear("blk", Inbound("", each.payload))
            one.wire.bend = lambda answers: answers
            await one.until(lambda: one.version() == 2 and one.follow.counts["updates"] == 2)
            assert urgent(one) == [1]
            assert one.lists["fraud"].store.state().urgent == 1

    asyncio.run(run())
