# SPDX-License-Identifier: Apache-2.0
"""The region with `core` of this checkout as its box, all else as for a machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.seen.readings import read
from hil.region import traffic
from hil.region.beside import Beside
from hil.region.net import TRUNK_EYE
from hil.region.storm import Storm
from hil.region.tables import DIVERTED, HELP, HONEST, LISTED, SPOOFED
from hil.region.watch import Seen
from hil.region.world import region, until

PEERS = pytest.mark.peer("ip", "sipp", "kamailio", "nsenter", "unshare")
ROOT = Path(__file__).parents[3]


def ended(calls: list[Seen]) -> list[str]:
    return [one.result for one in calls]


def heard(box: Beside) -> float:
    reading = read(box.folder / "state" / "run").get("core")
    return sum(v[0] for _, v in reading.numbers["qalqan_units_total"]) if reading else 0


@PEERS
@pytest.mark.root
@pytest.mark.slow
def test_everybody_calls(tmp_path: Path) -> None:
    with region(tmp_path, taps=False) as made:
        box = Beside(made)
        assert made.talks(HONEST)
        assert made.is_refused(LISTED)
        assert made.is_refused(LISTED, may_ring=True)
        assert made.is_refused(SPOOFED)
        assert made.talks(LISTED, HELP)
        assert made.talks(DIVERTED)
        assert made.talks(LISTED, second=True), "that trunk is only observed"
        calls = made.watcher.calls()
        until(lambda: len(box.outcomes()) >= 4, "the box has heard what became of them")
        outcomes = [one["outcome"] for one in box.outcomes()]
    assert ended(calls) == ["ended", *["stopped"] * 3, "ended", "ended", "ended"]
    (diverted,) = [one for one in calls if one.first("302")]
    assert diverted.calling == DIVERTED
    assert sorted(outcomes) == ["diverted", "stopped", "stopped", "stopped"]
    assert made.watcher.missed == 0


@PEERS
@pytest.mark.root
@pytest.mark.slow
def test_mixed_traffic_ends_by_itself_and_a_storm_harms_nobody(tmp_path: Path) -> None:
    with region(tmp_path, taps=False) as made:
        box = Beside(made)
        storm = Storm(TRUNK_EYE)
        with storm.blowing(500, 1):
            callers = traffic.begin(made, 20, lasts_ms=100, count=40)
            assert callers.wait() == 0
        until(lambda: heard(box) >= storm.sent, "the box has heard the storm", 20)
        calls = made.watcher.calls()
    assert storm.sent == 500
    assert len(calls) == 40
    assert set(ended(calls)) == {"ended", "stopped"}
    refusals = [[m for m in one.messages if m.label.startswith("603")] for one in calls]
    assert all(len(told) in {0, 2} for told in refusals), "each is acknowledged, and not said again"


@PEERS
@pytest.mark.root
@pytest.mark.slow
def test_without_a_box_calls_go_on(tmp_path: Path) -> None:
    """The switch waits half a second for an answer that does not come."""
    with region(tmp_path, taps=False) as made:
        assert made.talks(LISTED)
        (call,) = made.watcher.calls()
    rings = call.first("180")
    assert rings
    assert 0.4e9 < rings.at_ns - call.at_ns < 5e9


@PEERS
@pytest.mark.peer("mmdebstrap", "chroot")
@pytest.mark.root
@pytest.mark.slow
def test_a_pbx_that_is_told(tmp_path: Path) -> None:
    """Asterisk hangs up what it is told to, before it rings; Kamailio's callers are not its own."""
    with region(tmp_path, taps=False, pbx=True) as made:
        Beside(made)
        assert made.talks(HONEST, second=True)
        assert made.is_refused(LISTED, status=403, second=True)
        assert made.talks(LISTED, HELP, second=True)
        assert made.is_refused(LISTED)
        assert made.talks(HONEST)


@pytest.mark.root
def test_without_root_it_says_so() -> None:
    words = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable)
    code = f"open({__file__!r}).close(); from hil.region.world import _missing; _missing()"
    done = subprocess.run(
        [*words, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "PermissionError" in done.stderr:
        pytest.skip("needs a Python, and a checkout, that another user may read")
    assert "it needs root" in done.stderr


def test_programs_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hil.region.world.PROGRAMS", ("sipp-of-nobody",))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(ConfigError, match=r"not installed: sipp-of-nobody"), region(Path("/tmp")):  # noqa: S108
        pass
