# SPDX-License-Identifier: Apache-2.0
"""What is put on a box's card: the program takes it as its configuration."""

import re
from pathlib import Path

from edge import config
from edge.trust.enrol import read_code
from hil.bench.newcomer import Newcomer
from hil.bench.virtual import PORTS
from hil.region.tables import tables
from hil.rig.hub import RigHub


def newcomer(folder: Path) -> Newcomer:
    return Newcomer(RigHub(folder), PORTS, tables(PORTS.mirror, PORTS.probe, PORTS.exchange))


def test_a_box_can_read_what_it_is_told(tmp_path):
    one = newcomer(tmp_path)
    files = one.files()
    told = config.parse(files["qalqan/edge.toml"].decode(), tmp_path / "edge.toml")
    assert told.node.name == one.node == "rig-1"
    assert set(told.box.mirrors) == {PORTS.mirror}
    assert set(told.box.port) == {PORTS.management, PORTS.switches}
    assert read_code(files["qalqan/enrol.code"].decode())


def test_a_box_that_is_flashed_anew_is_another_one(tmp_path):
    one = newcomer(tmp_path)
    codes = {one.files()["qalqan/enrol.code"] for _ in range(3)}
    assert (len(codes), one.node) == (3, "rig-3")


def test_it_is_not_there_before_it_asks(tmp_path):
    one = newcomer(tmp_path)
    one.files()
    assert not one.follows()


def test_no_name_is_left_open(tmp_path):
    text = newcomer(tmp_path).files()["qalqan/edge.toml"].decode()
    assert not re.search(r"\{(node|ports|mirror|probe)", text)
