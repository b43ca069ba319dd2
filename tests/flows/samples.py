# SPDX-License-Identifier: Apache-2.0
"""The configurations of switches that stand in `drivers/README.md`, for the tests to run."""

from pathlib import Path

README = Path(__file__).parents[2] / "drivers" / "README.md"


def samples(title: str) -> dict[str, str]:
    """Return the fenced blocks under a heading, by their language."""
    _, found, section = README.read_text(encoding="utf-8").partition(f"\n### {title}\n")
    assert found, f"{README} has no section {title!r}"
    blocks = section.partition("\n## ")[0].partition("\n### ")[0].split("\n```")[1::2]
    return {block.partition("\n")[0]: block.partition("\n")[2] + "\n" for block in blocks}
