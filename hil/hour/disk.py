# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, and gives back a block at times: each write may end elsewhere."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from threading import Event, Thread

LEAVES_FIRST = 1 << 20
"Of a disk that is taken in one: the rest is, too, block by block, whoever writes beside us."
BLOCK, TURN_S = 4096, 0.25
"Given back, and how long until it is taken again, if nobody else did."


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Fill the file system of a folder, by a file in it, and give back a block in turns."""
    filled, facts, over = folder / "filled", os.statvfs(folder), Event()
    with filled.open("ab", buffering=0) as file:
        with suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, facts.f_bavail * facts.f_frsize - LEAVES_FIRST)
        filling = Thread(target=_fill, args=(file, over), name="disk", daemon=True)
        filling.start()
        try:
            yield
        finally:
            over.set()
            filling.join()
            filled.unlink(missing_ok=True)


def _fill(file: FileIO, over: Event) -> None:
    """Take all that is free, and give back a block, in turns, until it is over."""
    while not over.is_set():
        with suppress(OSError):
            while file.write(bytes(BLOCK)):
                pass
        if not over.wait(TURN_S):
            file.truncate(os.fstat(file.fileno()).st_size - BLOCK)
            over.wait(TURN_S)
