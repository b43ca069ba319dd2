# SPDX-License-Identifier: Apache-2.0
"""kill -9 of every process, again and again: nothing that was recorded is lost, nothing is twice.

`make kills` does it 200 times.
"""

from pathlib import Path

import pytest

from tests.flows.kills import run, truth_of

KILLS = 20


@pytest.mark.long
@pytest.mark.peer("mosquitto")
def test_the_hubs_table_is_what_was_recorded(tmp_path: Path) -> None:
    seed = 20_261_125
    verdict = run(tmp_path, KILLS, seed)
    assert verdict.recorded > 1000
    assert (verdict.lost, verdict.changed, verdict.twice) == (0, 0, 0), f"seed {seed}: {verdict}"


def test_a_line_that_a_kill_tore_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "truth"
    path.write_text("a 1 7-1\nb 2 7-2\na 3")
    assert truth_of(path) == {("a", 1): "7-1", ("b", 2): "7-2"}
