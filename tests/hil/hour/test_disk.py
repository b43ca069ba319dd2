# SPDX-License-Identifier: Apache-2.0
"""A disk that is really full, but for a block at times; and empty again when it is over."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.hour.disk import BLOCK, full
from hil.region.world import until
from tests.small_disk import small_disk

pytestmark = [pytest.mark.root, pytest.mark.peer("mount", "umount")]

DISK = 8 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", DISK) as folder:
        yield folder


def left(disk: Path) -> int:
    facts = os.statvfs(disk)
    return facts.f_bavail * facts.f_frsize


def test_it_is_full_but_for_a_block_at_times_and_empty_again(disk):
    before = left(disk)
    with full(disk):
        for _ in range(2):
            until(lambda: not left(disk), "the disk is full")
            until(lambda: left(disk) == BLOCK, "a block gets free")
    assert left(disk) == before
    assert not list(disk.iterdir())


def test_what_others_take_of_it_stays_theirs(disk):
    with full(disk):
        until(lambda: left(disk) == BLOCK, "a block gets free")
        until(lambda: _written(disk / "theirs"), "somebody else finds room")
    assert (disk / "theirs").read_bytes() == bytes(BLOCK)


def _written(path: Path) -> bool:
    try:
        return path.write_bytes(bytes(BLOCK)) == BLOCK
    except OSError:
        return False
