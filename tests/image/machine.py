# SPDX-License-Identifier: Apache-2.0
"""A machine that runs an image: QEMU in software, its serial console in our hands."""

import codecs
import os
import re
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from image.board import X86_64
from image.run import Drive, command, prepare

PROMPT = "hil# "
"Of the shell that the profile `hil` has on the console; lines of systemd may follow it."
STARTS = "qalqan: starting slot"
"What GRUB says at each start."
COLOURS = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[!c]\S?|\x1bM|\r")
TORN = re.compile(r"\x1b(\[[0-9;?=]*|[!c])?$")
BETWEEN = re.compile(r"^\[ *(OK|FAILED|DEPEND|INFO|\**) *\] .*\n?", re.MULTILINE)
"What systemd says on the same console, until it is told not to."
SHELL_S = 120
"The shell is there so long after it is first asked for, seconds."
SMALL_CARD = 4 << 30


class Machine:
    """One that runs."""

    def __init__(
        self, drive: Drive, nets: Sequence[str] = ("user",), more: Sequence[str] = ()
    ) -> None:
        """Switch it on; `more` are words of QEMU's command line."""
        self.said = ""
        "All that the console showed, without colours."
        self._begun_s = time.monotonic()  # noqa: TID251 - how long a start takes is the question
        self.process = subprocess.Popen(
            [*command(X86_64, drive, drive.disk.with_suffix(".vars"), nets), *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
        )  # fmt: skip
        self._read_to = 0
        self._met_at = -1
        "Where the console was when the shell of this start was first spoken with."
        self._asked = 0
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._torn = ""
        "The beginning of a colour whose end is still to be read."

    def seconds(self) -> float:
        """Return the time since it was switched on."""
        return time.monotonic() - self._begun_s  # noqa: TID251 - as above

    def until(self, pattern: str, within_s: float) -> re.Match[str]:
        """Wait until the console shows a pattern, behind what was waited for before."""
        wanted, end_s = re.compile(pattern, re.MULTILINE), self.seconds() + within_s
        while not (found := wanted.search(self.said, self._read_to)):
            left_s = end_s - self.seconds()
            assert left_s > 0, f"no {pattern!r} within {within_s} s\n{self.said[-3000:]}"
            assert self.hear(min(left_s, 1.0)), f"it is off\n{self.said[-3000:]}"
        self._read_to = found.end()
        return found

    def ask(self, line: str, within_s: float = 60) -> str:
        """Return what a command says on the shell of the profile `hil`, once it is there."""
        self._meet()
        self._asked += 1
        number = self._asked
        # The console shows what is typed as well: the marks are not in it.
        self.tell(f"printf '\\n<%s>\\n' {number}; {line}; printf '\\n<%s=%s>\\n' {number} $?")
        begun = self.until(rf"^<{number}>\n", within_s).end()
        code = self.until(rf"\n<{number}=(\d+)>$", within_s)
        said = BETWEEN.sub("", self.said[begun - 1 : code.start()])[1:]
        assert code[1] == "0", said
        return said

    def tell(self, line: str) -> None:
        """Type a line, whatever comes of it."""
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n".encode())

    def wait_off(self, within_s: float) -> None:
        """Wait until it has switched itself off."""
        end_s = self.seconds() + within_s
        while self.hear(1.0):
            assert self.seconds() < end_s, f"on after {within_s} s\n{self.said[-3000:]}"
        self.process.wait(10)

    def cut(self) -> None:
        """Pull the plug; may be said twice."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()

    def _meet(self) -> None:
        """Wait for the shell, once each start, and have the console left to it."""
        started_at = self.said.rfind(STARTS)
        if self._met_at > started_at:
            return
        if self.said.find(PROMPT, started_at + 1) < 0:
            self.until(PROMPT, SHELL_S)
        self.tell("stty -echo; kill -s RTMIN+21 1; echo 1 >/proc/sys/kernel/printk")
        self._met_at = len(self.said)

    def hear(self, within_s: float) -> bool:
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], within_s)
        if not ready:
            return True
        octets = os.read(self.process.stdout.fileno(), 65_536)
        text = self._torn + self._text.decode(octets)
        torn = TORN.search(text) if octets else None
        self._torn = torn[0] if torn else ""
        self.said += COLOURS.sub("", text.removesuffix(self._torn))
        return bool(octets)


@contextmanager
def running(
    image: Path, disk: Path, edge_toml: str | None = None, *,
    keep: bool = False, nets: Sequence[str] = ("user",), more: Sequence[str] = (),
) -> Iterator[Machine]:  # fmt: skip
    """Flash a disk, put a configuration on its ESP, switch on; off when the block ends.

    Args:
        image: What is flashed.
        disk: Where to.
        edge_toml: The configuration.
        keep: Whether the disk is taken as it is, with all that was written to it, not flashed.
        nets: Its network interfaces, in the words of `-nic`.
        more: Words of QEMU's command line.
    """
    if not keep:
        prepare(image, disk, SMALL_CARD)
    if edge_toml is not None:
        source = disk.with_suffix(".toml")
        source.write_text(edge_toml)
        esp = f"{disk}@@1M"
        subprocess.run(["mcopy", "-o", "-i", esp, source, "::qalqan/edge.toml"], check=True)
    machine = Machine(Drive(disk), nets, more)
    try:
        yield machine
    finally:
        machine.cut()
