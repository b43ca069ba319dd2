# SPDX-License-Identifier: Apache-2.0
"""An act is done and said; one that is refused is an error."""

from pathlib import Path

import pytest

from edge.cli.acts import do, is_recorded
from edge.config import Config, load
from edge.errors import InputError
from edge.places import places_of
from edge.report.message import Result

OBSERVE = {"trunk": "intl", "mode": "observe"}


@pytest.fixture
def box(config: Path) -> Config:
    found = load(config)
    places_of(found).state.mkdir()
    return found


def test_what_is_done_is_said(box: Config, capsys: pytest.CaptureFixture[str]) -> None:
    do(box, "mode", OBSERVE, "to see")
    assert capsys.readouterr().out == "intl is in observe\n"


def test_what_is_refused_is_an_error(box: Config) -> None:
    with pytest.raises(InputError, match="no trunk of this box"):
        do(box, "mode", {**OBSERVE, "trunk": "x"}, "")


@pytest.mark.parametrize(("data", "expected"), [({}, True), ({"recorded": False}, False)])
def test_whether_the_log_has_it(data: dict[str, bool], *, expected: bool) -> None:
    result = Result(id="00000000-0000-4000-8000-000000000000", state="done", text="", data=data)
    assert is_recorded(result) is expected
