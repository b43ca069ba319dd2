# SPDX-License-Identifier: Apache-2.0
"""Makes file systems out of folders, without mounting any: the same octets each time."""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

from image.command import Inside

HOUSE = uuid.UUID("5b1c1a52-6c1f-4c3f-9d55-0d2f0b7a6a01")
"Names of ours are made in this namespace (RFC 9562 5.5)."


def named(*words: str) -> str:
    """Return a UUID that is the same for the same words."""
    return str(uuid.uuid5(HOUSE, " ".join(words)))


def erofs(tree: Path, image: Path, name: str, tools: Inside, epoch: int) -> None:
    """Write a folder as a read-only file system.

    lz4hc, and not what packs better: after a small change few blocks of the image differ.

    Raises:
        BuildError: mkfs.erofs failed.
    """
    image.unlink(missing_ok=True)
    tools.run(
        ["mkfs.erofs", "--quiet", "-zlz4hc,12", f"-T{epoch}", "-U", named(name, "erofs"),
         "--workers=2", image, tree],
    )  # fmt: skip


def fat(
    files: Mapping[str, Path], image: Path, size: int, name: str, tools: Inside, epoch: int
) -> None:
    """Write files, by their path in it, as a FAT of `size` octets.

    Raises:
        BuildError: mkfs.fat or mtools failed: it may be too small.
    """
    image.unlink(missing_ok=True)
    with image.open("wb") as out:
        out.truncate(size)
    number = named(name, "fat")[:8]
    environ = {"SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1"}
    tools.run(["mkfs.fat", "--invariant", "-F", "32", "-i", number, "-n", name[:11].upper(), image])
    folders = sorted({str(parent) for path in files for parent in Path(path).parents} - {"."})
    if folders:
        tools.run(["mmd", "-i", image, *(f"::{folder}" for folder in folders)], environ=environ)
    for path, source in files.items():
        os.utime(source, (epoch, epoch))
        tools.run(["mcopy", "-m", "-i", image, source, f"::{path}"], environ=environ)


def ext4(tree: Path, image: Path, size: int, name: str, tools: Inside, epoch: int) -> None:
    """Write a folder as an ext4 of `size` octets that can grow while it is in use.

    Raises:
        BuildError: mke2fs failed.
    """
    image.unlink(missing_ok=True)
    with image.open("wb") as out:
        out.truncate(size)
    for path in [tree, *tree.rglob("*")]:
        os.utime(path, (epoch, epoch))
    tools.run(
        ["mke2fs", "-q", "-t", "ext4", "-m", "0", "-I", "256", "-L", name, "-J", "size=32",
         "-U", named(name, "ext4"), "-O", "metadata_csum,64bit", "-d", tree,
         "-E", f"hash_seed={named(name, 'hash')},lazy_itable_init=0,lazy_journal_init=0", image],
        environ={"SOURCE_DATE_EPOCH": str(epoch), "E2FSPROGS_FAKE_TIME": str(epoch)},
    )  # fmt: skip
