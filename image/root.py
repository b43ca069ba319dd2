# SPDX-License-Identifier: Apache-2.0
"""Makes a Debian in a folder, of the locked packages and no others."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from image.board import SUITE
from image.command import run
from image.lock import Package

LEAN = (
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
)
"What dpkg does not even unpack; licences stay."


def make(packages: Sequence[Package], depot: Path, place: Path, epoch: int) -> None:
    """Install the packages into `place`: a folder, or a file `*.tar` that is the same each time.

    Raises:
        BuildError: mmdebstrap, apt or dpkg failed.
    """
    shelf = place.with_name(place.name + ".shelf")
    shutil.rmtree(shelf, ignore_errors=True)
    shelf.mkdir(parents=True)
    processor = next(p.processor for p in packages if p.processor != "all")
    _shelve(packages, depot, shelf, processor)
    draft = place.with_name("draft-" + place.name)
    shutil.rmtree(draft, ignore_errors=True)
    draft.unlink(missing_ok=True) if draft.is_file() else None
    names = ",".join(package.name for package in packages)
    source = f"deb [trusted=yes] copy:{shelf} {SUITE} main"
    options = [word for line in LEAN for word in ("--dpkgopt", line)]
    run(
        ["mmdebstrap", "--quiet", "--mode=root", "--variant=essential", f"--include={names}",
         f"--architectures={processor}", *options,
         SUITE, draft, source],
        environ={"SOURCE_DATE_EPOCH": str(epoch)},
    )  # fmt: skip
    draft.rename(place)
    shutil.rmtree(shelf)


def _shelve(packages: Sequence[Package], depot: Path, shelf: Path, processor: str) -> None:
    """Make a repository of the packages alone, so that nothing else can get in."""
    entries = []
    for package in packages:
        os.link(depot / package.file, shelf / package.file)
        fields = run(["dpkg-deb", "--field", depot / package.file]).rstrip("\n")
        entries.append(
            f"{fields}\nFilename: {package.file}\nSize: {package.size}\nSHA256: {package.sha256}\n"
        )
    index = "\n".join(entries).encode()
    folder = shelf / "dists" / SUITE
    listing = folder / "main" / f"binary-{processor}" / "Packages"
    listing.parent.mkdir(parents=True)
    listing.write_bytes(index)
    name = listing.relative_to(folder)
    (folder / "Release").write_text(
        f"Origin: Qalqan\nSuite: {SUITE}\nCodename: {SUITE}\nComponents: main\n"
        f"Architectures: {processor}\nSHA256:\n"
        f" {hashlib.sha256(index).hexdigest()} {len(index)} {name}\n",
        encoding="utf-8",
    )
