# SPDX-License-Identifier: Apache-2.0
"""Every connection has a higher number than all before, whatever becomes of clock and file."""

from pathlib import Path

import pytest

from edge.report.hub.epoch import Epochs

MS = 1_000_000


def test_it_rises_and_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "epoch"
    first = Epochs(path, lambda: 5_000 * MS)
    given = [first.next(), first.next(), Epochs(path, lambda: 5_000 * MS).next()]
    assert given == [5_000, 5_001, 5_002]


def test_a_clock_that_is_set_back_does_not_matter(tmp_path: Path) -> None:
    assert Epochs(tmp_path / "epoch", lambda: 9_000 * MS).next() == 9_000
    assert Epochs(tmp_path / "epoch", lambda: 10 * MS).next() == 9_001


@pytest.mark.parametrize("torn", [b"", b"\xff", b"12x", b"-4", b"9" * 40])
def test_a_damaged_file_does_not_matter_while_the_clock_goes(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "epoch").write_bytes(torn)
    assert Epochs(tmp_path / "epoch", lambda: 7_000 * MS).next() == 7_000


def test_where_it_cannot_be_written_the_clock_holds(tmp_path: Path) -> None:
    gone = Epochs(tmp_path / "no such folder" / "epoch", lambda: 7_000 * MS)
    assert [gone.next(), gone.next()] == [7_000, 7_001]
