# SPDX-License-Identifier: Apache-2.0
"""Who may speak to whom: TLS 1.3 on both sides, topic rights by certificate, renewal."""

import re
import shutil
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from typing_extensions import override

from edge.clock import monotonic_s
from edge.errors import DriverLost
from edge.report.event import Class
from edge.report.hub.dial import dial, identity
from edge.report.hub.reach import Session, Terms
from edge.report.port import Connection
from tests.report.mosquitto import RIGHTS, broker, issue
from tests.report.proxy import Proxy, Weather
from tests.report.small_box import AT_ONCE, Box, eventually, fail, hub_on, kept, say
from tests.report.small_hub import SmallHub

pytestmark = [pytest.mark.peer("mosquitto"), pytest.mark.asyncio]

PAST = datetime(2001, 1, 1, tzinfo=UTC)


async def test_one_can_neither_speak_nor_listen_for_another(tmp_path: Path) -> None:
    authority = trustme.CA()
    names = ("astana-1", "almaty-1")
    folder = {name: issue(authority, tmp_path / name, name) for name in (*names, "hub")}
    words = ("state", "live", "ask", "res", "get", *(f"ev/{cls.value}" for cls in Class))
    down = ("ack", "cmd", "desired", "blk")
    with broker(tmp_path / "b", tls=authority, acl=RIGHTS) as one:
        async with hub_on(one.endpoint, folder["hub"]):
            for me, other in (names, names[::-1]):
                for word in words:
                    mine = await say(one, f"qalqan/v1/up/{me}/{word}", b"{}", folder[me])
                    theirs = await say(one, f"qalqan/v1/up/{other}/{word}", b"{}", folder[me])
                    assert (mine, theirs) == (0x00, 0x87), word
                for whose in (*names, "all"):
                    for word in down:
                        where = f"qalqan/v1/dn/{whose}/{word}"
                        assert await say(one, where, b"{}", folder[me]) == 0x87, where
        ears = {name: Ear(name, one.endpoint, folder[name]) for name in names}
        async with kept(*(ear.session for ear in ears.values())):
            await eventually(lambda: all(ear.listens.is_set() for ear in ears.values()))
            for whose in (*names, "all"):
                for word in down:
                    await say(one, f"qalqan/v1/dn/{whose}/{word}", b"{}", folder["hub"])
            await say(one, "qalqan/v1/dn/all/end", b"{}", folder["hub"])
            await eventually(lambda: all("all/end" in ear.heard for ear in ears.values()))
        for name, ear in ears.items():
            meant = {f"{whose}/{word}" for whose in (name, "all") for word in down}
            assert set(ear.heard) == meant | {"all/hub", "all/end"}


class Ear(SmallHub):
    """Listens to everything that there is, as far as the broker lets it."""

    def __init__(self, name: str, endpoint: str, identity: Path) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.session = Session(Terms(name, (endpoint,), identity), self, lambda: 1, AT_ONCE)

    @override
    async def converse(self, connection: Connection) -> None:
        await connection.subscribe(("qalqan/v1/dn/#", "#"))
        self.listens.set()
        async for message in connection.messages():
            await connection.settle(message)
            place = message.topic.removeprefix("qalqan/v1/dn/")
            if place not in self.heard:  # two filters, two copies
                self.heard.append(place)


@pytest.mark.parametrize(("what", "why"), [
    ("another authority", r"unknown ca"),
    ("expired", r"certificate expired"),
    ("another name", r"not valid for"),
])  # fmt: skip
async def test_who_must_not_speak_to_whom_does_not(tmp_path: Path, what: str, why: str) -> None:
    authority, other, past = trustme.CA(), trustme.CA(), PAST
    ours = issue(other if what == "another authority" else authority, tmp_path / "astana-1",
                 "astana-1", **({"not_after": past} if what == "expired" else {}))  # fmt: skip
    authority.cert_pem.write_to_path(ours / "authority.pem")
    server = authority.issue_cert("hub.example" if what == "another name" else "127.0.0.1")
    with broker(tmp_path / "b", tls=authority, server=server, acl=RIGHTS) as one:
        box = Box(Terms("astana-1", (one.endpoint,), ours))
        async with kept(box.session):
            # TLS 1.3: the refusal comes after our last word, and an attempt may end before it.
            await eventually(lambda: re.search(why, box.session.error))
        assert box.session.connects == 0


async def test_a_broker_of_ours_speaks_no_older_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    old = identity(issue(authority, tmp_path / "astana-1", "astana-1"))
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        broker(tmp_path / "b", tls=authority, acl=RIGHTS) as one,
        pytest.raises(DriverLost, match=r"(?i)protocol version"),
    ):
        await dial(one.endpoint, old, 30.0, 10.0)


async def test_octets_that_are_changed_on_the_way_lose_nothing(tmp_path: Path) -> None:
    authority = trustme.CA()
    ours, hubs = (issue(authority, tmp_path / name, name) for name in ("astana-1", "hub"))
    with broker(tmp_path / "b", tls=authority, acl=RIGHTS) as one:
        async with hub_on(one.endpoint, hubs) as hub, Proxy(one.port) as line:
            box = Box(Terms("astana-1", (line.endpoint,), ours, keepalive_s=2))

            def spoil() -> None:
                line.weather = Weather(wrong=0.5)

            async with kept(box.session):
                await fail(box, hub, spoil, line)
            assert hub.bad == 0, "TLS lets none of it pass"


async def test_a_new_certificate_is_taken_and_half_of_one_is_not(tmp_path: Path) -> None:
    authority = trustme.CA()
    ours = issue(authority, tmp_path / "astana-1", "astana-1")
    new = issue(authority, tmp_path / "new", "astana-1")
    hubs = issue(authority, tmp_path / "hub", "hub")
    with broker(tmp_path / "b", tls=authority, acl=RIGHTS) as one:
        box = Box(Terms("astana-1", (one.endpoint,), ours, look_s=0.02))
        async with hub_on(one.endpoint, hubs) as hub, kept(box.session):
            await eventually(lambda: hub.states)
            shutil.copy(new / "key.pem", ours / "key.pem")
            began_s = monotonic_s()
            await eventually(lambda: monotonic_s() > began_s + 0.2)
            assert box.session.connects == 1, "key and certificate do not belong together"
            shutil.copy(new / "certificate.pem", ours / "certificate.pem")
            await eventually(lambda: box.session.connects == 2)
            await eventually(lambda: len(hub.states) == 3)
            said = [(state["epoch"], state["state"]) for state in hub.states]
            assert said == [(1, "ready"), (1, "offline"), (2, "ready")]
            assert box.session.error == ""
