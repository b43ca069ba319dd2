# SPDX-License-Identifier: Apache-2.0
"""systemd 257 of Debian 13, which the image has, in a folder: its programs read units there.

The folder is made once, and kept in `build/`. Needs root and mmdebstrap.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from hil import debian

ROOT = Path(__file__).parents[2]
SYSTEM = debian.MADE / "systemd-root"
UNITS = ROOT / "systemd"


@contextmanager
def installed() -> Iterator[Path]:
    """Lay our files where the image has them, below a folder of their own; yields its name inside.

    Programs that units call are there by name: what is verified is that units are right.
    """
    debian.make(SYSTEM, "trixie", "systemd,dbus", "apt")
    folder = Path(mkdtemp(prefix="units-", dir=SYSTEM / "tmp"))
    try:
        for path in UNITS.rglob("*"):
            if path.is_file():
                into = folder / path.relative_to(UNITS)
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, into)
        for name in ("qalqan", "rauc"):
            program = SYSTEM / "usr" / "bin" / name
            if not program.exists():
                program.write_text("#!/bin/sh\n")
                program.chmod(0o755)
        yield Path("/") / folder.relative_to(SYSTEM)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def inside(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a program of that systemd, on what lies in the folder."""
    command = ["chroot", str(SYSTEM), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
