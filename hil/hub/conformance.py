# SPDX-License-Identifier: Apache-2.0
"""Tests any hub behind any broker against CONTRACT.md, from outside: what an appliance would see.

Each test is an appliance of its own, made up for it. `python -m hil.hub conformance` runs them all;
so does pytest, one by one.
"""

import random
import zlib

from rich.console import Console

from edge.errors import DriverLost
from edge.report import topic
from edge.report.message import Get, RoamAsk
from hil.hub.conformance_log import cosigned, not_cosigned
from hil.hub.madeup import appliance, batch, event, fresh_stream, gap
from hil.hub.terms import Test, Unmet, Where, acknowledged, sentence, told


async def batch_of_json(where: Where) -> None:
    """A batch of plain JSON is acknowledged to its last number."""
    async with appliance(where.broker, where.name()) as one:
        stream = fresh_stream()
        await one.report(stream, range(1, 11), packed=False)
        await acknowledged(one, where, stream, 10)


async def batch_packed(where: Where) -> None:
    """A batch that zlib packed is acknowledged to its last number."""
    async with appliance(where.broker, where.name()) as one:
        stream = fresh_stream()
        await one.report(stream, range(1, 2001))
        await acknowledged(one, where, stream, 2000)


async def duplicates(where: Where) -> None:
    """A batch that comes again is acknowledged again, and changes nothing."""
    async with appliance(where.broker, where.name()) as one:
        stream = fresh_stream()
        for times in range(1, 4):
            await one.report(stream, range(1, 6))
            if not await one.until(lambda: len(one.answers) >= times, where.patience_s):  # noqa: B023 - awaited here
                raise Unmet(f"sent {times} times, answered {len(one.answers)} times")
        await acknowledged(one, where, stream, 5)


async def holes(where: Where) -> None:
    """What lies beyond a hole is told as sack; the hole filled, all is acknowledged."""
    async with appliance(where.broker, where.name()) as one:
        stream = fresh_stream()
        await one.report(stream, [1, 2])
        await acknowledged(one, where, stream, 2)
        await one.report(stream, [5, 6, 7])
        await one.report(stream, [9])

        def is_told() -> bool:
            return one.acks[stream].sack == ((5, 7), (9, 9))

        if not await one.until(is_told, where.patience_s):
            raise Unmet(f"5-7 and 9 lie beyond holes; told was {one.acks[stream].sack}")
        if one.through(stream) != 2:  # noqa: PLR2004 - sent above
            raise Unmet(f"3 was never sent, and {one.through(stream)} acknowledged")
        await one.report(stream, [8])
        await one.report(stream, [3, 4])
        await acknowledged(one, where, stream, 9)


async def any_order(where: Where) -> None:
    """Batches in any order and any number of copies come to the same end."""
    async with appliance(where.broker, where.name()) as one:
        stream = fresh_stream()
        first = [range(n, n + 20) for n in range(1, 1001, 20)]
        batches = [*first, *random.sample(first, 25)]
        random.shuffle(batches)
        for numbers in batches:
            await one.report(stream, numbers)
        await acknowledged(one, where, stream, 1000)


async def gaps(where: Where) -> None:
    """Numbers that a gap record tells to be lost do not hold up those behind them."""
    async with appliance(where.broker, where.name()) as one:
        stream = fresh_stream()
        await one.send(stream, [event(1), gap(2, 50)])
        await acknowledged(one, where, stream, 50)
        await one.report(stream, [51])
        await acknowledged(one, where, stream, 51)


async def late_in_gap(where: Where) -> None:
    """An event that a gap record tells to be lost, and that comes after all, is taken."""
    async with appliance(where.broker, where.name()) as one:
        stream = fresh_stream()
        await one.report(stream, [2, 3])
        await one.send(stream, [gap(1, 5, 2)])
        await acknowledged(one, where, stream, 5)
        await one.report(stream, [4])
        await one.report(stream, [6])
        await acknowledged(one, where, stream, 6)


async def questions(where: Where) -> None:
    """A question is answered, whatever is retained: the hub's state, and each stream named."""
    async with appliance(where.broker, where.name()) as one:
        known, unknown = fresh_stream(), fresh_stream()
        await one.report(known, [1, 2, 3])
        await acknowledged(one, where, known, 3)
        heard = len(one.hubs)
        await one.ask(known, unknown)
        if not await one.until(lambda: unknown in one.acks, where.patience_s):
            raise Unmet("a stream that the hub never heard of was not answered with 0")
        if one.through(unknown) or one.through(known) != 3:  # noqa: PLR2004 - sent above
            raise Unmet(f"3 and 0 were right, told was {one.acks}")
        if not await one.until(lambda: len(one.hubs) > heard, where.patience_s):
            raise Unmet("the hub did not say that it is there")
        if not one.hubs[-1].online or 1 not in one.hubs[-1].accepts:
            raise Unmet(f"a hub that answers takes events of version 1; it said {one.hubs[-1]}")


async def strangers(where: Where) -> None:
    """Nobody can speak for another's stream, whatever he writes into his batches."""
    async with appliance(where.broker, where.name()) as one:
        stream = fresh_stream()
        await one.report(stream, [1])
        await acknowledged(one, where, stream, 1)
        async with appliance(where.broker, where.name()) as other:
            await other.send(stream, [gap(1, 1000)])
            forged = batch(one.node, stream, [gap(1, 1000)])
            await other.say(f"{topic.EVENTS}/call", forged)
            mine = fresh_stream()
            await other.report(mine, [1])
            await acknowledged(other, where, mine, 1)
        said = await told(one, where, stream)
        if said.through != 1 or said.sack:
            raise Unmet(f"1 was sent; a stranger had {said.through} acknowledged")


