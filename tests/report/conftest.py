# SPDX-License-Identifier: Apache-2.0
"""A folder in memory: thousands of commits, and what a disk makes of them is not the question."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.kept import SHM


@pytest.fixture
def memory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=SHM if SHM.is_dir() else None) as name:
        yield Path(name)
