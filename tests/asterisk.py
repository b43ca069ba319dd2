# SPDX-License-Identifier: Apache-2.0
"""A real Asterisk 16 on this machine: Debian 11 in a folder, as many of it as a test wants.

Debian 12 has none. The folder is made once, and kept in `build/`. Needs root and mmdebstrap.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from hil.region.pbx import LEAST, MODULES, PLACES, PROGRAM, SYSTEM, make_system

__all__ = ["MODULES", "SYSTEM", "Asterisk", "asterisk"]

PATIENCE_S = 60.0


class Asterisk:
    """One that runs."""

    def __init__(self, folder: Path, prefix: Sequence[str]) -> None:
        """Begin; `until_ready` waits for it."""
        self.folder = folder
        self.process = subprocess.Popen(
            [*prefix, *self._program(), "-f"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._prefix = prefix

    def ask(self, words: str) -> str:
        """Return what its console says to a command."""
        command = [*self._prefix, *self._program(), "-rx", words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        return done.stdout

    def said(self) -> str:
        """Return what it has logged: notices, warnings, errors."""
        log = self.folder / "said"
        return log.read_text(errors="replace") if log.exists() else ""

    def until_ready(self) -> None:
        """Wait until all its modules are loaded."""
        end = time.monotonic() + PATIENCE_S  # noqa: TID251 - until another program is ready
        while time.monotonic() < end:  # noqa: TID251 - as above
            assert self.process.poll() is None, self.said()[-4000:]
            if (self.folder / "asterisk.ctl").exists() and "booted" in self._booted():
                return
            time.sleep(0.02)  # noqa: TID251 - as above
        raise TimeoutError(self.said()[-4000:])

    def kill(self) -> None:
        """Kill it as a power cut does; may be said twice."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _booted(self) -> str:
        return self.ask("core waitfullybooted")

    def _program(self) -> list[str]:
        inside = self.folder.relative_to(SYSTEM)
        return ["chroot", str(SYSTEM), PROGRAM, "-C", f"/{inside}/asterisk.conf"]


@contextmanager
def asterisk(files: Mapping[str, str], prefix: Sequence[str] = ()) -> Iterator[Asterisk]:
    """Run one with these configuration files until the block is left.

    `prefix` is what its command begins with: `netns.Host.inside`, to run it on another machine.
    """
    make_system()
    folder = Path(mkdtemp(prefix="asterisk-", dir=SYSTEM / "tmp"))
    try:
        places = PLACES.format(inside=f"/{folder.relative_to(SYSTEM)}")
        texts = {**LEAST, "asterisk.conf": places, **files}
        for name, text in texts.items():
            (folder / name).write_text(text)
        one = Asterisk(folder, prefix)
        try:
            one.until_ready()
            yield one
        finally:
            one.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
