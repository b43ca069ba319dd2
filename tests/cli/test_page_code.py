# SPDX-License-Identifier: Apache-2.0
"""`qalqan page-code`: a code that the page takes, and no other."""

from pathlib import Path

from edge import clock
from edge.config import load
from edge.console.first_code import is_right
from edge.places import places_of
from tests.cli.conftest import Qalqan


def now_s() -> int:
    return clock.now_ns() // 10**9


def test_a_code_is_shown_once_and_is_right(qalqan: Qalqan, config: Path) -> None:
    config.write_text(config.read_text() + '[page]\npeople = "127.0.0.1:8443"\n')
    folder = places_of(load(config)).page
    folder.parent.mkdir()
    first = qalqan("page-code", "-c", config)
    assert (first.code, first.err) == (0, "")
    code, where = first.out.splitlines()
    assert "127.0.0.1:8443" in where
    assert is_right(folder, code, now_s())
    other = qalqan("page-code", "-c", config).out.splitlines()[0]
    assert not is_right(folder, code, now_s())
    assert is_right(folder, other, now_s())


def test_where_nobody_sees_a_page_there_is_none(qalqan: Qalqan, config: Path) -> None:
    done = qalqan("page-code", "-c", config)
    assert done.code == 1
    assert "page.people" in done.err
