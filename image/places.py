# SPDX-License-Identifier: Apache-2.0
"""Where the builder finds things, and where it puts them."""

from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE.parent
FILES = HERE / "files"
"What lies in the system as it lies here."
DEBIAN_LOCK = HERE / "packages.lock"
PYTHON_LOCK = SOURCE / "requirements.lock"

MADE = SOURCE / "build" / "image"
"All that is made or fetched; nothing of it is tracked."
DEPOT = MADE / "debs"
WHEELS = MADE / "wheels"
KEYS = MADE / "keys"


def listed(name: str) -> list[str]:
    """Return the words of `lists/NAME.txt`, one a line."""
    lines = (HERE / "lists" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
