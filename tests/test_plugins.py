# SPDX-License-Identifier: Apache-2.0
"""Drivers are found by entry point. Other people's packages stand on disk for the test."""

import sys
from pathlib import Path

import pytest

from edge import plugins
from edge.errors import ConfigError, UnknownDriver


def install(folder: Path, package: str, lines: str) -> None:
    """Put the metadata of a package into `folder`, as an installer would."""
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(lines)


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_name_gives_the_driver_of_that_name() -> None:
    assert {"memory", "pcap"} <= set(plugins.names("taps"))
    assert plugins.load("taps", "pcap").name == "pcap"


def test_listing_imports_nothing(foreign: Path) -> None:
    (foreign / "unwanted_driver.py").write_text("raise RuntimeError('was imported')\n")
    install(foreign, "unwanted", "[qalqan.taps]\nunwanted = unwanted_driver:DRIVER\n")
    assert "unwanted" in plugins.names("taps")
    assert "unwanted_driver" not in sys.modules


def test_an_unknown_name_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UnknownDriver, match=r"'pcab' .*did you mean 'pcap'\?.*memory, .*pcap"):
        plugins.load("taps", "pcab")


def test_two_of_one_name_are_one_too_many(foreign: Path) -> None:
    install(foreign, "other", "[qalqan.taps]\npcap = other.tap:DRIVER\n")
    with pytest.raises(ConfigError, match="two taps are named 'pcap'"):
        plugins.load("taps", "memory")


def test_a_driver_that_cannot_be_imported_says_why(foreign: Path) -> None:
    install(foreign, "broken", "[qalqan.taps]\nbroken = no_such_module:DRIVER\n")
    with pytest.raises(ConfigError, match=r"'broken' .* cannot be imported: .*no_such_module"):
        plugins.load("taps", "broken")


def test_an_entry_point_to_something_else_is_no_driver(foreign: Path) -> None:
    install(foreign, "wrong", "[qalqan.taps]\nwrong = drivers.taps.pcap:DRIVER\n")
    with pytest.raises(ConfigError, match="is not the driver 'wrong'"):
        plugins.load("taps", "wrong")
