# SPDX-License-Identifier: Apache-2.0
"""A box for the doctor."""

from pathlib import Path

import pytest

from tests.doctor.bed import Bed


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    return Bed(tmp_path)
