# SPDX-License-Identifier: Apache-2.0
"""Whatever befalls a country: nothing recorded is lost or made up, and all is told in the end.

A failure names its seed, and how it came to it; `python -m tests.sim.world SEED` tells it again.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim import world
from tests.sim.country import Changed, Failed
from tests.sim.mutants import MUTANTS, WITHIN

SEEDS, CHUNK = 200, 10
MANY = int(os.environ.get("QALQAN_SEEDS", "0"))
"For a night: so many more."
QUICK = frozenset({"believes the broker", "acknowledges first", "is impatient", "loses rows"})
"Faults that the first story shows."


@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    [
        pytest.param(first, marks=() if first == 1 else pytest.mark.long)
        for first in range(1, SEEDS + MANY + 1, CHUNK)
    ],
)
def test_a_country_keeps_its_word(first: int) -> None:
    for seed in range(first, first + CHUNK):
        figures = world.tell(seed)
        assert figures["events"] or not figures["kept"]


def failure(seed: int, changed: Changed) -> str:
    """Return what a story says that came to a bad end; empty if it did not."""
    try:
        world.tell(seed, changed)
    except Failed as failed:
        return str(failed)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in MUTANTS],
)
def test_it_bites(name: str) -> None:
    """A fault that is put in on purpose is noticed, by the first seeds already."""
    for seed in range(1, WITHIN + 1):
        if said := failure(seed, MUTANTS[name]):
            assert f"seed {seed}: Violation" in said
            assert f"python -m tests.sim.world {seed}" in said
            return
    pytest.fail(f"not noticed in {WITHIN} stories")


@pytest.mark.long
def test_a_seed_tells_the_same_story_each_time() -> None:
    """Also where hashes and addresses are others."""
    stories = set()
    for salt in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.sim.world", "15"],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        )
        stories.add(done.stdout)
    assert len(stories) == 1
    assert "all is told" in stories.pop()
