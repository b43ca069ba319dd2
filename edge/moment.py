# SPDX-License-Identifier: Apache-2.0
"""Says when something happened, by every clock there is, and what the time is worth.

The kernel knows whether somebody keeps its clock (adjtimex(2)): timesyncd does so, chrony with
`rtcsync`, as Debian ships it. That it was kept once since the machine started is remembered here,
and by systemd in a file; where neither knows, the worse is said.
"""

import ctypes
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from edge import clock
from edge.report.event import Clock, Moment

FLOOR_NS = 1_767_225_600 * 10**9
"1 January 2026: this program was not there before. A box without a clock battery wakes in 1970."

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
BOOT_DIGITS = 12
"Of its 32 hexadecimal digits: enough to tell the starts of one machine apart."

ONCE_SYNCED = Path("/run/systemd/timesync/synchronized")
"Touched by systemd-timesyncd whenever it has the time; gone with the next start."

LOOK_EVERY_NS = 1_000_000_000
"How often the kernel is asked: what it knows changes within minutes."

STA_UNSYNC = 0x40
TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2), as far as it is read."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


@cache
def _libc() -> ctypes.CDLL:
    """Return the C library: each that is opened makes a class of its own."""
    return ctypes.CDLL(None)


def kernel_is_synced() -> bool:
    """Return whether the kernel's clock is kept by somebody; where it cannot say, it is not."""
    asked = _Timex(modes=0)
    try:
        state = _libc().adjtimex(ctypes.byref(asked))
    except (AttributeError, OSError):
        return False
    return 0 <= state < TIME_ERROR and not asked.status & STA_UNSYNC


def boot_id(path: Path = BOOT_ID) -> str:
    """Return which start of the machine this is."""
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="ascii").replace("-", "")[:BOOT_DIGITS].strip()
    return "unknown"


class Moments:
    """Makes moments. One for a process."""

    def __init__(
        self,
        *,
        synced: Callable[[], bool] = kernel_is_synced,
        once_synced: Callable[[], bool] = ONCE_SYNCED.exists,
        now_ns: Callable[[], int] = clock.now_ns,
        boot_ns: Callable[[], int] = clock.boot_ns,
    ) -> None:
        """Ask `synced` what the time is worth, `once_synced` whether it was ever kept."""
        self.boot = boot_id()
        "Which start of the machine this is."
        self._synced = synced
        self._once_synced = once_synced
        self._now_ns = now_ns
        self._boot_ns = boot_ns
        self._quality = Clock.UNSET
        self._looked: int | None = None

    def now(self) -> Moment:
        """Return the moment of now."""
        return self.of(self._now_ns())

    def of(self, at: int) -> Moment:
        """Return the moment of what happened at a time, nanoseconds since the epoch.

        What happened before the machine started, or will happen, as it stands in captures and after
        a clock was set, has the machine's own time of now: it is told now.
        """
        mono = self._boot_ns()
        ago = self._now_ns() - at
        quality = self._look(mono)
        if at < FLOOR_NS:
            quality = Clock.UNSET
        return Moment(at, mono - ago if 0 <= ago <= mono else mono, self.boot, quality)

    def _look(self, mono: int) -> Clock:
        """Return what the clock is worth, as of the last second."""
        if self._looked is None or mono - self._looked >= LOOK_EVERY_NS:
            self._looked = mono
            if self._synced():
                self._quality = Clock.SYNCED
            elif self._quality is not Clock.UNSET or self._once_synced():
                self._quality = Clock.HOLDOVER
        return self._quality
