# SPDX-License-Identifier: Apache-2.0
"""A file overwritten in place, through itself, or below a file system that is mounted read-only."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.update import sectors

OLD, NEW = b"old.".ljust(1024, b"#"), b"new.".ljust(1024, b"#")


def test_a_file_is_overwritten_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "env.0"
    path.write_bytes(OLD)
    with path.open("rb") as before:
        sectors.overwrite(path, NEW)
        assert before.read() == NEW  # the same file, not another of its name
    assert sectors.read(path, 1024) == NEW


@pytest.mark.parametrize("left", [None, b"", b"short", OLD * 3])
def test_a_damaged_file_is_made_anew(tmp_path: Path, left: bytes | None) -> None:
    path = tmp_path / "env.0"
    if left is not None:
        path.write_bytes(left)
    sectors.overwrite(path, NEW)
    assert path.read_bytes() == NEW


def test_what_is_not_there_is_read_as_nothing(tmp_path: Path) -> None:
    assert sectors.read(tmp_path / "env.0", 1024) == b""
    assert sectors.read(tmp_path / "none" / "env.0", 1024) == b""


def test_another_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(OLD)
    (tmp_path / "env.0").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        sectors.overwrite(tmp_path / "env.0", NEW)
    assert (tmp_path / "elsewhere").read_bytes() == OLD


def run(*command: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A file system mounted read-only, and the disk below it; ext2, which any kernel has."""
    tree, disk, folder = tmp_path / "tree", tmp_path / "disk.img", tmp_path / "mnt"
    tree.mkdir()
    folder.mkdir()
    (tree / "env.0").write_bytes(OLD)
    (tree / "env.1").write_bytes(OLD)
    (tree / "short").write_bytes(b"short")
    (tree / "hole").touch()
    with (tree / "hole").open("r+b") as hole:
        hole.truncate(1024)
    run("mke2fs", "-q", "-t", "ext2", "-b", "1024", "-d", tree, disk, "4M")
    device = run("losetup", "--find", "--show", disk)
    try:
        run("mount", "-o", "ro", device, folder)
        yield folder, disk
    finally:
        run("umount", folder)
        run("losetup", "--detach", device)


@pytest.mark.root
@pytest.mark.peer("mke2fs", "losetup")
def test_below_a_read_only_file_system_only_the_file_changes(mounted: tuple[Path, Path]) -> None:
    folder, disk = mounted
    before = disk.read_bytes()
    sectors.overwrite(folder / "env.1", NEW)
    assert sectors.read(folder / "env.1", 1024) == NEW
    assert sectors.read(folder / "env.0", 1024) == OLD
    after = disk.read_bytes()
    sectors_of = range(0, len(before), 512)
    changed = [at for at in sectors_of if before[at : at + 512] != after[at : at + 512]]
    assert len(changed) == 1, "only the sector of the words differs"
    assert after.count(NEW) == before.count(OLD) - after.count(OLD) == 1


@pytest.mark.root
@pytest.mark.peer("mke2fs", "losetup")
@pytest.mark.parametrize(
    ("name", "why"), [("short", "5 octets"), ("hole", "not in one piece"), ("none", "No such file")]
)
def test_below_a_read_only_file_system_nothing_is_made(
    mounted: tuple[Path, Path], name: str, why: str
) -> None:
    folder, disk = mounted
    before = disk.read_bytes()
    assert sectors.read(folder / name, 1024) == b""
    with pytest.raises((sectors.NotWritten, OSError), match=why):
        sectors.overwrite(folder / name, NEW)
    assert disk.read_bytes() == before
