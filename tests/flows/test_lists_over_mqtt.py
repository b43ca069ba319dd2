# SPDX-License-Identifier: Apache-2.0
"""A list goes from a repository to a box through a real broker, whatever is cut or killed."""

import asyncio
import random
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from edge.blocklist.manifest import Record
from edge.report.lists.fetch import Patience
from edge.report.lists.pull import BLOCK
from edge.trust.urgent import sign_record
from tests.blocklist.images import columns, entry, groups
from tests.flows.list_parties import MANY, Appliance, Hub, Line, mosquitto, until
from tests.trust.centre import DAY, NOW, Centre

pytestmark = [pytest.mark.peer("mosquitto"), pytest.mark.asyncio]

BOTH = ("operator", "prosecutor")
ROOT = Path(__file__).parents[2]
NUMBERS, FEW = 200_000, 60_000


@pytest.fixture
def centre(tmp_path):
    made = Centre(tmp_path / "centre", lists=("fraud",))
    made.add("77172000001")
    made.publish()
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "root.json").write_bytes(made.repository.root())
    return made


def fill(centre, count=NUMBERS):
    """Publish a list of so many numbers, one in five million; return its manifest."""
    rng = random.Random(7)
    keys = sorted(10**12 + number for number in rng.sample(range(10**12), count))
    sheet = columns(keys, [rng.randrange(8) for _ in keys], groups(8))
    centre.desk()._take(sheet)
    return centre.publish(guards=MANY)


def signed(centre, seq, number="447700900001"):
    record = Record("fraud", seq, NOW, NOW + DAY, (entry(number),))
    return sign_record(record, [centre.keys["fraud", side] for side in BOTH])


def told(book):
    """Return how many blocks a book tells of."""
    return (book.stat().st_size - 8) // 36 if book.exists() else 0


def of_blob(answer, sha256):
    return answer.topic.endswith("/blk") and sha256.encode() in answer.payload[:300]


async def test_news_arrive_by_themselves(tmp_path, centre):
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(mosquitto(tmp_path))
        hub = await stack.enter_async_context(Hub(port, centre.folder).there())
        box = await stack.enter_async_context(Appliance(port, tmp_path / "box").there())
        await until(lambda: box.said == ["fraud: 0 -> 1, whole"])
        centre.add("77172000002")
        centre.publish()
        await hub.speak()
        await until(lambda: "fraud: 1 -> 2, by delta" in box.said)
        hub.library.push_urgent(signed(centre, 1))
        await hub.speak()
        await until(lambda: box.urgent() == [1])
        assert box.version == 2


async def test_what_was_urgent_while_it_was_away_is_told_to_who_asks(tmp_path, centre):
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(mosquitto(tmp_path))
        hub = await stack.enter_async_context(Hub(port, centre.folder).there())
        async with Appliance(port, tmp_path / "box").there() as box:
            await until(lambda: box.version == 1)
        for seq in (1, 2, 3):
            hub.library.push_urgent(signed(centre, seq))
        await hub.speak()
        async with Appliance(port, tmp_path / "box").there() as box:
            await until(lambda: box.urgent() == [1, 2, 3])


async def test_a_hub_that_comes_late_or_anew_is_enough(tmp_path, centre):
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(mosquitto(tmp_path))
        box = await stack.enter_async_context(Appliance(port, tmp_path / "box").there())
        await until(
            lambda: box.follow.standing["fraud"].lost == "nobody answers requests at the hub"
        )
        hub = Hub(port, centre.folder)
        blob = fill(centre, FEW).snapshot
        hub.bend = lambda answers: answers[:2] if not hub.blocks_of(blob) else []
        async with hub.there():
            await until(lambda: len(hub.blocks_of(blob)) == 2)
        box.follow.lost("the hub has gone")
        hub.bend = lambda answers: answers
        async with hub.there():
            await until(lambda: box.version == 2)
        sent, blocks = hub.blocks_of(blob), -(-blob.size // BLOCK)
        assert set(sent) == set(range(blocks))
        assert sum(sent.values()) <= blocks + 2, "what was on its way may come twice, no more"


async def test_an_urgent_record_overtakes_a_list_that_is_on_its_way(tmp_path, centre):
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(mosquitto(tmp_path))
        hub = await stack.enter_async_context(Hub(port, centre.folder).there())
        patience = Patience(answer_s=60)
        box = await stack.enter_async_context(Appliance(port, tmp_path / "box", patience).there())
        await until(lambda: box.version == 1)
        sha256 = fill(centre, FEW).deltas[0].sha256
        held: list[Any] = []

        def hold(answers):
            held.extend(answer for answer in answers if of_blob(answer, sha256))
            return [answer for answer in answers if answer not in held]

        hub.bend = hold
        await hub.speak()
        await until(lambda: held)
        hub.library.push_urgent(signed(centre, 1))
        await hub.speak()
        await until(lambda: box.urgent() == [1])
        assert box.version == 1
        hub.bend = lambda answers: answers
        for answer in held:
            await hub.give(answer)
        await until(lambda: box.version == 2)
        assert box.urgent() == [1]
        assert box.store.state().urgent == 1


class Drip:
    """Gives two blocks of some data, and then none until the line was cut."""

    def __init__(self, blob, book):
        self._blob = blob
        self._book = book
        self._given = 0
        self._dry = False

    def bend(self, answers):
        data = [answer for answer in answers if of_blob(answer, self._blob.sha256)]
        if not data:
            return answers
        two = [] if self._dry else data[:2]
        self._given += len(two)
        self._dry = True
        return two

    def drunk(self):
        """Whether the box has all that was given since the last cut."""
        return self._dry and told(self._book) == self._given

    def again(self):
        self._dry = False


async def live(line, folder):
    """Return an appliance in a process of its own."""
    command = sys.executable, "-m", "tests.flows.list_parties", str(line.port), str(folder)
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT)


@pytest.mark.slow
async def test_no_cut_and_no_kill_costs_a_block(tmp_path, centre):
    """After two blocks the line is cut, after two more the process is killed; none comes twice."""
    blob, folder = fill(centre).snapshot, tmp_path / "box"
    here = folder / "lists" / "fraud.2.look"
    lives = 0
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(mosquitto(tmp_path))
        line = await stack.enter_async_context(Line(port).laid())
        hub, drip = Hub(port, centre.folder), Drip(blob, folder / "pull" / f"{blob.sha256}.book")
        hub.bend = drip.bend
        await stack.enter_async_context(hub.there())
        while not here.exists():
            lives += 1
            process = await live(line, folder)
            for end in (line.cut, process.kill):
                await until(lambda: here.exists() or drip.drunk())
                end()
                drip.again()
            await process.wait()
    assert hub.blocks_of(blob) == dict.fromkeys(range(-(-blob.size // BLOCK)), 1)
    assert lives >= 3
