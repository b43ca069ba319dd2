# SPDX-License-Identifier: Apache-2.0
"""Speaks to systemd (sd_notify(3)) and hears its signals. Without systemd it says nothing.

The watchdog is fed by the work alone: there is no timer here that could go on without it; and only
while each part of the work that is asked about says that it goes on.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


class Notifier:
    """The socket that systemd names in `NOTIFY_SOCKET`."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Find the socket; `@` begins the name of an abstract one."""
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._status = ""

    def ready(self) -> None:
        """Say that the process does its work from now on."""
        self._say("READY=1")

    def status(self, text: str) -> None:
        """Show one line in `systemctl status`; said only when it changes."""
        if text != self._status:
            self._status = text
            self._say("STATUS=" + " ".join(text.split()))

    def alive(self) -> None:
        """Feed the watchdog."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the process is about to end."""
        self._say("STOPPING=1")

    def _say(self, line: str) -> None:
        if not self._address:
            return
        # A service manager that does not listen must not cost a call.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.settimeout(0)
            out.sendto(line.encode(), self._address)


def watchdog_s(environ: Mapping[str, str] = os.environ, pid: int | None = None) -> float:
    """Return how often the watchdog wants to be fed, half of its patience; 0 if there is none."""
    meant = environ.get("WATCHDOG_PID", "")
    patience_us = environ.get("WATCHDOG_USEC", "")
    if not patience_us.isdecimal() or (meant and meant != str(pid or os.getpid())):
        return 0.0
    return int(patience_us) / 2e6


class Watchdog:
    """Feeds the watchdog from the work's own tick, no oftener than is asked."""

    def __init__(self, alive: Callable[[], None], every_s: float) -> None:
        """Call `alive` at most once in `every_s` seconds; never if that is 0."""
        self._alive = alive
        self._every_s = every_s
        self._fed_s = float("-inf")

    def tick(self, now_s: float) -> None:
        """Say that the work got one step further at `now_s`."""
        if self._every_s and now_s - self._fed_s >= self._every_s:
            self._fed_s = now_s
            self._alive()


Trouble = Callable[[float], str]
"Says why a part of the work does not go on at a time, seconds; empty if it does."


class Vigil:
    """Watches over the work at its own tick: feeds the watchdog, and says how the work stands."""

    def __init__(
        self,
        notify: Notifier,
        every_s: float,
        troubles: Sequence[Trouble] = (),
        line: Callable[[], str] = lambda: "",
    ) -> None:
        """Feed no oftener than each `every_s` seconds, and not while there is trouble."""
        self.trouble = ""
        "Why the watchdog is not fed; empty while it is."
        self._notify = notify
        self._watchdog = Watchdog(self._feed, every_s)
        self._troubles = troubles
        self._line = line
        self._now_s = 0.0

    def tick(self, now_s: float) -> None:
        """Say that the loop got round at `now_s`: where it hangs, nobody says so."""
        self._now_s = now_s
        self._watchdog.tick(now_s)

    def show(self) -> None:
        """Show how the work stands."""
        line = self._line()
        if self.trouble:
            line = f"HANGS: {self.trouble}; {line}"
        if line:
            self._notify.status(line)

    def _feed(self) -> None:
        found = (trouble(self._now_s) for trouble in self._troubles)
        self.trouble = "; ".join(filter(None, found))
        if not self.trouble:
            self._notify.alive()


def credentials(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder of what systemd has loaded for this process alone (LoadCredential=)."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None


@contextmanager
def signals(stop: Callable[[], object], reload: Callable[[], object]) -> Iterator[None]:
    """Call `stop` at SIGTERM and SIGINT, `reload` at SIGHUP, within the running loop."""
    loop = asyncio.get_running_loop()
    answers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    for number, answer in answers.items():
        loop.add_signal_handler(number, answer)
    try:
        yield
    finally:
        for number in answers:
            loop.remove_signal_handler(number)


@contextmanager
def halting(halt: Callable[[], object]) -> Iterator[None]:
    """Call `halt` at SIGUSR1, within the running loop: who has no other way stops all orders so."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, halt)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)