def _nonsense(node: str, stream: str) -> list[bytes]:
    """Return what no appliance says, each of which might fell a hub."""
    good = zlib.compress(batch(node, stream, [event(1)]))
    return [
        b"",
        b"\x00\xff\xfe",
        b"{",
        b"[" * 100_000,
        b'{"v":1}',
        b"x\x9c",
        good[:-5],
        good + b"behind",
        good[:10] + bytes([good[10] ^ 0xFF]) + good[11:],
        zlib.compress(b"{" + b" " * 64_000_000),
        batch(node, stream, []),
        batch(node, "no-stream", [event(1)]),
        batch(node, stream, [event(1)]).replace(b'"seq":1', b'"seq":99999999999999999999999'),
        batch(node, stream, [event(1)]).replace(b'"seq":1', b'"seq":-1'),
        batch(node, stream, [b"{}"]),
    ]


async def nonsense(where: Where) -> None:
    """What cannot be read is not acknowledged, and does not hold up what can."""
    async with appliance(where.broker, where.name()) as one:
        bad, good = fresh_stream(), fresh_stream()
        for payload in _nonsense(one.node, bad):
            await one.say(f"{topic.EVENTS}/call", payload)
        for what in (topic.ASK, topic.STATE, topic.LIVE, topic.GET, topic.RESULT, "unheard-of"):
            await one.say(what, b"\x00nonsense")
        for last in range(1, 21):
            await one.report(good, [last])
        await acknowledged(one, where, good, 20)
        if (said := await told(one, where, bad)).through or said.sack:
            raise Unmet(f"nothing of it could be read, and {said} was acknowledged")


async def newer_events(where: Where) -> None:
    """Kinds and fields that a hub does not know are taken as they are."""
    async with appliance(where.broker, where.name()) as one:
        stream = fresh_stream()
        await one.send(stream, [event(1, "of-next-year", colour="blue", depth={"m": [1, 2]})])
        await acknowledged(one, where, stream, 1)


async def damaged_event(where: Where) -> None:
    """An event of which only the number can be read does not hold up those behind it."""
    async with appliance(where.broker, where.name()) as one:
        stream = fresh_stream()
        await one.send(stream, [event(1), b'{"seq":2,"at":"yesterday"}', b'{"seq":3}', event(4)])
        await acknowledged(one, where, stream, 4)


async def newer_version(where: Where) -> None:
    """A batch of a version that the hub does not read is not acknowledged."""
    async with appliance(where.broker, where.name()) as one:
        stream, good = fresh_stream(), fresh_stream()
        await one.say(f"{topic.EVENTS}/call", batch(one.node, stream, [event(1)], v=999))
        for last in range(1, 6):
            await one.report(good, [last])
        await acknowledged(one, where, good, 5)
        if (await told(one, where, stream)).through:
            raise Unmet("version 999 was acknowledged")


async def roaming(where: Where) -> None:
    """A question about roaming is answered with its id, if only by saying that nobody knows."""
    async with appliance(where.broker, where.name()) as one:
        await one.say(topic.ROAM, b"\x00nonsense")
        asked = RoamAsk(id="a1", number="447700900123", deadline_ms=300)
        await one.say(topic.ROAM, asked.model_dump_json().encode())
        if not await one.until(lambda: len(one.roams) > 0, where.patience_s):
            raise Unmet("a question about roaming was not answered")
        if [said.id for said in one.roams] != [asked.id]:
            raise Unmet(f"{asked.id} was asked, the answer was to {one.roams[0].id}")


async def bulk_blocks(where: Where) -> None:
    """A request for blocks is answered where it says, if only that there is no such file."""
    async with appliance(where.broker, where.name()) as one:
        path = f"blobs/{'0' * 64}"
        for bulk in (True, False):
            get = Get(id=f"bulk-{bulk}", path=path, block=131_072, bulk=bulk)
            await one.say(topic.GET, get.model_dump_json().encode())
        if not await one.until(lambda: len(one.blocks) > 1, where.patience_s):
            raise Unmet(f"two requests were made, {len(one.blocks)} answered")
        came = {head.id: (where_, head.missing) for where_, head in one.blocks}
        right = {
            "bulk-True": (topic.bulk(one.node), True),
            "bulk-False": (topic.down(one.node, topic.BLOCK), True),
        }
        if came != right:
            raise Unmet(f"{right} was right, told was {came}")


TESTS: tuple[Test, ...] = (
    batch_of_json,
    batch_packed,
    duplicates,
    holes,
    any_order,
    gaps,
    late_in_gap,
    questions,
    strangers,
    nonsense,
    newer_events,
    damaged_event,
    newer_version,
    roaming,
    bulk_blocks,
    cosigned,
    not_cosigned,
)


async def run_all(where: Where, console: Console) -> bool:
    """Run all tests and say how each went; false if one was not met."""
    met = 0
    for test in TESTS:
        try:
            await test(where)
        except (Unmet, DriverLost) as why:
            console.print(f"[bold red]not met[/]  {sentence(test)}", soft_wrap=True)
            console.print(f"         {why}", markup=False, soft_wrap=True)
        else:
            met += 1
            console.print(f"[green]met[/]      {sentence(test)}", soft_wrap=True)
    console.print(f"{met} of {len(TESTS)} met", highlight=False)
    return met == len(TESTS)
