# SPDX-License-Identifier: Apache-2.0
"""What a box is told of the region is what `drivers/README.md` tells a customer."""

import tomllib
from pathlib import Path

import pytest

from edge.blocklist.csvfile import read_entries
from edge.config import parse
from hil.region.tables import LIST, README, RELEASE, sample, tables

NODE = '[node]\nname = "here"\n'


@pytest.mark.parametrize("lines", [(), ("/dev/ttyUSB0",), ("/dev/ttyUSB0", "/dev/ttyUSB1")])
def test_a_box_takes_the_tables(lines: tuple[str, ...], tmp_path: Path) -> None:
    config = parse(NODE + tables("mirror", *lines), tmp_path / "edge.toml")
    assert len(config.tap) == 1 + bool(lines)
    assert len(config.enforcer) == (len(lines) == 2)


def test_the_gate_is_that_of_the_handbook() -> None:
    ours = tomllib.loads(tables("mirror"))["gate"]["switch"]
    theirs = tomllib.loads(sample("Kamailio asks the gate").box)["gate"]["switch"]
    assert ours == theirs
    with pytest.raises(KeyError):
        sample("Nobody asks")
    assert README.exists()


def test_the_order_stands_in_the_file_as_the_exchange_reads_it() -> None:
    enforcer = tomllib.loads(tables("mirror", "/dev/a", "/dev/b"))["enforcer"]["exchange"]
    assert enforcer["release"][0]["send"] == RELEASE


def test_the_list_is_one(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(LIST)
    assert len([*read_entries(path)]) == 3
