# SPDX-License-Identifier: Apache-2.0
"""A machine that runs an image: QEMU in software, its serial console in our hands."""

import os
import re
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from image.board import X86_64
from image.run import command, prepare

PROMPT = r"hil# $"
COLOURS = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[!c]\S?|\r")
SMALL_CARD = 4 << 30


class Machine:
    """One that runs."""

    def __init__(self, disk: Path, nets: Sequence[str] = ("user",)) -> None:
        """Switch it on."""
        self.said = ""
        "All that the console showed, without colours."
        self._begun_s = time.monotonic()  # noqa: TID251 - how long a start takes is the question
        self.process = subprocess.Popen(
            command(X86_64, disk, disk.with_suffix(".vars"), nets),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
        )  # fmt: skip
        self._read_to = 0

    def seconds(self) -> float:
        """Return the time since it was switched on."""
        return time.monotonic() - self._begun_s  # noqa: TID251 - as above

    def until(self, pattern: str, within_s: float) -> re.Match[str]:
        """Wait until the console shows a pattern, behind what was waited for before."""
        wanted, end_s = re.compile(pattern, re.MULTILINE), self.seconds() + within_s
        while not (found := wanted.search(self.said, self._read_to)):
            left_s = end_s - self.seconds()
            assert left_s > 0, f"no {pattern!r} within {within_s} s\n{self.said[-3000:]}"
            assert self._hear(min(left_s, 1.0)), f"it is off\n{self.said[-3000:]}"
        self._read_to = found.end()
        return found

    def ask(self, line: str, within_s: float = 60) -> str:
        """Return what a command says on the shell of the profile `hil`."""
        begun = self._read_to
        assert self.process.stdin
        self.process.stdin.write(f"{line}; echo done=$?\n".encode())
        code = self.until(r"^done=(\d+)$", within_s)
        said = self.said[begun : code.start()]
        assert code[1] == "0", said
        return said

    def cut(self) -> None:
        """Pull the plug; may be said twice."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()

    def _hear(self, within_s: float) -> bool:
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], within_s)
        if not ready:
            return True
        octets = os.read(self.process.stdout.fileno(), 65_536)
        self.said += COLOURS.sub("", octets.decode(errors="replace"))
        return bool(octets)


@contextmanager
def running(image: Path, disk: Path, edge_toml: str | None = None) -> Iterator[Machine]:
    """Flash a disk, put a configuration on its ESP, switch on; off when the block ends."""
    prepare(image, disk, SMALL_CARD)
    if edge_toml is not None:
        source = disk.with_suffix(".toml")
        source.write_text(edge_toml)
        esp = f"{disk}@@1M"
        subprocess.run(["mcopy", "-o", "-i", esp, source, "::qalqan/edge.toml"], check=True)
    machine = Machine(disk)
    try:
        yield machine
    finally:
        machine.cut()
