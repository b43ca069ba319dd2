# SPDX-License-Identifier: Apache-2.0
"""A private file is its owner's alone, and whole."""

import stat
from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.trust.private import write_private


def test_it_is_for_one_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "identity" / "secret"
    write_private(path, b"1")
    write_private(path, b"2")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"2", 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["secret"]
    assert path.stat().st_uid == path.parent.stat().st_uid


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="secret"):
        write_private(tmp_path / "file" / "secret", b"1")
