# SPDX-License-Identifier: Apache-2.0
"""The console of a box: what it says is kept, and the shell that the profile `hil` has there asked.

It is read by a thread, as a console that nobody reads stops a virtual machine.
"""

import codecs
import os
import re
import select
import threading
from collections.abc import Callable
from contextlib import suppress

from edge import clock
from hil.bench.box import NotSeen, Refused

Read = Callable[[], bytes | None]
"Returns what came, after a while nothing (`b''`), and None when the line is gone."

PROMPT = "hil# "
STARTS = "qalqan: starting slot"
"What GRUB says at each start."
SHELL_S = 180.0
"The shell is there so long after it is first asked for, on a machine that does something else too."
SHOWN = 3000
"Characters of the console in an error."
COLOURS = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[!c]\S?|\x1bM|\r")
TORN = re.compile(r"\x1b(\[[0-9;?=]*|[!c])?$")
BETWEEN = re.compile(r"^\[ *(OK|FAILED|DEPEND|INFO|\**) *\] .*\n?", re.MULTILINE)
"What systemd says on the same console, until it is told not to."


LOOK_S = 0.2


def read_pipe(descriptor: int) -> bytes | None:
    """Return what came out of a program's pipe; see `Read`."""
    ready, _, _ = select.select([descriptor], [], [], LOOK_S)
    return (os.read(descriptor, 65_536) or None) if ready else b""


class Console:
    """All that one box says, over all its starts."""

    def __init__(self) -> None:
        """Be a line that is not plugged in."""
        self.said = ""
        "All that it showed, without colours."
        self._news = threading.Condition()
        self._reader: threading.Thread | None = None
        self._write: Callable[[bytes], object] = lambda _: None
        self._leave = threading.Event()
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._torn = ""
        self._read_to = 0
        self._met_at = -1
        self._asked = 0

    def plug(self, read: Read, write: Callable[[bytes], object]) -> None:
        """Listen to a line from now on. `unplug` it before the next one."""
        self._write = write
        self._leave.clear()
        self._reader = threading.Thread(target=self._listen, args=(read,), daemon=True)
        self._reader.start()

    def unplug(self) -> None:
        """Listen no longer; may be said twice."""
        self._leave.set()
        if self._reader:
            self._reader.join()
        self._reader = None

    def hears(self) -> bool:
        """Return whether a line is plugged in, and not gone."""
        return self._reader is not None and self._reader.is_alive()

    def tell(self, line: str) -> None:
        """Type a line, whatever comes of it."""
        self._write(f"{line}\n".encode())

    def until(self, pattern: str, s: float) -> re.Match[str]:
        """Wait until it shows a pattern, behind what was waited for before. Raises `NotSeen`."""
        wanted, end_s = re.compile(pattern, re.MULTILINE), clock.monotonic_s() + s
        with self._news:
            while not (found := wanted.search(self.said, self._read_to)):
                left_s = end_s - clock.monotonic_s()
                if left_s <= 0:
                    raise NotSeen(f"no {pattern!r} within {s:g} s\n{self.said[-SHOWN:]}")
                if not self.hears():
                    raise NotSeen(f"no {pattern!r}: it is off\n{self.said[-SHOWN:]}")
                self._news.wait(min(left_s, 1.0))
            self._read_to = found.end()
        return found

    def ask(self, line: str, s: float) -> str:
        """Return what a command says, once the shell is there. Raises `Refused` and `NotSeen`."""
        self._meet()
        self._asked += 1
        number = self._asked
        # The console shows what is typed as well: the marks are not in it.
        self.tell(f"printf '\\n<%s>\\n' {number}; {line}; printf '\\n<%s=%s>\\n' {number} $?")
        begun = self.until(rf"^<{number}>\n", s).end()
        code = self.until(rf"\n<{number}=(\d+)>$", s)
        said = BETWEEN.sub("", self.said[begun - 1 : code.start()])[1:]
        if code[1] != "0":
            raise Refused(f"{line}: {code[1]}\n{said}")
        return said

    def _meet(self) -> None:
        """Wait for the shell, once each start, and have the console left to it."""
        started_at = self.said.rfind(STARTS)
        if self._met_at > started_at:
            return
        if self.said.find(PROMPT, started_at + 1) < 0:
            self.until(PROMPT, SHELL_S)
        self.tell("stty -echo; kill -s RTMIN+21 1; echo 1 >/proc/sys/kernel/printk")
        self._met_at = len(self.said)

    def _listen(self, read: Read) -> None:
        with suppress(OSError):  # the line went while it was read
            while not self._leave.is_set() and (octets := read()) is not None:
                if octets:
                    self._hear(octets)
        with self._news:
            self._news.notify_all()

    def _hear(self, octets: bytes) -> None:
        text = self._torn + self._text.decode(octets)
        torn = TORN.search(text)
        self._torn = torn[0] if torn else ""
        with self._news:
            self.said += COLOURS.sub("", text.removesuffix(self._torn))
            self._news.notify_all()


class OnConsole:
    """A box that is spoken to on its console."""

    console: Console

    def log(self) -> str:
        """Return all that its console said."""
        return self.console.said

    def until(self, pattern: str, s: float) -> re.Match[str]:
        """Wait until the console shows a pattern. Raises `NotSeen`."""
        return self.console.until(pattern, s)

    def ask(self, line: str, s: float = 60) -> str:
        """Return what a command says on its shell. Raises `Refused` and `NotSeen`."""
        return self.console.ask(line, s)
