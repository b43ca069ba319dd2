# SPDX-License-Identifier: Apache-2.0
"""A root of another Debian is made once; what cannot be made is said, and leaves nothing."""

from pathlib import Path

import pytest

from edge.errors import ConfigError
from hil import debian


def test_one_that_is_there_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # nothing could be made
    (tmp_path / "root" / "etc").mkdir(parents=True)
    debian.make(tmp_path / "root", "trixie", "hello")
    assert (tmp_path / "root" / "etc").is_dir()


def test_one_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="a Debian trixie with hello cannot be made"):
        debian.make(tmp_path / "build" / "root", "trixie", "hello")
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["root.lock"]
