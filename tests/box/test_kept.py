# SPDX-License-Identifier: Apache-2.0
"""What is kept fits by sha256sum(1), as the initial RAM disk asks it; what is touched does not."""

import stat
import subprocess
from pathlib import Path

import pytest

from edge.box import kept

FILES = {"systemd/network/50-a.network": "[Match]\n", "qalqan-box/hostname": "astana-1\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data" / "qalqan").mkdir(parents=True)
    (tmp_path / "data" / "qalqan" / "edge.toml").write_text("[node]\n")
    (tmp_path / "image-id").write_text("1\n")
    return tmp_path


def keep(root: Path) -> Path:
    sources = (root / "data" / "qalqan" / "edge.toml", root / "image-id")
    box = root / "data" / "box"
    kept.keep(FILES, kept.sums_of(sources, root), box, root)
    return box


def fits(root: Path) -> bool:
    words = ["sha256sum", "--check", "--status", "data/box/stamp"]
    return subprocess.run(words, cwd=root, check=False, stderr=subprocess.DEVNULL).returncode == 0


def test_what_is_kept_fits_and_can_be_read(root: Path) -> None:
    box = keep(root)
    assert fits(root)
    kept_files = [path for path in (box / "run").rglob("*") if path.is_file()]
    assert {str(path.relative_to(box / "run")) for path in kept_files} == set(FILES)
    for path in (box / "run").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o044 == 0o044, "systemd-networkd is no root"


@pytest.mark.parametrize(
    "name",
    ["data/qalqan/edge.toml", "image-id", "data/box/run/systemd/network/50-a.network"],
)
def test_what_has_changed_does_not_fit(root: Path, name: str) -> None:
    keep(root)
    (root / name).write_text("another\n")
    assert not fits(root)
    keep(root)
    assert fits(root)


def test_what_is_gone_does_not_fit(root: Path) -> None:
    (keep(root) / "run" / "qalqan-box" / "hostname").unlink()
    assert not fits(root)


def test_what_is_not_made_any_more_is_not_kept(root: Path) -> None:
    box = keep(root)
    (box / "run" / "systemd" / "network" / "50-old.network").write_text("")
    keep(root)
    assert not (box / "run" / "systemd" / "network" / "50-old.network").exists()


def test_a_cut_before_all_is_there_leaves_no_stamp(root: Path, monkeypatch) -> None:
    box = keep(root)
    monkeypatch.setattr("os.sync", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        keep(root)
    assert not (box / "stamp").exists()
    assert not fits(root)


def test_forgotten_it_is_made_anew(root: Path) -> None:
    kept.forget(keep(root))
    assert not fits(root)


def test_a_source_that_is_not_there_is_told(root: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        kept.sums_of((root / "gone",), root)
