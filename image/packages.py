# SPDX-License-Identifier: Apache-2.0
"""What of Debian is asked for, by hand. What that leads to stands in `packages.lock`."""

import re

from image.board import Board
from image.places import listed

SYSTEM = listed("system")
"What the appliance runs on. There is no login, no shell on the network and no package manager."

TOOLS = listed("tools")
"What builds the image, in a folder of its own: the same on Debian 12 and 13."

CROSS = ["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"]
"What compiles for the other board."

KEPT = re.compile(
    r"linux-image-[0-9].*|busybox-static|grub-efi-.*-bin|u-boot-rpi|raspi-firmware|libpython3.*-(dev|minimal)"
)
"Of what is only unpacked, never installed: whatever else they would pull in is not wanted."


def unpacked(board: Board) -> list[str]:
    """Return what is unpacked beside the system: kernel, first program, loader."""
    names = [board.kernel, "busybox-static", board.grub]
    if board.debian == "arm64":
        names += ["u-boot-rpi", "raspi-firmware", "libpython3-dev"]
    return names
