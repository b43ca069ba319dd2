# SPDX-License-Identifier: Apache-2.0
"""Confined as its unit says, the page can read the journal; without the group it can not."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge.console.logs import lines_of, words_of
from tests.systemd.trixie import installed

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.peer("mmdebstrap", "unshare")]

ROOT = Path(__file__).parents[2]


def read(grouped: str) -> tuple[int, set[tuple[str, str, str]]]:
    """Return how `journalctl` ended, and what was read."""
    words = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m",
             "tests.systemd.confined", "qalqan-page.service", grouped,
             *words_of("journalctl", "")]  # fmt: skip
    done = subprocess.run(words, cwd=ROOT, capture_output=True, timeout=120, check=False)
    seen = {(one.process, one.level, one.text) for one in lines_of(done.stdout)}
    assert seen or b"insufficient permissions" in done.stderr, done.stderr.decode()
    return done.returncode, seen


def test_the_page_reads_the_journal_by_the_right_of_its_group() -> None:
    with installed():
        assert read("yes") == (0, {("core", "warning", "a line of core")})
        assert read("no") == (1, set())
