# SPDX-License-Identifier: Apache-2.0
"""Reads and writes `packages.lock`: every Debian package by version and SHA-256."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

HEAD = """\
# SPDX-License-Identifier: Apache-2.0
# Every Debian package of the image and of what builds it. Renewed by `make image-lock`.
"""


class Package(NamedTuple):
    """One file of Debian's."""

    sha256: str
    size: int
    file: str
    "Its name as apt writes it: `name_version_processor.deb`."

    @property
    def name(self) -> str:
        """Name of the package."""
        return self.file.split("_", 1)[0]

    @property
    def version(self) -> str:
        """Version of the package."""
        return unquote(self.file.split("_", 2)[1])

    @property
    def processor(self) -> str:
        """Debian's name of the processor, or `all`."""
        return self.file.removesuffix(".deb").rsplit("_", 1)[1]

    def is_in(self, depot: Path) -> bool:
        """Return whether the file is there, and is the one meant."""
        path = depot / self.file
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        return hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


Lock = Mapping[str, list[Package]]
"Packages by what they are for: `tools`, `x86_64.system`, `x86_64.unpacked`, ..."


def read(path: Path) -> Lock:
    """Return what is locked."""
    found: dict[str, list[Package]] = {}
    section: list[Package] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            sha256, size, file = line.split()
            section.append(Package(sha256, int(size), file))
    return found


def write(path: Path, lock: Lock) -> None:
    """Keep what was resolved."""
    parts = [HEAD]
    for name, packages in lock.items():
        parts.append(f"\n[{name}]\n")
        parts += [f"{package.sha256} {package.size:>9} {package.file}\n" for package in packages]
    path.write_text("".join(parts), encoding="utf-8")


def digest(packages: Iterable[Package], *more: str) -> str:
    """Return a short name for what is made of these packages and of `more`."""
    whole = "\n".join([*(package.sha256 for package in packages), *more])
    return hashlib.sha256(whole.encode()).hexdigest()[:12]
