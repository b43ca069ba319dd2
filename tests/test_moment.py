# SPDX-License-Identifier: Apache-2.0
"""When something happened, and what the time is worth."""

import ctypes
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge import clock
from edge.moment import FLOOR_NS, Moments, _Timex, boot_id, kernel_is_synced
from edge.report.event import Clock

S = 10**9


class Bench:
    """Clocks that stand still until told."""

    def __init__(self) -> None:
        self.now, self.mono = FLOOR_NS + 1000 * S, 600 * S
        self.synced = self.once = False
        self.asked = 0
        self.moments = Moments(
            synced=self._synced,
            once_synced=lambda: self.once,
            now_ns=lambda: self.now,
            boot_ns=lambda: self.mono,
        )

    def _synced(self) -> bool:
        self.asked += 1
        return self.synced

    def quality(self, *, synced: bool) -> Clock:
        """Return what the clock is worth some time later."""
        self.synced = synced
        self.mono += 2 * S
        return self.moments.now().clock


def test_quality_by_what_the_kernel_says() -> None:
    bench = Bench()
    assert bench.quality(synced=False) is Clock.UNSET
    assert bench.quality(synced=True) is Clock.SYNCED
    assert bench.quality(synced=False) is Clock.HOLDOVER
    assert bench.quality(synced=True) is Clock.SYNCED


def test_a_clock_that_was_kept_before_this_process_began() -> None:
    bench = Bench()
    bench.once = True
    assert bench.quality(synced=False) is Clock.HOLDOVER


def test_a_time_before_this_program_is_none_whatever_the_kernel_says() -> None:
    bench = Bench()
    bench.now = FLOOR_NS - 1
    assert bench.quality(synced=True) is Clock.UNSET
    bench.now = FLOOR_NS
    assert bench.quality(synced=True) is Clock.SYNCED


def test_the_kernel_is_asked_once_a_second() -> None:
    bench = Bench()
    for _ in range(100):
        bench.moments.now()
        bench.mono += S // 100
    assert bench.asked == 1
    bench.moments.now()
    assert bench.asked == 2


@pytest.mark.parametrize(
    ("ago_s", "mono_s"),
    [(0, 600), (5, 595), (600, 0), (601, 600), (-1, 600)],
    ids=["now", "a moment ago", "at the start", "before the start", "to come"],
)
def test_what_happened_before(ago_s: int, mono_s: int) -> None:
    bench = Bench()
    found = bench.moments.of(bench.now - ago_s * S)
    assert (found.at, found.mono) == (bench.now - ago_s * S, mono_s * S)


def test_a_clock_that_steps_leaves_order_to_the_other() -> None:
    bench = Bench()
    first = bench.moments.now()
    bench.now, bench.mono = bench.now - 3600 * S, bench.mono + S
    second = bench.moments.now()
    assert second.at < first.at
    assert (second.mono - first.mono, second.boot) == (S, first.boot)


def test_the_real_clocks() -> None:
    before, moment, after = clock.now_ns(), Moments().now(), clock.now_ns()
    assert before <= moment.at <= after
    assert 0 < moment.mono <= clock.boot_ns()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_start_of_the_machine() -> None:
    assert re.fullmatch("[0-9a-f]{12}", boot_id())
    whole = Path("/proc/sys/kernel/random/boot_id").read_text()
    assert whole.replace("-", "").startswith(boot_id())
    uptime_s = float(Path("/proc/uptime").read_text().split()[0])
    assert clock.boot_ns() / S == pytest.approx(uptime_s, abs=5)


def test_where_there_is_no_such_file(tmp_path: Path) -> None:
    assert boot_id(tmp_path / "none") == "unknown"


PROGRAM = """
#include <stdio.h>
#include <stddef.h>
#include <sys/timex.h>
int main(void) {
    struct timex asked = {0};
    int state = adjtimex(&asked);
    printf("%zu %zu %d", sizeof asked, offsetof(struct timex, status),
           state >= 0 && state < TIME_ERROR && !(asked.status & STA_UNSYNC));
}
"""


@pytest.mark.peer("gcc")
def test_the_kernel_is_asked_as_c_asks_it(tmp_path: Path) -> None:
    (tmp_path / "ask.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-o", tmp_path / "ask", tmp_path / "ask.c"], check=True)
    done = subprocess.run([tmp_path / "ask"], capture_output=True, text=True, check=True)
    size, status_at, synced = map(int, done.stdout.split())
    assert size <= ctypes.sizeof(_Timex)
    assert status_at == _Timex.status.offset
    assert kernel_is_synced() == bool(synced)
