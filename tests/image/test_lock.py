# SPDX-License-Identifier: Apache-2.0
"""The lock of Debian packages says exactly which files, and is refused when a file is another."""

import hashlib
from pathlib import Path

import pytest

from image import lock, packages
from image.board import BOARDS
from image.lock import Package
from image.places import DEBIAN_LOCK

A = Package("a" * 64, 12, "libcap2_1%3a2.75-10+b3_amd64.deb")
B = Package("b" * 64, 123456, "tzdata_2026f-0+deb13u1_all.deb")


def test_a_package_is_named_by_its_file() -> None:
    assert (A.name, A.version, A.processor) == ("libcap2", "1:2.75-10+b3", "amd64")
    assert (B.name, B.version, B.processor) == ("tzdata", "2026f-0+deb13u1", "all")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    meant = {"tools": [A], "x86_64.system": [A, B]}
    lock.write(tmp_path / "lock", meant)
    assert lock.read(tmp_path / "lock") == meant


@pytest.mark.parametrize(
    ("kept", "there"), [(b"twelve bytes", True), (b"Twelve bytes", False), (b"twelve", False)]
)
def test_a_file_must_be_the_one_meant(tmp_path: Path, kept: bytes, *, there: bool) -> None:
    package = Package(hashlib.sha256(b"twelve bytes").hexdigest(), 12, A.file)
    assert not package.is_in(tmp_path)
    (tmp_path / package.file).write_bytes(kept)
    assert package.is_in(tmp_path) is there


def test_a_digest_changes_with_every_package() -> None:
    assert lock.digest([A]) != lock.digest([A, B])
    assert lock.digest([A, B]) != lock.digest([B, A])
    assert lock.digest([A]) != lock.digest([A], "more")


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_the_lock_of_the_house_has_all_that_is_asked_for(board) -> None:
    found = lock.read(DEBIAN_LOCK)
    system = {package.name for package in found[f"{board.name}.system"]}
    assert set(packages.SYSTEM) <= system
    assert not {"login", "openssh-server", "apt", "initramfs-tools"} & system
    beside = [package.name for package in found[f"{board.name}.unpacked"]]
    assert sum(name.startswith("linux-image-6") for name in beside) == 1
    assert {"busybox-static", board.grub} <= set(beside)
    assert {p.processor for p in found[f"{board.name}.system"]} == {board.debian, "all"}
    assert set(packages.TOOLS) <= {package.name for package in found["tools"]}
