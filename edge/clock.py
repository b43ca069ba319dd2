# SPDX-License-Identifier: Apache-2.0
"""The only file that reads a clock. Everywhere else time is an argument."""

import sys
import time

_LINUX = sys.platform == "linux"


def now_ns() -> int:
    """Return nanoseconds since the epoch."""
    return time.time_ns()


def monotonic_s() -> float:
    """Return seconds of a clock that never steps."""
    return time.monotonic()


ticks_ns = time.perf_counter_ns
"Returns nanoseconds of the finest clock there is; only differences mean anything."


def boot_ns() -> int:
    """Return nanoseconds since the machine started, sleep included: never steps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME if _LINUX else time.CLOCK_MONOTONIC)
