# SPDX-License-Identifier: Apache-2.0
"""A machine that runs an image: QEMU in software, its serial console in our hands."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from edge import clock
from hil.bench.box import NotSeen
from hil.bench.console import Console, read_pipe
from image.board import X86_64, Board
from image.run import SMALL_CARD, Drive, command, prepare, put

LOOK_S = 2.0
"Between two looks whether it has ended, to start anew."


class Machine:
    """One that runs; of the rig's box (`hil.bench.virtual`) it has the console and no cables.

    When it starts anew, by itself or by its watchdog, QEMU ends and another one goes on with the
    disk: QEMU's own restart has been seen to hang, behind the last word of the kernel.
    """

    def __init__(
        self, drive: Drive, nets: Sequence[str] = ("user",), more: Sequence[str] = (),
        board: Board = X86_64, *, starts_anew: bool = True,
    ) -> None:  # fmt: skip
        """Switch it on; `more` are words of QEMU's command line."""
        self._begun_s = clock.monotonic_s()
        variables = drive.disk.with_suffix(".vars")
        self._words = [*command(board, drive, variables, nets), "-no-reboot", *more]
        self._starts_anew = starts_anew
        self.console = Console()
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            bufsize=0,
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        out = process.stdout.fileno()
        self.console.plug(lambda: read_pipe(out), process.stdin.write)
        return process

    def seconds(self) -> float:
        """Return the time since it was switched on."""
        return clock.monotonic_s() - self._begun_s

    def is_on(self) -> bool:
        """Return whether it is switched on; one that starts anew is on again."""
        if self.process.poll() is None:
            return True
        if self._starts_anew:
            self._leave()
            self.process = self._start()
        return self._starts_anew

    def until(self, pattern: str, within_s: float) -> re.Match[str]:
        """Wait until the console shows a pattern, behind what was waited for before."""
        end_s = self.seconds() + within_s
        while True:
            is_on = self.is_on()
            try:
                return self.console.until(pattern, min(LOOK_S, max(end_s - self.seconds(), 0.0)))
            except NotSeen:
                if not is_on or self.seconds() >= end_s:
                    raise

    def ask(self, line: str, within_s: float = 60) -> str:
        """Return what a command says on the shell of the profile `hil`, once it is there."""
        return self.console.ask(line, within_s)

    def wait_off(self, within_s: float) -> None:
        """Wait until it has switched itself off."""
        self.process.wait(within_s)

    def cut(self) -> None:
        """Pull the plug; may be said twice."""
        self._starts_anew = False
        self.process.kill()
        self._leave()

    def _leave(self) -> None:
        self.process.wait()
        self.console.unplug()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


@contextmanager
def running(
    image: Path, disk: Path, edge_toml: str | None = None, *,
    keep: bool = False, nets: Sequence[str] = ("user",), more: Sequence[str] = (),
    board: Board = X86_64,
) -> Iterator[Machine]:  # fmt: skip
    """Flash a disk, put a configuration on its ESP, switch on; off when the block ends.

    Args:
        image: What is flashed.
        disk: Where to.
        edge_toml: The configuration.
        keep: Whether the disk is taken as it is, with all that was written to it, not flashed.
        nets: Its network interfaces, in the words of `-nic`.
        more: Words of QEMU's command line.
        board: What kind of machine it is.
    """
    if not keep:
        prepare(image, disk, SMALL_CARD)
    if edge_toml is not None:
        put(disk, "esp", "qalqan/edge.toml", edge_toml.encode())
    machine = Machine(Drive(disk), nets, more, board)
    try:
        yield machine
    finally:
        machine.cut()
