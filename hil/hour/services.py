# SPDX-License-Identifier: Apache-2.0
"""Processes that are started again when they die, as systemd would on a box."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from hil.region.world import Program

AGAIN_S = 1.0
"`RestartSec` of the units."


class Service:
    """One process, and how it is started."""

    def __init__(self, name: str, start: Callable[[], Program]) -> None:
        """Start it."""
        self.name = name
        self._start = start
        self._program = start()
        self._died_s: float | None = None
        self.deaths = 0

    @property
    def pid(self) -> int:
        """Of the process that runs, or ran last."""
        return self._program.process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._program.process.poll() is None

    def tend(self, now_s: float) -> None:
        """Start it again a while after it died."""
        if self.is_alive:
            return
        if self._died_s is None:
            self._died_s, self.deaths = now_s, self.deaths + 1
        elif now_s - self._died_s >= AGAIN_S:
            self._program, self._died_s = self._start(), None

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self._program.kill()

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def stop(self) -> None:
        """End it in good order."""
        self._program.stop()


def below(pid: int) -> Iterator[int]:
    """Yield the processes that a process has started, and those that these have."""
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text("ascii").split():
                yield int(child)
                yield from below(int(child))


def with_word(pids: Iterable[int], word: str) -> int | None:
    """Return the first of these processes that was started with this word."""
    for pid in pids:
        with suppress(OSError):
            if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return pid
    return None
