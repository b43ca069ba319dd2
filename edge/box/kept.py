# SPDX-License-Identifier: Apache-2.0
"""Keeps what is made of the configuration, so that the next start need not make it again.

    box/run/      what belongs below /run, as it stands there
    box/stamp     SHA-256 of all that, and of what it was made of: lines of sha256sum(1)

The initial RAM disk checks the stamp before it puts the files in place, and so before systemd
reads them (image/initrd/init). Another configuration, another image, a file that is damaged: then
the stamp does not fit, and all is made anew. It is taken away before a file is touched, and written
when all is on disk: a power cut in between leaves none. Root alone may write there.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from edge.blocklist.store import replace, sync_folder

FILES = "run"
STAMP = "stamp"


def sums_of(sources: tuple[Path, ...], root: Path) -> list[str]:
    """Return lines of sha256sum(1) with names relative to a root. Raises `OSError`."""
    return [_sum(path.resolve(strict=True), root) for path in sources]


def _sum(path: Path, root: Path) -> str:
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n"


def keep(files: Mapping[str, str], sums: list[str], box: Path, root: Path = Path("/")) -> None:
    """Keep files, by their names below /run. Raises `OSError`: then nothing is kept.

    Args:
        files: What they say.
        sums: Of what they were made of, taken before that was read.
        box: Where they are kept.
        root: What the names in the stamp are relative to.
    """
    forget(box)
    shutil.rmtree(box / FILES, ignore_errors=True)
    written = []
    for name, text in files.items():
        path = box / FILES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        for folder in list(path.relative_to(box).parents)[:-1]:
            (box / folder).chmod(0o755)
        written.append(path.resolve())
    os.sync()
    replace(box / STAMP, "".join([*sums, *(_sum(path, root) for path in written)]).encode())


def forget(box: Path) -> None:
    """Have all made anew at the next start. Raises `OSError`."""
    box.mkdir(exist_ok=True, mode=0o700)
    (box / STAMP).unlink(missing_ok=True)
    sync_folder(box)
