# SPDX-License-Identifier: Apache-2.0
"""The part of the map that updates: what runs is known, and each connection has a name."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge import __version__
from edge.errors import ConfigError
from edge.report import topic
from edge.update.line import Line
from edge.update.state import State
from edge.updating import bulk_terms, installed_version, named_root
from edge.uplink import Uplink
from edge.uplink_parts import Start
from tests.test_uplink import HUB, built
from tests.trust.centre import Centre


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('ID=debian\nIMAGE_ID=qalqan-edge\nIMAGE_VERSION="1.4.2"\n', "1.4.2"),
        ("IMAGE_VERSION=7\n", "7"),
        ("ID=debian\n", __version__),
        ("", __version__),
        ("nonsense\n\xff", __version__),
    ],
)
def test_what_runs_is_the_image_or_this_program(tmp_path: Path, text: str, version: str) -> None:
    path = tmp_path / "os-release"
    assert installed_version(path) == __version__
    path.write_bytes(text.encode("latin-1"))
    assert installed_version(path) == version


def test_a_box_that_takes_firmware_hears_campaigns(tmp_path: Path) -> None:
    centre = Centre(tmp_path / "centre")
    root = centre.folder / "metadata" / "1.root.json"

    def look(start: Start, uplink: Uplink) -> None:
        assert uplink.firmware is not None
        assert uplink.spoken.handlers[topic.CAMPAIGN] == uplink.firmware.hear
        assert (start.places.update / "trust" / "root.json").exists()
        assert uplink.firmware.update is None
        assert State.QUEUED.value == "queued"

    built(tmp_path, f'{HUB.format("false")}root = "{root}"\nfirmware = true\n', look)


@pytest.mark.parametrize(
    ("bulk", "brokers", "client"),
    [((), ("a:1",), "bench.bulk"), (("b:2", "c:3"), ("b:2", "c:3"), "bench")],
)
def test_the_second_connection_does_not_take_over_the_first(
    bulk: tuple[str, ...], brokers: tuple[str, ...], client: str
) -> None:
    hub = SimpleNamespace(brokers=("a:1",), bulk_brokers=bulk, keepalive_s=30)
    node = SimpleNamespace(name="bench")
    start: Any = SimpleNamespace(config=SimpleNamespace(hub=hub, node=node), identity=None)
    terms = bulk_terms(start, Line())
    assert (terms.brokers, terms.client, terms.lasting) == (brokers, client, False)


def test_a_root_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no root"), named_root(tmp_path / "none"):
        pass
