# SPDX-License-Identifier: Apache-2.0
"""What a Raspberry Pi reads lies on its ESP; a PC has nothing of it."""

from pathlib import Path

import pytest

from image import firmware
from image.board import ARM64, X86_64
from image.command import BuildError

KERNEL = "usr/lib/linux-image-6.12-arm64/broadcom"


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    names = [*firmware.STAGES.values(), *(f"{KERNEL}/{tree}.dtb" for tree in firmware.TREES)]
    for name in names:
        path = tmp_path / "unpacked" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "unpacked"


def test_a_pc_needs_none(unpacked: Path, tmp_path: Path) -> None:
    assert firmware.files(X86_64, unpacked, tmp_path) == {}


def test_a_pi_finds_its_stages_a_tree_for_each_board_and_where_to_go_on(
    unpacked: Path, tmp_path: Path
) -> None:
    found = firmware.files(ARM64, unpacked, tmp_path)
    assert {"start4.elf", "fixup4.dat", "u-boot.bin", "bcm2711-rpi-4-b.dtb"} <= found.keys()
    lines = found["config.txt"].read_text().splitlines()
    words = dict(line.split("=") for line in lines if line and not line.startswith("#"))
    assert words["arm_64bit"] == "1"
    assert words["kernel"] in found, "what the firmware is told to start is there"


@pytest.mark.parametrize(
    "lost", ["usr/lib/u-boot/rpi_arm64/u-boot.bin", f"{KERNEL}/bcm2711-rpi-4-b.dtb"]
)
def test_what_is_missing_is_named(unpacked: Path, tmp_path: Path, lost: str) -> None:
    (unpacked / lost).unlink()
    with pytest.raises(BuildError, match=Path(lost).name):
        firmware.files(ARM64, unpacked, tmp_path)


def test_a_kernel_without_trees_is_said(tmp_path: Path, unpacked: Path) -> None:
    for path in (unpacked / KERNEL).iterdir():
        path.unlink()
    (unpacked / KERNEL).rmdir()
    (unpacked / KERNEL).parent.rmdir()
    with pytest.raises(BuildError, match="its trees"):
        firmware.files(ARM64, unpacked, tmp_path)
