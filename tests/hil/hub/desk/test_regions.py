# SPDX-License-Identifier: Apache-2.0
"""Twenty regions, each on a tile of its own; an appliance is of the one that is said, or named."""

import os
from pathlib import Path

import pytest

from edge.errors import ConfigError
from hil.hub.desk.regions import BY_ID, FILE, NOWHERE, REGIONS, Regions, by_name


def test_there_are_twenty_each_with_a_place_a_code_and_a_name() -> None:
    assert len(REGIONS) == len(BY_ID) == 20
    for field in ("code", "name"):
        assert len({getattr(one, field) for one in REGIONS}) == 20
    assert {one.code for one in REGIONS} == {f"{number:02}" for number in range(1, 21)}
    assert len({(one.column, one.row) for one in REGIONS}) == 20
    assert {one.column for one in REGIONS} == set(range(1, 8))
    assert {one.row for one in REGIONS} == set(range(1, 6))


def test_what_lies_west_stands_west_and_what_lies_north_stands_north() -> None:
    for west, east in (("atyrau", "astana"), ("kostanay", "pavlodar"), ("karaganda", "east")):
        assert BY_ID[west].column < BY_ID[east].column
    for north, south in (("north", "astana"), ("astana", "shymkent"), ("aktobe", "mangystau")):
        assert BY_ID[north].row < BY_ID[south].row


@pytest.mark.parametrize(("node", "region"), [
    ("aktau-1", "mangystau"), ("mangystau", "mangystau"), ("oral_2", "west"), ("oralman", NOWHERE),
    ("almaty-1", "almaty-city"), ("almaty-oblast-1", "almaty-oblast"), ("qonaev7", "almaty-oblast"),
    ("east-1", "east"), ("eastern-1", NOWHERE), ("laboratory", NOWHERE), ("", NOWHERE),
])  # fmt: skip
def test_a_name_begins_with_its_region(node: str, region: str) -> None:
    assert by_name(node) == region


def test_no_beginning_stands_for_two_regions() -> None:
    words = [word for one in REGIONS for word in (one.id, *one.beginnings)]
    assert len(words) == len(set(words))


def test_the_file_says_it_before_the_name_does_and_is_read_anew(tmp_path: Path) -> None:
    regions = Regions(tmp_path)
    assert regions.of(["box-1", "astana-1"]) == {"box-1": NOWHERE, "astana-1": "astana"}
    path = tmp_path / FILE
    path.write_text("# who is where\n\nbox-1, ulytau\nastana-1,\n")
    assert regions.of(["box-1", "astana-1"]) == {"box-1": "ulytau", "astana-1": NOWHERE}
    path.write_text("box-1,abai\n")
    os.utime(path, ns=(1, 1))
    assert regions.of(["box-1"]) == {"box-1": "abai"}


@pytest.mark.parametrize("line", ["box-1,narnia", ",abai", "\udcff"])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / FILE).write_bytes(b"x,abai\n" + line.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=FILE):
        Regions(tmp_path).of(["box-1"])
