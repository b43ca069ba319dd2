# SPDX-License-Identifier: Apache-2.0
"""What was handed out lies for a week, and never much of it."""

import os
from pathlib import Path

import pytest

from edge.evidence.exports import KEPT_S, MOST, Exports

NOW = 1_700_000_000


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    return Exports(tmp_path / "exports")


def left(exports: Exports, name: str, at_s: int) -> Path:
    path = exports.leave(name, name.encode())
    os.utime(path, (at_s, at_s))
    return path


def test_it_lies_where_is_said_and_a_second_time_it_is_the_same_file(exports):
    path = exports.leave("evidence-1.tar", b"first")
    assert exports.leave("evidence-1.tar", b"again") == path
    assert [one.read_bytes() for one in path.parent.iterdir()] == [b"again"]


@pytest.mark.parametrize(("age_s", "gone"), [(0, 0), (KEPT_S, 0), (KEPT_S + 1, 1), (-60, 0)])
def test_after_a_week_it_is_gone(exports, age_s, gone):
    path = left(exports, "a.tar", NOW - age_s)
    assert (exports.prune(NOW), path.exists()) == (gone, not gone)


def test_the_oldest_give_way(exports):
    paths = [left(exports, f"{number}.tar", NOW + number) for number in range(MOST)]
    more = exports.leave("more.tar", b"")
    assert [path.exists() for path in (paths[0], paths[1], more)] == [False, True, True]


def test_where_nothing_was_ever_handed_out_nothing_goes(exports):
    assert exports.prune(NOW) == 0
