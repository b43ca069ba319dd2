# SPDX-License-Identifier: Apache-2.0
"""What of the memory of a process is its alone."""

from pathlib import Path


def private_mb() -> float:
    """Return the private memory of this process, MB, the program included."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (private,) = (line.split()[1] for line in status.splitlines() if line.startswith("RssAnon"))
    return round(int(private) / 1024, 1)
