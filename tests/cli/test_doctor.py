# SPDX-License-Identifier: Apache-2.0
"""`qalqan doctor`: a line a thing, a hint for what is not well, an exit code."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from edge.cli.doctor import CODES, show
from edge.doctor.finding import Level, fail, ok
from tests.cli.conftest import Qalqan


def test_for_people(qalqan: Qalqan, config: Path) -> None:
    done = qalqan("doctor", "--config", config)
    assert done.code == 1, "core does not run"
    assert "fail  process:core" in done.out
    assert "journalctl -b -u qalqan-core" in done.out


def test_for_programs(qalqan: Qalqan, config: Path) -> None:
    done = qalqan("doctor", "--config", config, "--json")
    (line,) = done.lines
    assert (done.code, line["v"], line["level"]) == (1, 1, "fail")
    assert {one["check"] for one in line["findings"]} >= {"clock", "disk", "process:core"}
    assert all(one.keys() == {"check", "level", "text", "hint"} for one in line["findings"])


@pytest.mark.parametrize(("level", "code"), [(Level.OK, 0), (Level.WARN, 3), (Level.FAIL, 1)])
def test_the_exit_code(level: Level, code: int) -> None:
    assert CODES[level] == code


def test_the_lines() -> None:
    out = io.StringIO()
    show([ok("clock", "is kept"), fail("hub", "is away", "see the cable")],
         Console(file=out, soft_wrap=True))  # fmt: skip
    assert out.getvalue() == (
        "ok    clock                is kept\n"
        "fail  hub                  is away\n"
        "                           see the cable\n"
    )
