# SPDX-License-Identifier: Apache-2.0
"""systemd 257 of Debian 13, which the image has, in a folder: its programs read units there.

The folder is made once, and kept in `build/`. Needs root and mmdebstrap.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).parents[2]
SYSTEM = ROOT / "build" / "systemd-root"
UNITS = ROOT / "systemd"


def make_system() -> None:
    """Make the folder, if it is not there; a quarter of a minute."""
    SYSTEM.parent.mkdir(exist_ok=True)
    with SYSTEM.with_name(f"{SYSTEM.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if SYSTEM.exists():
            return
        draft = SYSTEM.with_name(f"{SYSTEM.name}.{os.getpid()}")
        made = ["mmdebstrap", "--variant=apt", "--include=systemd,dbus", "trixie", str(draft)]
        try:
            subprocess.run(made, check=True, capture_output=True)
            draft.rename(SYSTEM)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def installed() -> Iterator[Path]:
    """Lay our files where the image has them, below a folder of their own; yields its name inside.

    Programs that units call are there by name: what is verified is that units are right.
    """
    make_system()
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
