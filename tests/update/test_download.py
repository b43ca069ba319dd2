# SPDX-License-Identifier: Apache-2.0
"""A bundle over a real broker, from the hub's own library: whatever comes, it comes whole."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.report import topic
from edge.report.hub.reach import Session, Terms
from edge.report.message import BlockHead
from edge.report.port import Outbound
from edge.update.blocks import Part, open_part
from edge.update.download import MOST_WRONG, WINDOW, Download, Patience
from edge.update.line import Line
from edge.update.manifest import BLOCK, block_hashes, split_hashes
from edge.update.state import Folder
from tests.report.mosquitto import Broker, broker
from tests.report.small_box import AT_ONCE, eventually
from tests.update.bulk_hub import bulk_hub
from tests.update.centre import MIB, Works

pytestmark = [pytest.mark.peer("mosquitto"), pytest.mark.asyncio]
HASTY = Patience(answer_s=2.0)
NODE = "astana-1"


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Works:
    return Works(tmp_path_factory.mktemp("works") / "repository")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("mosquitto")) as one:
        yield one


class Fetch:
    """What fetches the bundle of a repository."""

    def __init__(self, folder: Path, works: Works, endpoint: str) -> None:
        self.release = works.give(octets=MIB)
        octets = (works.repository.blobs / self.release.sha256).read_bytes()
        cut = [octets[at : at + BLOCK] for at in range(0, len(octets), BLOCK)]
        self.octets, self.hashes = octets, split_hashes(block_hashes(cut), self.release)
        self.folder = Folder(folder / "update")
        self.endpoint = endpoint
        self.begin()

    def begin(self) -> None:
        self.part: Part = open_part(self.folder, self.release, self.hashes)
        self.line = Line()
        self.came = 0
        self.download = Download(NODE, self.part, self.line, self.count, HASTY)
        terms = Terms(
            NODE, (self.endpoint,), client=f"{NODE}.bulk", lasting=False, tune=self.line.tune
        )
        self.session = Session(terms, self.download, lambda: 0, AT_ONCE)

    def count(self) -> None:
        self.came += 1

    async def whole(self) -> bool:
        async with asyncio.timeout(30):
            await self.session.forever()
        return self.download.done and self.part.finish().read_bytes() == self.octets


async def test_a_bundle_comes_whole_on_a_connection_of_its_own(
    tmp_path: Path, works: Works, line: Broker
) -> None:
    fetch = Fetch(tmp_path, works, line.endpoint)
    async with bulk_hub(line.endpoint, works.folder) as hub:
        assert await fetch.whole()
    blocks = len(fetch.hashes)
    assert fetch.download.counts == {"new": blocks}
    assert hub.asked == -(-blocks // WINDOW)
    assert fetch.came == hub.asked
    fetch.part.close()


def altered(message: Outbound, index: int, spoil: Any) -> Outbound | None:
    """Return a block of this index as a test spoils it, all others as they are."""
    line, _, octets = message.payload.partition(b"\n")
    head = BlockHead.model_validate_json(line)
    if head.index != index:
        return message
    changed = spoil(head, octets)
    if changed is None:
        return None
    head, octets = changed
    return message._replace(payload=head.model_dump_json().encode() + b"\n" + octets)


SPOILS = {
    "flipped": lambda head, octets: (head, octets[:-1] + bytes([octets[-1] ^ 1])),
    "short": lambda head, octets: (head, octets[:-1]),
    "long": lambda head, octets: (head, octets + b"x"),
    "lost": lambda head, octets: None,
    "of another size": lambda head, octets: (head.model_copy(update={"size": 1 << 60}), octets),
    "another's": lambda head, octets: (head.model_copy(update={"id": "f" * 16}), octets),
    "another index": lambda head, octets: (head.model_copy(update={"index": 1 << 60}), octets),
    "another file": lambda head, octets: (head.model_copy(update={"path": "blobs/x"}), octets),
}


@pytest.mark.parametrize("name", SPOILS)
async def test_a_bad_block_is_asked_for_again_alone(
    tmp_path: Path, works: Works, line: Broker, name: str
) -> None:
    fetch = Fetch(tmp_path, works, line.endpoint)
    left = [1]

    def once(message: Outbound) -> Outbound | None:
        if b'"index":2,' not in message.payload[:512] or not left:
            return message
        left.pop()
        return altered(message, 2, SPOILS[name])

    async with bulk_hub(line.endpoint, works.folder) as hub:
        hub.spoil = once
        assert await fetch.whole()
    sent = [json.loads(head)["index"] for head in hub.sent]
    assert sorted(sent) == sorted([*range(len(fetch.hashes)), 2])
    fetch.part.close()


async def test_a_copy_that_is_not_what_was_signed_is_given_up_by_name(
    tmp_path: Path, works: Works, line: Broker
) -> None:
    fetch = Fetch(tmp_path, works, line.endpoint)
    async with bulk_hub(line.endpoint, works.folder) as hub:
        hub.spoil = lambda message: altered(message, 3, SPOILS["flipped"])
        assert not await fetch.whole()
    assert fetch.download.failed is not None
    assert fetch.download.failed.why == "bad-block"
    assert fetch.download.counts["wrong"] == MOST_WRONG
    assert fetch.part.missing == 1
    fetch.part.close()


async def test_what_was_never_asked_for_fills_neither_memory_nor_disk(
    tmp_path: Path, works: Works, line: Broker
) -> None:
    fetch = Fetch(tmp_path, works, line.endpoint)
    flood = b'{"id":"x","path":"y","size":9,"index":0}\n' + bytes(100_000)
    where = topic.bulk(NODE)
    async with bulk_hub(line.endpoint, works.folder) as hub:

        def endless(message: Outbound) -> Outbound:
            for junk in (flood, bytes(70_000), b"{}\n" + bytes(BLOCK + 1)):
                asyncio.get_running_loop().call_soon(
                    hub.connection._put, Outbound(where, junk, qos=0)
                )
            return message

        hub.spoil = endless
        assert await fetch.whole()
    assert fetch.download.counts["foreign"] > 0
    assert fetch.download.counts["malformed"] > 0
    assert [path.suffix for path in fetch.folder.path.iterdir()] == [".raucb"]
    fetch.part.close()


async def test_killed_and_started_anew_it_fetches_only_the_rest(
    tmp_path: Path, works: Works, line: Broker
) -> None:
    fetch = Fetch(tmp_path, works, line.endpoint)
    async with bulk_hub(line.endpoint, works.folder) as hub:
        hub.spoil = lambda message: message if len(hub.sent) <= 5 else None
        async with asyncio.TaskGroup() as group:
            going = group.create_task(fetch.session.forever())
            await eventually(lambda: fetch.download.counts["new"] == 5)
            going.cancel()
        fetch.part.close()
        hub.spoil = lambda message: message
        fetch.begin()
        assert fetch.part.missing == len(fetch.hashes) - 5
        hub.sent.clear()
        assert await fetch.whole()
    assert len(hub.sent) == len(fetch.hashes) - 5
    fetch.part.close()


async def test_a_broker_that_goes_and_returns_costs_no_block_twice(
    tmp_path: Path, works: Works
) -> None:
    with broker(tmp_path / "mosquitto") as own:
        fetch = Fetch(tmp_path, works, own.endpoint)
        async with bulk_hub(own.endpoint, works.folder) as hub:
            hub.spoil = lambda message: message if len(hub.sent) <= 5 else None
            async with asyncio.TaskGroup() as group:
                going = group.create_task(fetch.whole())
                await eventually(lambda: fetch.download.counts["new"] == 5)
                own.kill()
                hub.spoil = lambda message: message
                own.restart()
                assert await going
        assert fetch.session.connects >= 2
        assert fetch.download.counts["twice"] == 0
        fetch.part.close()


async def test_a_hub_that_does_not_have_it_is_asked_again_later(
    tmp_path: Path, works: Works, line: Broker
) -> None:
    fetch = Fetch(tmp_path, works, line.endpoint)
    place = works.repository.blobs / fetch.release.sha256
    away = place.rename(tmp_path / "away")
    async with bulk_hub(line.endpoint, works.folder), asyncio.TaskGroup() as group:
        going = group.create_task(fetch.whole())
        await eventually(lambda: "does not have the bundle" in fetch.session.error)
        away.rename(place)
        assert await going
    fetch.part.close()


async def test_nobody_behind_the_broker_is_no_failure(tmp_path: Path, works: Works) -> None:
    with broker(tmp_path / "mosquitto") as own:
        fetch = Fetch(tmp_path, works, own.endpoint)
        async with asyncio.TaskGroup() as group:
            going = group.create_task(fetch.session.forever())
            await eventually(lambda: "did not pass" in fetch.session.error)
            going.cancel()
    assert fetch.download.failed is None
    fetch.part.close()
