# SPDX-License-Identifier: Apache-2.0
"""A child that ends by itself is not begged to try again; one that is killed comes back.

That a killed one comes back is shown with the whole command, in `tests/cli/test_run.py`.
"""

import asyncio
from pathlib import Path

import pytest

from edge.process.children import ENDED, Child, run_children


def test_codes_that_say_no_more_can_be_done() -> None:
    assert ENDED == (0, 1, 2, 3)  # ok, failure, usage, degraded


@pytest.mark.parametrize(("name", "code"), [("core", 1), ("nonsense", 2)])
def test_a_child_that_refused_is_not_started_again(
    tmp_path: Path, name: str, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    child = Child(name, tmp_path / "missing.toml")
    asyncio.run(child.run())
    assert child.code == code
    assert capfd.readouterr().err


def test_the_worst_code_is_that_of_the_run(tmp_path: Path) -> None:
    assert asyncio.run(run_children(tmp_path / "missing.toml", ("nonsense", "core"))) == 2
