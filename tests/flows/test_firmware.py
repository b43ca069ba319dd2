# SPDX-License-Identifier: Apache-2.0
"""A rollout from the hub's command line to the confirmation: real hub, broker, TUF and `uplink`.

RAUC and logind are twins on a private bus; what the real ones do, tests of the image show.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from edge import clock
from edge.errors import RestartAsked
from edge.process.service import Notifier
from edge.report.message import Campaign
from edge.update.state import HEALTH
from edge.upkeep import run_uplink
from hil.hub import rollout
from hil.hub.crew import Orders
from hil.hub.rollout import Group, Plan, Rollout
from hil.hub.store import Store, sqlite_url
from tests.hil.hub import places
from tests.report.small_box import eventually
from tests.twins.rauc import Twin, manifest, private_bus
from tests.update.centre import Works

pytestmark = [
    pytest.mark.peer("mosquitto", "dbus-daemon"), pytest.mark.slow, pytest.mark.asyncio,
]  # fmt: skip
NODE = "astana-1"
EDGE = """\
[node]
name = "{node}"
state_dir = "{state}"
[hub]
brokers = ["127.0.0.1:{port}"]
tls = false
root = "{root}"
firmware = true
"""


class Place:
    """A hub with a repository of firmware, and a box that is started as systemd would."""

    def __init__(self, folder: Path, port: int, bus: str) -> None:
        self.works = Works(folder / "hub" / "repository", clock.now_ns() // 10**9)
        self.store = Store(sqlite_url(folder / "hub.db"))
        self.state = folder / "box"
        self.state.mkdir()
        self.path = folder / "edge.toml"
        root = self.works.repository.metadata / "1.root.json"
        self.path.write_text(EDGE.format(node=NODE, state=self.state, port=port, root=root))
        self.bus = bus

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run `uplink` until the block is left, as a kill would end it."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(_quietly(self.path))
            try:
                yield
            finally:
                task.cancel()

    def begin(self, id_: str = "spring", version: str = "1.2.0") -> None:
        plan = Plan(Campaign(id=id_, version=version), (Group("canary", (NODE,)),), error=0.5)
        rollout.create(self.store, plan, clock.now_ns())

    def shown(self, id_: str = "spring") -> Rollout:
        return rollout.show(self.store, id_)[0]

    async def until(self, state: str, id_: str = "spring") -> Any:
        await eventually(lambda: self.shown(id_).boxes[0].state == state, 60)
        return self.shown(id_).boxes[0]

    def finds(self, twin: Twin, verdict: str, **more: str) -> None:
        said = {"slot": twin.booted, "boot": "b", "verdict": verdict, **more}
        (self.state / "update" / HEALTH).write_text(json.dumps(said))


async def _quietly(path: Path) -> None:
    with suppress(RestartAsked):
        await run_uplink(path, Notifier({}))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    (tmp_path / "hub").mkdir()
    with places.mosquitto(tmp_path) as broker, private_bus(tmp_path) as bus:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
        made = Place(tmp_path, broker.port, bus)
        orders = Orders(broker, sqlite_url(tmp_path / "hub.db"), tmp_path / "hub", workers=1)
        with places.hub(orders):
            yield made
        made.store.close()


def boots(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr("edge.moment.boot_id", lambda: f"boot{number}")


async def test_from_the_rollout_to_the_confirmation(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.works.give("1.2.0", octets=3 << 20)
    async with Twin(place.bus) as twin:
        twin.bundles["*"] = manifest()
        boots(monkeypatch, 1)
        async with place.running():
            place.begin()
            await place.until("rebooting")
        assert len(twin.installed) == 1
        assert (place.state / "update" / "reboot").exists()
        twin.booted = "B"
        boots(monkeypatch, 2)
        async with place.running():
            await place.until("probation")
            place.finds(twin, "confirmed")
            found = await place.until("confirmed")
    assert (found.why, found.version_from) == ("", "0.1.0")
    assert place.shown().state == "done"


async def test_a_version_that_is_given_back_halts_the_rollout(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.works.give("1.2.0")
    async with Twin(place.bus) as twin:
        twin.bundles["*"] = manifest()
        boots(monkeypatch, 1)
        async with place.running():
            place.begin()
            await place.until("rebooting")
        twin.booted = "B"
        place.finds(twin, "given-back", why="taps", text="no tap hears")
        twin.booted = "A"
        boots(monkeypatch, 2)
        async with place.running():
            found = await place.until("rolled_back")
    assert (found.why, found.text) == ("taps", "no tap hears")
    assert (place.shown().state, place.shown().why) == ("halted", "group 1: 1 of 1 failed")


def spoil(**fields: Any) -> Callable[[Twin], None]:
    def spoilt(twin: Twin) -> None:
        for name, value in fields.items():
            setattr(twin, name, value)

    return spoilt


BAD = {
    "wrong-signature": spoil(refusal="signature verification failed"),
    "plain-bundle": spoil(bundles={"*": manifest(format_="plain")}),
    "wrong-product": spoil(bundles={"*": manifest(compatible="other")}),
    "bad-bundle": spoil(bundles={"*": manifest(version="9.9")}),
    "not-installed": spoil(bundles={"*": manifest()}, fails="I/O error"),
}


async def test_whatever_rauc_finds_wrong_is_told_and_the_running_slot_stays(place: Place) -> None:
    place.works.give("1.2.0")
    async with Twin(place.bus) as twin, place.running():
        for why, spoilt in BAD.items():
            twin.bundles, twin.fails = {}, ""
            spoilt(twin)
            place.begin(why)
            found = await place.until("failed", why)
            assert found.why == why
        assert (twin.booted, twin.marked, twin.reboots) == ("A", [], 0)


async def test_what_may_not_be_installed_is_told_by_name(place: Place) -> None:
    place.works.give("0.0.9")
    place.works.give("1.2.0")
    async with Twin(place.bus), place.running():
        for id_, version, why in (
            ("old", "0.0.9", "older"), ("none", "7.0", "unknown-version"),
        ):  # fmt: skip
            place.begin(id_, version)
            found = await place.until("failed", id_)
            assert found.why == why
