# SPDX-License-Identifier: Apache-2.0
"""The image of the Raspberry Pi: whole, and it starts and hears, by UEFI and from U-Boot on.

What is before U-Boot on a Pi, the firmware of its own processor, QEMU has not: not proven here.
"""

import subprocess
from pathlib import Path

import pytest

from image.board import ARM64, LIKE_A_PI, Board
from image.firmware import STAGES, TREES
from image.wheels import COMPILED
from tests.image.machine import running
from tests.image.test_image import EDGE_TOML, build

pytestmark = [
    pytest.mark.arm64,
    pytest.mark.root,
    pytest.mark.peer("mmdebstrap", "qemu-system-aarch64", "mcopy", "mdir"),
]

GRUB_S, HEARS_S = 180, 600
"Two machines in one: patience."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the image of the rig; return its folder."""
    folder = tmp_path_factory.mktemp("arm64")
    found = build(folder, "--arch", "arm64", "--profile", "hil", "--only", "disk")
    assert found["compatible"] == "qalqan-edge-arm64"
    assert found["files"]["packed"]["octets"] <= 170e6
    return folder


def test_what_is_compiled_is_compiled_for_it(made: Path) -> None:
    site = made / "root/usr/lib/qalqan/site-packages"
    for name in COMPILED:
        (module,) = (site / name).parent.glob(f"{Path(name).name}.*.so")
        assert module.name.endswith("-aarch64-linux-gnu.so")
        assert module.read_bytes()[18:20] == b"\xb7\x00", "e_machine is EM_AARCH64 (183)"


def test_the_pi_finds_on_the_esp_what_it_reads(made: Path) -> None:
    esp = made / "esp.img"
    said = subprocess.check_output(["mdir", "-b", "-i", esp, "::"], text=True)
    there = {line.removeprefix("::/") for line in said.split()}
    assert {*STAGES, *(f"{tree}.dtb" for tree in TREES), "config.txt"} <= there


@pytest.mark.parametrize("board", [ARM64, LIKE_A_PI], ids=["UEFI", "U-Boot"])
def test_it_starts_and_hears(made: Path, tmp_path: Path, board: Board) -> None:
    image = made / "qalqan-edge-arm64-0.1.0.img"
    with running(image, tmp_path / "disk.img", EDGE_TOML, board=board) as machine:
        machine.until(r"qalqan: starting slot A", GRUB_S)
        machine.until(r"Started .*qalqan-core", HEARS_S)
        assert "aarch64" in machine.ask("uname -m")
        assert machine.ask("systemctl --failed --no-legend --plain", 200) == ""
        assert "Booted from: system.0 (A)" in machine.ask("rauc status", 200)
