# SPDX-License-Identifier: Apache-2.0
"""What the table `[page]` takes."""

from pathlib import Path

import pytest

from edge.config import parse
from edge.errors import ConfigError


def test_paths_are_beside_the_file(tmp_path: Path) -> None:
    text = '[node]\nname = "a"\n[page]\npeople = "127.0.0.1:1"\ncertificate = "a.pem"\n'
    found = parse(text, tmp_path / "edge.toml").page
    assert (found.certificate, found.key) == (tmp_path / "a.pem", None)


def test_a_place_is_an_address_and_a_port(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"page\.people"):
        parse('[node]\nname = "a"\n[page]\npeople = "everywhere"\n', tmp_path / "edge.toml")
