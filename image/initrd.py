# SPDX-License-Identifier: Apache-2.0
"""The initial RAM disk: busybox, one script, the drivers of disks. The same octets each time."""

import lzma
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from image import modules
from image.command import Inside
from image.places import HERE, listed

TOOLS = listed("busybox")
FOLDERS = ("bin", "dev", "lib", "proc", "run", "sys", "sysroot", "tmp")
CONSOLE = (5, 1)
"Major and minor number: what the kernel opens before there is anything in /dev."
BLOCK = 512


def gather(unpacked: Path, tree: Path, tools: Inside, place: Path) -> None:
    """Lay out the RAM disk in a folder.

    Args:
        unpacked: Where the kernel and busybox were unpacked.
        tree: The pruned `lib/modules/VERSION`.
        tools: Programs.
        place: The folder; made anew.

    Raises:
        BuildError: depmod failed.
    """
    shutil.rmtree(place, ignore_errors=True)
    for name in FOLDERS:
        (place / name).mkdir(parents=True)
    shutil.copy2(unpacked / "usr/bin/busybox", place / "bin/busybox")
    for name in TOOLS:
        (place / "bin" / name).symlink_to("busybox")
    (place / "sbin").symlink_to("bin")  # where the kernel looks for modprobe
    shutil.copy2(HERE / "initrd" / "init", place / "init")
    target = place / "lib/modules" / tree.name
    for name in modules.early((tree / "modules.dep").read_text(encoding="utf-8")):
        path = (target / name).with_suffix("")  # without .xz: busybox need not unpack them
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(lzma.decompress((tree / name).read_bytes()))
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copy2(tree / name, target / name)
    tools.run(["depmod", "--basedir", place, tree.name])
    for path in target.glob("modules.*.bin"):
        path.unlink()  # busybox reads the texts


def pack(place: Path, epoch: int) -> bytes:
    """Return the folder as an archive in the kernel's format (initramfs buffer format, `newc`)."""
    parts = [_entry(number, path, place, epoch) for number, path in enumerate(_all(place), 1)]
    parts.append(_record(0, "dev/console", stat.S_IFCHR | 0o600, b"", epoch, CONSOLE))
    parts.append(_record(0, "TRAILER!!!", 0, b"", 0))
    whole = b"".join(parts)
    return whole + bytes(-len(whole) % BLOCK)


def _all(place: Path) -> Iterator[Path]:
    yield from sorted(place.rglob("*"))


def _entry(number: int, path: Path, place: Path, epoch: int) -> bytes:
    mode, name = path.lstat().st_mode, path.relative_to(place).as_posix()
    if path.is_symlink():
        body = str(path.readlink()).encode()
    else:
        body = path.read_bytes() if path.is_file() else b""
    return _record(number, name, mode, body, epoch)


def _record(
    number: int, name: str, mode: int, body: bytes, epoch: int, device: tuple[int, int] = (0, 0)
) -> bytes:
    """Return one member: inode, name, mode, contents, time, device number."""
    fields = (number, mode, 0, 0, 1, epoch, len(body), 0, 0, *device, len(name) + 1, 0)
    head = b"070701" + "".join(f"{field:08X}" for field in fields).encode()
    head += name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + body + bytes(-len(body) % 4)
