# SPDX-License-Identifier: Apache-2.0
"""A code is right once, for an hour, however it is typed."""

from pathlib import Path

import pytest

from edge.console.first_code import FILE, LIFE_S, is_right, make, spend
from edge.errors import InputError

NOW_S = 1_795_600_000


def test_it_is_right_as_people_type_it(folder: Path) -> None:
    code = make(folder, NOW_S)
    assert is_right(folder, code, NOW_S)
    assert is_right(folder, f" {code.lower().replace('-', ' ')}", NOW_S + LIFE_S - 1)
    assert not is_right(folder, code[:-1], NOW_S)
    assert not is_right(folder, "", NOW_S)


def test_it_is_right_for_an_hour_and_not_before_it_was_made(folder: Path) -> None:
    code = make(folder, NOW_S)
    assert not is_right(folder, code, NOW_S + LIFE_S)
    assert not is_right(folder, code, NOW_S - 1)


def test_it_is_worth_nothing_once_it_was_used_or_another_was_made(folder: Path) -> None:
    first = make(folder, NOW_S)
    second = make(folder, NOW_S)
    assert not is_right(folder, first, NOW_S)
    spend(folder)
    assert not is_right(folder, second, NOW_S)
    spend(folder)


def test_it_does_not_stand_in_the_file(folder: Path) -> None:
    code = make(folder, NOW_S)
    assert code.replace("-", "") not in (folder / FILE).read_text()
    (folder / FILE).write_text("{")
    assert not is_right(folder, code, NOW_S)


def test_a_folder_that_takes_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError):
        make(tmp_path / "file", NOW_S)
    with pytest.raises(InputError):
        spend(tmp_path / "file")
