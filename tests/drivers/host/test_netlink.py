# SPDX-License-Identifier: Apache-2.0
"""Interfaces made for the purpose, in a network namespace of the test's own."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from drivers.host import netlink
from tests import netns

LOOKS = 500
"A busy kernel counts a frame a while after it was sent; each look starts a program."

pytestmark = [pytest.mark.root, pytest.mark.peer("ip"), pytest.mark.asyncio]


@pytest.fixture(autouse=True)
def cable() -> Iterator[None]:
    with netns.namespace():
        netns.veth("left", "right")
        yield


def shown(name: str) -> dict[str, int]:
    """Return what `ip` says an interface received."""
    octets = subprocess.check_output(["ip", "-json", "-stats", "link", "show", name])
    counts: dict[str, int] = json.loads(octets)[0]["stats64"]["rx"]
    return counts


async def state(name: str) -> str:
    return netlink.state(await netlink.link(name))


async def test_the_state_of_a_link_is_told() -> None:
    seen = [await state("left")]
    netns.ip("link set right down")
    seen.append(await state("left"))
    netns.ip("link set left down")
    seen.append(await state("left"))
    netns.ip("link del left")
    seen.append(await state("left"))
    assert seen == ["up", "no carrier", "down", "no such interface"]


async def test_a_link_made_anew_has_another_index() -> None:
    before = await netlink.link("left")
    netns.ip("link del left")
    netns.veth("left", "right")
    after = await netlink.link("left")
    assert before.index != after.index


async def test_promiscuous_mode_is_seen_as_long_as_a_socket_wants_it() -> None:
    index = socket.if_nametoindex("left")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as packets:
        packets.setsockopt(263, 1, index.to_bytes(4, "little") + b"\1\0" + bytes(10))
        assert (await netlink.link("left")).promiscuous
    assert not (await netlink.link("left")).promiscuous


async def test_the_counts_are_those_that_ip_shows() -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as packets:
        packets.bind(("left", 0))
        for _ in range(3):  # to a protocol that nobody listens to
            packets.send(b"\xff" * 12 + b"\x88\xb5" + bytes(50))
    rx = next((rx for _ in range(LOOKS) if (rx := shown("right"))["dropped"] == 3), shown("right"))
    link = await netlink.link("right")
    assert (link.dropped, link.missed, link.errors) == (rx["dropped"], 0, rx["errors"])
    assert link.dropped == 3


async def test_only_a_part_of_pyroute2_is_brought_in_and_the_whole_may_be_afterwards() -> None:
    code = (
        "import asyncio, sys\n"
        "from drivers.host import netlink\n"
        "print(asyncio.run(netlink.link('lo')).index)\n"
        "print('pyroute2.ndb' in sys.modules)\n"
        "import pyroute2\n"
        "with pyroute2.IPRoute() as route: print(len(route.link_lookup(ifname='lo')))\n"
        "print(netlink._rtnetlink()[0].AsyncIPRoute is pyroute2.AsyncIPRoute)\n"
    )
    told = await asyncio.to_thread(subprocess.check_output, [sys.executable, "-c", code], text=True)
    assert told.split() == ["1", "False", "1", "True"]
