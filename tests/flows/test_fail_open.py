# SPDX-License-Identifier: Apache-2.0
"""Whatever becomes of the appliance, calls go through: each fault, each way, through real switches.

Before the fault a listed caller is stopped, so that what is shown is the fault's doing; where the
fault passes, the same caller is stopped again.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge import clock
from edge.blocklist.csvfile import entry_of
from hil.region.sipp import refused, talks
from tests.flows import region as place
from tests.flows.house import Part, until
from tests.flows.region import Region
from tests.flows.ways import WAYS, Way, switched
from tests.small_disk import small_disk
from tests.trust.centre import Box, Centre

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.peer("ip", "sipp", "dumpcap", "kamailio"),
]

LONGEST_S = 4.0
"From the call to its end, talk included: the switch waits a second for us at most."
DAY_S = 86_400
NO_ENTRY = place.LIST[: place.LIST.index("\n+") + 1]

Fault = Callable[[Region, Part], AbstractContextManager[None]]


@contextmanager
def killed(region: Region, core: Part) -> Iterator[None]:
    core.kill()
    yield
    region.core()


@contextmanager
def hung(region: Region, core: Part) -> Iterator[None]:
    del region
    os.killpg(core.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(core.process.pid, signal.SIGCONT)


@contextmanager
def emergency_stop(region: Region, core: Part) -> Iterator[None]:
    del core
    stop = region.state / "stop"
    stop.touch()
    until(lambda: "enforcement-stopped" in (region.folder / "core.log").read_text(), "stopped")
    yield
    stop.unlink()
    again = '"enforced": ["abroad"]'
    until(lambda: (region.folder / "core.log").read_text().count(again) >= 2, "enforced again")


@contextmanager
def disk_full(region: Region, core: Part) -> Iterator[None]:
    del core
    filler = region.state / "filler"
    command = ["dd", "if=/dev/zero", f"of={filler}", "bs=4k"]
    assert b"No space left" in subprocess.run(command, capture_output=True, check=False).stderr
    # Until the last pages of the files there are full as well, there is room for a record.
    until(lambda: region.call(talks(region.folder), place.LISTED) == 0, "no room for a record")
    yield
    filler.unlink()


FAULTS: dict[str, Fault] = {
    "killed": killed, "hung": hung, "emergency stop": emergency_stop, "disk full": disk_full,
}  # fmt: skip
BOTH = ("kamailio-asks", "kamailio-told")
CASES = [
    *((way, fault) for fault in FAULTS for way in BOTH),
    *((way, fault) for fault in ("killed", "hung") for way in ("asterisk-asks", "asterisk-told")),
]


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_calls_go_through(name: str, fault: str, tmp_path: Path) -> None:
    way = WAYS[name]
    with small_disk(tmp_path / "state", 4 << 20), switched(way, tmp_path) as (region, start):
        core = start()
        assert region.call(refused(tmp_path, way.refusal), place.LISTED) == 0
        with FAULTS[fault](region, core):
            for calling in (place.LISTED, place.HONEST):
                began = clock.monotonic_s()
                assert region.call(talks(tmp_path), calling) == 0
                assert clock.monotonic_s() - began < LONGEST_S
        stopped_again(region, way)


def stopped_again(region: Region, way: Way) -> None:
    """See that the fault was the reason."""
    scenario = refused(region.folder, way.refusal)
    until(lambda: region.call(scenario, place.LISTED) == 0, "stopped again", 20)


@pytest.mark.parametrize("name", BOTH)
def test_a_list_that_nobody_renewed_stops_nothing(name: str, tmp_path: Path) -> None:
    way, now = WAYS[name], clock.now_ns() // 10**9
    with switched(way, tmp_path) as (region, start):
        for days_old, through in ((1, False), (31, True)):
            shutil.rmtree(region.state, ignore_errors=True)
            centre = Centre(tmp_path / f"centre{days_old}", ("fraud",))
            centre.desk().edit(added=[entry_of({
                "pattern": place.LISTED, "party": "calling", "action": "block",
                "category": "bank security", "basis": "TEST-1",
            })])  # fmt: skip
            centre.publish(now_s=now)
            box = Box(region.state, centre)
            box.update(now)
            signed = replace(box.store.state(), issued_s=now - days_old * DAY_S)
            box.store.note(signed)
            start().kill()
            (region.folder / "list.csv").write_text(NO_ENTRY)
            core = region.core()
            scenario = talks(tmp_path) if through else refused(tmp_path, way.refusal)
            assert region.call(scenario, place.LISTED) == 0
            core.kill()


def test_what_waited_too_long_goes_on_unasked(tmp_path: Path) -> None:
    """A burst while the gate is held: none of its calls is stopped, and none is lost."""
    with switched(WAYS["kamailio-asks"], tmp_path) as (region, start):
        core = start()
        with hung(region, core):
            calls = region.calls(talks(tmp_path), place.LISTED, more=("-m", "40", "-r", "80"))
            time.sleep(0.8)  # noqa: TID251 - the calls wait in the gate's socket meanwhile
        assert calls.wait() == 0
        assert not region.outcomes()
        stopped_again(region, WAYS["kamailio-asks"])
