# SPDX-License-Identifier: Apache-2.0
"""Another Debian than this machine's in a folder, for a program that this one does not have.

Made once by mmdebstrap, as root, and kept in `build/`; nothing is installed or entered here.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from edge.errors import ConfigError

MADE = Path(__file__).parents[1] / "build"

AGAIN = '--aptopt=Acquire::Retries "5"'
"A name that cannot be looked up, or a mirror that does not answer, mostly can and does soon after."


def make(folder: Path, suite: str, packages: str, variant: str = "minbase") -> None:
    """Make a root in a folder unless it is there; one at a time of those who ask.

    Args:
        folder: Where to; its parent is made.
        suite: Debian's name of the release.
        packages: What is in it beside what the variant has, with commas between.
        variant: As mmdebstrap(1) names it.

    Raises:
        ConfigError: It cannot be made here.
    """
    folder.parent.mkdir(exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return
        draft = folder.with_name(f"{folder.name}.{os.getpid()}")
        how = (f"--variant={variant}", f"--include={packages}", AGAIN)
        words = ["mmdebstrap", *how, suite, str(draft)]
        try:
            subprocess.run(words, check=True, capture_output=True)
            draft.rename(folder)
        except (OSError, subprocess.CalledProcessError) as wrong:
            said = getattr(wrong, "stderr", b"") or b""
            why = said.decode(errors="replace").strip()[-300:] or wrong
            raise ConfigError(f"a Debian {suite} with {packages} cannot be made: {why}") from wrong
        finally:
            shutil.rmtree(draft, ignore_errors=True)
