# SPDX-License-Identifier: Apache-2.0
"""The client speaks RAUC's interface as published: a twin on a private bus answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import DriverLost
from edge.update.install import Bundle
from edge.update.rauc import Rauc
from edge.update.state import Failed
from tests.twins.rauc import PRODUCT, Twin, manifest, private_bus

pytestmark = [pytest.mark.peer("dbus-daemon"), pytest.mark.asyncio]
BUNDLE = Path("/data/one.raucb")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with private_bus(tmp_path) as found:
        yield found


async def test_slots_are_those_that_can_be_booted(address: str) -> None:
    async with Twin(address) as twin:
        twin.booted, twin.good["B"] = "B", "bad"
        status = await Rauc(address).status()
    assert (status.compatible, status.booted, status.other) == (PRODUCT, "B", "A")
    assert [(slot.name, slot.good) for slot in status.slots] == [
        ("system.0", True), ("system.1", False),
    ]  # fmt: skip


async def test_a_bundle_says_what_it_is_for(address: str) -> None:
    async with Twin(address) as twin:
        twin.bundles[str(BUNDLE)] = manifest()
        found = await Rauc(address).inspect(BUNDLE)
    assert found == Bundle(PRODUCT, "1.2.0", "verity", "5" * 64)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("signature verification failed: CMS Verification failure", "wrong-signature"),
        ("Invalid bundle format: Signature size (9) exceeds bundle size", "bad-bundle"),
        ("Verify error: certificate has expired", "wrong-signature"),
        ("Bundle format 'plain' not allowed", "plain-bundle"),
        ("Compatible mismatch: Expected 'a' but bundle manifest has 'b'", "wrong-product"),
        ("Bundle size is too small", "bad-bundle"),
    ],
)
async def test_what_rauc_refuses_has_a_name(address: str, text: str, why: str) -> None:
    async with Twin(address) as twin:
        twin.refusal = text
        with pytest.raises(Failed) as refused:
            await Rauc(address).inspect(BUNDLE)
    assert (refused.value.why, str(refused.value)) == (why, text)


@pytest.mark.parametrize(("more", "hash_"), [(set(), ""), ({"require-manifest-hash"}, "5" * 64)])
async def test_a_bundle_is_installed_and_tells_how_far_it_is(
    address: str, more: set[str], hash_: str
) -> None:
    told: list[int] = []
    async with Twin(address) as twin:
        twin.knows |= more
        await Rauc(address).install(BUNDLE, "5" * 64, told.append)
        assert twin.installed == [(str(BUNDLE), hash_)]
    assert told == [0, 20, 40, 60, 99]


async def test_one_that_cannot_be_written_says_why(address: str) -> None:
    async with Twin(address) as twin:
        twin.fails = "Failed updating slot system.1: No space left on device"
        with pytest.raises(Failed, match="No space") as refused:
            await Rauc(address).install(BUNDLE, "", lambda _: None)
    assert refused.value.why == "not-installed"


async def test_rauc_that_is_busy_or_dies_is_lost_and_nothing_is_refused(address: str) -> None:
    async with Twin(address) as twin:
        twin.operation = "installing"
        for work in (Rauc(address).inspect(BUNDLE), Rauc(address).install(BUNDLE, "", print)):
            with pytest.raises(DriverLost, match="at work"):
                await work
        twin.operation, twin.dies = "idle", True
        with pytest.raises(DriverLost, match="ended within"):
            await Rauc(address).install(BUNDLE, "", lambda _: None)
    with pytest.raises(DriverLost, match=r"de\.pengutronix\.rauc"):
        await Rauc(address).status()


async def test_a_bus_that_is_not_there_is_lost(tmp_path: Path) -> None:
    with pytest.raises(DriverLost, match="the bus of this machine"):
        await Rauc(f"unix:path={tmp_path}/none").status()


async def test_a_slot_is_marked(address: str) -> None:
    async with Twin(address) as twin:
        assert await Rauc(address).mark("good", "booted") == "marked slot system.0 as good"
        assert twin.marked == [("good", "booted")]
