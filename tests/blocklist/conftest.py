# SPDX-License-Identifier: Apache-2.0
"""Builds the compiled kernel in place where there is a compiler, so that both twins are tested."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "edge/blocklist/_kernel.pyx"


def build() -> None:
    """Compile the kernel if it is older than its source; one process at a time."""
    if not shutil.which("cc"):
        return
    with SOURCE.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = [path.stat().st_mtime for path in SOURCE.parent.glob("_kernel.*.so")]
        if not built or max(built) < SOURCE.stat().st_mtime:
            subprocess.run(
                [sys.executable, "-W", "ignore", "-c", "import setuptools; setuptools.setup()",
                 "-q", "build_ext", "--inplace"],
                cwd=ROOT, check=True, capture_output=True,
            )  # fmt: skip


build()
