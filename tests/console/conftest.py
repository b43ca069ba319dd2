# SPDX-License-Identifier: Apache-2.0
"""A box that heard real captures, and its page, for all tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.config import Config
from tests.console.site_house import Site, as_of_now, furnish, shown

CAPTURES = ("spoofed_7172.pcap", "plain_calls.pcap", "emergency.pcapng", "cyrillic.pcap")


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return furnish(tmp_path_factory.mktemp("box"), *CAPTURES)


@pytest.fixture(scope="module")
def open_site(heard: Config) -> Iterator[Site]:
    with shown(heard) as site:
        yield site


@pytest.fixture
def site(open_site: Site) -> Site:
    as_of_now(open_site.desk.config)
    return open_site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "page"
