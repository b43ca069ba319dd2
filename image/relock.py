# SPDX-License-Identifier: Apache-2.0
"""Resolves the packages anew and writes `packages.lock`: `make image-lock`."""

from image import packages
from image.apt import Apt
from image.board import BOARDS
from image.command import Progress
from image.lock import write
from image.places import DEBIAN_LOCK, MADE


def main() -> None:
    """Write the lock."""
    progress, lock = Progress(), {}
    apts = {name: Apt(MADE / "apt", name) for name in ("amd64", "arm64")}
    for name, apt in apts.items():
        progress.say(f"index of {name}")
        apt.refresh()
    lock["tools"] = apts["amd64"].resolve(packages.TOOLS, essential=True)
    plain = {package.file for package in lock["tools"]}
    cross = apts["amd64"].resolve([*packages.TOOLS, *packages.CROSS], essential=True)
    lock["cross"] = [package for package in cross if package.file not in plain]
    for board in BOARDS.values():
        apt = apts[board.debian]
        lock[f"{board.name}.system"] = apt.resolve(packages.SYSTEM, essential=True)
        beside = apt.resolve(packages.unpacked(board), essential=False)
        lock[f"{board.name}.unpacked"] = [p for p in beside if packages.KEPT.fullmatch(p.name)]
    write(DEBIAN_LOCK, lock)
    for name, found in lock.items():
        size = sum(package.size for package in found) / 1e6
        progress.say(f"{name}: {len(found)} packages, {size:.0f} MB")


if __name__ == "__main__":
    main()
