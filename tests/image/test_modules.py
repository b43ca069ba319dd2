# SPDX-License-Identifier: Apache-2.0
"""Pruning drivers leaves none that could not be loaded, and misses none that is needed."""

from pathlib import Path

import pytest

from image import modules

DEP = """\
kernel/fs/erofs/erofs.ko.xz: kernel/fs/netfs/netfs.ko.xz kernel/lib/libcrc32c.ko.xz
kernel/fs/netfs/netfs.ko.xz:
kernel/lib/libcrc32c.ko.xz:
kernel/drivers/block/virtio_blk.ko.xz:
kernel/drivers/net/wireless/card.ko.xz: kernel/net/wireless/cfg80211.ko.xz
kernel/net/wireless/cfg80211.ko.xz:
kernel/drivers/net/usb/stick.ko.xz: kernel/net/wireless/cfg80211.ko.xz
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for line in DEP.splitlines():
        path = tmp_path / line.partition(":")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "modules.dep").write_text(DEP)
    (tmp_path / "modules.builtin").write_text("kernel/net/packet/af_packet.ko\n")
    return tmp_path


def test_what_depends_on_the_dropped_goes_too(tree: Path) -> None:
    modules.prune(tree)
    left = {path.name for path in tree.rglob("*.ko.xz")}
    assert left == {"erofs.ko.xz", "netfs.ko.xz", "libcrc32c.ko.xz", "virtio_blk.ko.xz"}


def test_a_driver_that_is_needed_is_missed(tree: Path) -> None:
    (tree / "kernel/fs/erofs/erofs.ko.xz").unlink()
    missing = modules.missing(tree, "x86_64")
    assert "fs/erofs/erofs" in missing
    assert "drivers/block/virtio_blk" not in missing
    assert "net/packet/af_packet" not in missing, "built in is as good"


def test_early_drivers_bring_what_they_need() -> None:
    assert modules.early(DEP) == [
        "kernel/drivers/block/virtio_blk.ko.xz",
        "kernel/fs/erofs/erofs.ko.xz",
        "kernel/fs/netfs/netfs.ko.xz",
        "kernel/lib/libcrc32c.ko.xz",
    ]
