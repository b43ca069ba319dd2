# SPDX-License-Identifier: Apache-2.0
"""A partition of a disk in a file grows to its end, whatever it was, once."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.box.grow import SLACK, grow, mark, partition_of
from edge.errors import InputError

MIB = 1 << 20
TABLE = """label: gpt
size=4MiB, name=esp
size=16MiB, name=data, type=linux
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk larger than the image that was written to it: its table ends too early."""
    image = tmp_path / "disk"
    image.touch()
    run("truncate", "--size=24M", str(image))
    subprocess.run(["sfdisk", "--quiet", str(image)], input=TABLE.encode(), check=True)
    run("truncate", "--size=64M", str(image))
    device = run("losetup", "--find", "--show", str(image)).strip()
    try:
        run("partx", "--update", device)  # also where the kernel reads no tables by itself
        node = tmp_path / f"{Path(device).name}p2"  # no udev may be here to make it
        numbers = Path(f"/sys/class/block/{node.name}/dev").read_text().strip().split(":")
        run("mknod", str(node), "b", *numbers)
        run("mkfs.ext4", "-q", str(node))
        label = tmp_path / "data"
        label.symlink_to(node)
        yield label
    finally:
        run("partx", "--delete", device)
        run("losetup", "--detach", device)


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


@contextmanager
def mounted(label: Path, folder: Path) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    run("mount", str(label.resolve()), str(folder))
    try:
        yield folder
    finally:
        run("umount", str(folder))


@pytest.mark.root
@pytest.mark.peer("sfdisk", "losetup", "partx", "resize2fs", "mkfs.ext4", "e2fsck")
def test_it_grows_to_the_end_of_the_disk(disk: Path, tmp_path: Path) -> None:
    """Not mounted: to grow what is takes CAP_SYS_RESOURCE, which not every test machine has."""
    with mounted(disk, tmp_path / "mounted") as folder:
        (folder / "kept").write_text("before")
    run("e2fsck", "-f", "-p", str(disk.resolve()))
    with disk.resolve().open("rb"):  # as a mount does, this keeps it from being made anew
        assert "16 MiB, now" in grow(disk)
    after = partition_of(disk)
    assert (after.rest <= SLACK, after.octets > 40 * MIB) == (True, True)
    grow(disk)
    assert partition_of(disk) == after, "a second time there is nothing to do"
    with mounted(disk, tmp_path / "mounted") as folder:
        seen = os.statvfs(folder)
        assert seen.f_blocks * seen.f_frsize > 32 * MIB
        assert (folder / "kept").read_text() == "before"
        mark(folder / ".grown")
        assert (folder / ".grown").exists()


def test_there_is_no_such_partition(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no partition"):
        grow(tmp_path / "data")
