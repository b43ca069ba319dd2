# SPDX-License-Identifier: Apache-2.0
"""The part of the map that takes orders: what each kind of command is bound to."""

from pathlib import Path
from typing import get_args

from edge.orders import Ordered, actions
from edge.report.command.act import Update
from edge.report.message import CommandKind
from edge.uplink import Uplink
from edge.uplink_parts import Start
from tests.test_uplink import HUB, built
from tests.trust.centre import Centre


def test_every_kind_of_the_wire_is_done(tmp_path: Path) -> None:
    centre = Centre(tmp_path / "centre")
    root = centre.folder / "metadata" / "1.root.json"

    def look(start: Start, uplink: Uplink) -> None:
        assert uplink.follow is not None
        able = actions(start, Ordered(uplink.follow, {}, uplink.trial, uplink.firmware))
        assert able.keys() == set(get_args(CommandKind))
        assert isinstance(able["update"], Update)

    built(tmp_path, f'{HUB.format("false")}root = "{root}"\nlists = ["fraud"]\n', look)
