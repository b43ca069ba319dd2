# SPDX-License-Identifier: Apache-2.0
"""A small file read and overwritten where it stands on the medium; standard library only.

The ESP is mounted read-only, and the sectors of such a file are written through the device below
it. So nothing but these sectors is ever written on the ESP in the life of a box: not the folder's
sector, in which a file system notes the time, and not the first one, in which it notes that it is
in use. On a file system that may be written (a desk, a rescue stick) the file itself is.
"""

import fcntl
import mmap
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 65_536
"Octets read of a file that may be written; GRUB reads all, whatever its length."

_FIBMAP, _FIGETBSZ = 1, 2
_INT = struct.Struct("i")
_DIRECT = os.O_DIRECT | os.O_DSYNC | os.O_CLOEXEC


class NotWritten(Exception):
    """The medium did not take it, or the file does not stand where it was made."""


def read(path: Path, size: int) -> bytes:
    """Return what stands on the medium, of a file of that size; b"" if it cannot be read."""
    try:
        if not _read_only(path):
            with path.open("rb") as file:
                return file.read(LONGEST)
        with _place(path, size) as (device, at):
            return _take(device, at, size)
    except (OSError, NotWritten):
        return b""


def overwrite(path: Path, octets: bytes) -> None:
    """Overwrite a file without making it shorter; return when the medium gives it back.

    Raises:
        NotWritten: It gives something else back, or the file is not there as it was made.
        OSError: The medium refuses.
    """
    if _read_only(path):
        _through_the_device(path, octets)
    else:
        _through_the_file(path, octets)


def _read_only(path: Path) -> bool:
    return bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY)


def _through_the_file(path: Path, octets: bytes) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_DSYNC | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(path, flags, 0o600)
    try:
        if os.fstat(file).st_size != len(octets):  # lost or damaged: nothing to keep
            os.ftruncate(file, len(octets))
        os.pwrite(file, octets, 0)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        _compare(path, os.pread(file, LONGEST, 0), octets)
    finally:
        os.close(file)


def _through_the_device(path: Path, octets: bytes) -> None:
    with _place(path, len(octets)) as (device, at):
        with mmap.mmap(-1, len(octets)) as aligned:
            aligned[:] = octets
            os.pwritev(device, [aligned], at)
        os.fsync(device)
        _compare(path, _take(device, at, len(octets)), octets)


def _take(device: int, at: int, size: int) -> bytes:
    with mmap.mmap(-1, size) as aligned:
        os.preadv(device, [aligned], at)
        return aligned[:]


@contextmanager
def _place(path: Path, size: int) -> Iterator[tuple[int, int]]:
    """Open the device below a file; give it, and where on it the file begins."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(file)
        if status.st_size != size:
            raise NotWritten(f"{path} has {status.st_size} octets, not {size}: flash the ESP anew")
        at = _offset(path, file, size)
    finally:
        os.close(file)
    device = os.open(_device(status.st_dev), os.O_RDWR | _DIRECT)
    try:
        yield device, at
    finally:
        os.close(device)


def _offset(path: Path, file: int, size: int) -> int:
    (unit,) = _INT.unpack(fcntl.ioctl(file, _FIGETBSZ, _INT.pack(0)))
    count = -(-size // unit)
    blocks = [_INT.unpack(fcntl.ioctl(file, _FIBMAP, _INT.pack(at)))[0] for at in range(count)]
    if blocks[0] == 0 or blocks != list(range(blocks[0], blocks[0] + count)):
        raise NotWritten(f"{path} is not in one piece on the medium: flash the ESP anew")
    return int(blocks[0]) * int(unit)


def _device(number: int) -> str:
    about = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/uevent").read_text()
    found = re.search(r"^DEVNAME=(.+)$", about, re.MULTILINE)
    if found is None:
        raise NotWritten(f"no name of device {os.major(number)}:{os.minor(number)}")
    return f"/dev/{found[1]}"


def _compare(path: Path, found: bytes, written: bytes) -> None:
    if found != written:
        raise NotWritten(f"{path}: the medium gives back other octets than were written")
