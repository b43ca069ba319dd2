# SPDX-License-Identifier: Apache-2.0
"""Whatever is refused has a name, is told once, and leaves the slot that runs as it is."""

from pathlib import Path

import pytest

from edge.report.message import Campaign, Wanted
from edge.report.port import Inbound
from edge.update.state import State
from tests.update.box import Box
from tests.update.test_blocks import RELEASE

pytestmark = pytest.mark.asyncio


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "update")


@pytest.mark.parametrize(
    "why",
    ["rollback", "freeze", "wrong-key", "one-role-only", "endless-data", "wrong-hash",
     "wrong-product", "older", "expired"],
)  # fmt: skip
async def test_whatever_signed_things_are_refused_for_nothing_is_touched(
    box: Box, why: str
) -> None:
    box.says["find"] = box.fails(why)
    box.want()
    await box.go()
    assert (box.update.state, box.update.why) == (State.FAILED, why)
    assert (box.booted, box.primary, box.versions["B"]) == ("A", "A", "1.0.0")
    assert "install" not in box.calls
    alarms = [event.fields["name"] for event in box.events if event.kind == "alarm"]
    assert alarms == ([] if why in {"wrong-product", "older", "expired"} else [why])
    await box.go()
    assert box.calls.count("find") == 1  # it is not tried again and again


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"format": "plain"}, "plain-bundle"),
        ({"compatible": "qalqan-edge-arm64"}, "wrong-product"),
        ({"version": "9.9"}, "bad-bundle"),
    ],
)
async def test_a_bundle_that_is_another_than_was_signed_is_not_installed(
    box: Box, fields: dict, why: str
) -> None:
    box.bundle = box.bundle._replace(**fields)
    box.want()
    await box.go()
    assert (box.update.state, box.update.why) == (State.FAILED, why)
    assert (box.primary, box.reboots) == ("A", 0)


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_what_is_wanted_waits_for_a_disk_that_is_full(box: Box, withdrawn: bool) -> None:
    wanted = Wanted(campaign=Campaign(id="c-9", version="1.2.0"))
    place = box.firmware._do.folder.path / "wanted.json.new"
    place.mkdir()  # where it is written first: a real refusal
    await box.firmware.hear("", Inbound("", wanted.model_dump_json().encode()))
    await box.firmware.step()
    assert box.firmware.wanted is None
    if withdrawn:
        await box.firmware.hear("", Inbound("", Wanted().model_dump_json().encode()))
    place.rmdir()
    await box.firmware.step()
    assert box.firmware.wanted == (None if withdrawn else wanted.campaign)


async def test_a_full_disk_is_named_and_nothing_is_fetched(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.update.state.Folder.free", lambda _: RELEASE.size)
    box.want()
    await box.go()
    assert (box.update.state, box.update.why) == (State.FAILED, "no-space")
    assert "fetch" not in box.calls


async def test_a_disk_that_fills_up_meanwhile_is_named(box: Box) -> None:
    box.says["fetch"] = OSError(28, "No space left on device")
    box.want()
    await box.go()
    assert (box.update.state, box.update.why) == (State.FAILED, "no-space")
