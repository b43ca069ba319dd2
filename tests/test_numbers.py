# SPDX-License-Identifier: Apache-2.0
"""No Kazakh number that stands in the project can be somebody's (tests/vectors/README.md)."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WRITTEN = re.compile(r"(?<![\w.*])\+?[78](7[0-9]{9})(?![\w.*])")
"A number of the plan, from its country code or trunk prefix on."
NOBODY = re.compile(
    r"""(?x)
      7(?:1|2)[0-9]{2} 0[0-9]{5}      # a local number does not begin with 0
    | 727 0[0-9]{6}
    | 72533 0[0-9]{4}
    | 70[349] [0-9]{7}                # codes that are not assigned
    | 751 0{6}[0-9]
    | 7(?:0{9}|7{9}|9{9})             # ends of ranges, and what no plan has
    """
)
KINDS = {".py", ".md", ".toml", ".po", ".html", ".csv", ".json", ".cfg", ".xml", ".txt", ".yaml"}


def texts() -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if path.suffix in KINDS and path.is_file():
            yield path


def strangers(text: str) -> set[str]:
    """Return the numbers in a text that may be somebody's."""
    return {one[0] for one in WRITTEN.finditer(text) if not NOBODY.fullmatch(one[1])}


def test_no_number_in_the_project_can_be_somebodys() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): numbers
        for path in texts()
        if (numbers := strangers(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert not found


@pytest.mark.parametrize("text", ["+77172000767", "87172001234", "77030000001", "4477009001234"])
def test_a_number_of_nobody_is_left_alone(text: str) -> None:
    assert not strangers(text)


@pytest.mark.parametrize("area", ["7172", "7212", "7273"])
def test_a_number_that_may_be_somebodys_is_found(area: str) -> None:
    assert strangers(f"called +7{area}" + "5" * 6)
