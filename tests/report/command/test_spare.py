# SPDX-License-Identifier: Apache-2.0
"""A number is spared for some hours, and listed again; the file says who has to be asked why."""

import pytest
from pydantic import ValidationError

from edge.box.spared import MOST, Spared, read_spared, write_spared
from edge.report.command.act import Job
from edge.report.command.signed import Denied
from edge.report.command.spare import Spare, SpareArgs

NUMBER, DIGITS = "+447700900123", "447700900123"
NOW_S = 1_800_000_000


@pytest.fixture
def hints():
    return []


@pytest.fixture
def spare(tmp_path, hints):
    return Spare(tmp_path / "spared.json", lambda: hints.append(1))


def do(spare, now_s=NOW_S, **args):
    return spare.act(SpareArgs(**{"number": NUMBER, **args}), Job("a-1", now_s)).text


def test_it_is_spared_for_so_long_and_core_is_told(spare, hints, tmp_path):
    assert do(spare, hours=3) == f"{NUMBER} is spared at this box for 3 h"
    found = read_spared(tmp_path / "spared.json")
    assert found == {DIGITS: Spared(NOW_S, NOW_S + 3 * 3600, "a-1")}
    assert hints == [1]


def test_it_is_listed_again(spare, tmp_path):
    do(spare)
    assert do(spare, on=False) == f"{NUMBER} is spared no longer"
    assert do(spare, on=False) == f"{NUMBER} was not spared"
    assert read_spared(tmp_path / "spared.json") == {}


def test_what_is_over_leaves_the_file(spare, tmp_path):
    do(spare, hours=1)
    do(spare, now_s=NOW_S + 3600, number="+447700900124")
    assert set(read_spared(tmp_path / "spared.json")) == {"447700900124"}


def test_there_is_room_for_so_many(spare, tmp_path):
    many = {f"4477008{number:05}": Spared(0, NOW_S + 1, "") for number in range(MOST)}
    write_spared(tmp_path / "spared.json", many)
    with pytest.raises(Denied, match=f"{MOST} numbers"):
        do(spare)
    assert do(spare, now_s=NOW_S + 1)


def test_a_damaged_file_is_said_and_begun_anew(spare, tmp_path):
    (tmp_path / "spared.json").write_bytes(b"{")
    assert "the file was damaged, no other number is spared" in do(spare)
    assert set(read_spared(tmp_path / "spared.json")) == {DIGITS}


@pytest.mark.parametrize(
    "args",
    [*({"number": text} for text in ("87031234567", "+7*", "+0123456", "+" + "1" * 16)),
     {"hours": 0}, {"hours": 73}],
)  # fmt: skip
def test_what_is_no_number_and_no_while(args):
    with pytest.raises(ValidationError):
        SpareArgs(**{"number": NUMBER, **args})
