# SPDX-License-Identifier: Apache-2.0
"""Takes a box out of service: nothing that it knew of anybody, and no key, is left on it.

Each file is written over, put on disk, and unlinked. Blocks of files that were deleted before are
reached by `fill` alone. On flash, and on file systems that copy, all that is a best effort: cells
that hold an older copy are out of reach of any program. Where that matters the disk is encrypted,
or destroyed.

A mark is left, so that no process starts by mistake and begins to collect anew.
"""

import fcntl
import os
import stat
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from edge.blocklist.store import replace, sync_folder
from edge.config import Config
from edge.errors import ConfigError
from edge.places import places_of

MARK = "decommissioned"
"In the folder of the state."

_CHUNK = 1 << 20
_EXT4_IOC_CHECKPOINT = 0x4004662B
_AND_WRITE_OVER_THE_JOURNAL = 2
"As linux/ext4.h has them: `_IOW('f', 43, __u32)`, `EXT4_IOC_CHECKPOINT_FLAG_ZEROOUT`."


class Mark(msgspec.Struct, frozen=True):
    """What is left of a box."""

    node: str
    at_s: int
    wiped: bool = False
    "Whether all of it is gone; if not, `qalqan decommission` goes on."


def mark_of(state: Path) -> Mark | None:
    """Return the mark of a box that was taken out of service; None where one is in it."""
    path = state / MARK
    if not path.exists():
        return None
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(path.read_bytes(), type=Mark)
    return Mark("", 0)


def refuse(state: Path) -> None:
    """Let no process of a box start that was taken out of service. Raises `ConfigError`."""
    if mark_of(state):
        raise ConfigError(
            f"this box was decommissioned; remove {state / MARK} to use it again as a new one"
        )


def folders_of(config: Config) -> tuple[Path, ...]:
    """Return the folders in which a box keeps what it knows, the keys first."""
    places = places_of(config)
    return places.identity, places.lists, places.state


def users_of(folders: Iterable[Path], proc: Path = Path("/proc")) -> dict[int, str]:
    """Return the processes that have a file open in these folders, as far as we may see."""
    inside = tuple(f"{folder.resolve()}/" for folder in folders)
    found: dict[int, str] = {}
    for process in proc.iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        with suppress(OSError):
            for opened in (process / "fd").iterdir():
                with suppress(OSError):
                    if str(opened.readlink()).startswith(inside):
                        found[int(process.name)] = (process / "comm").read_text().strip()
                        break
    return found


def wipe(config: Config, now_s: int, tell: Callable[[Path], object] = lambda _: None) -> None:
    """Leave nothing but the mark. A second call goes on where a cut ended the first.

    Raises `ConfigError` naming all that could not be wiped; the rest is gone all the same.
    """
    state = config.node.state_dir
    folders = folders_of(config)
    _only_ours(folders)
    mark = Mark(config.node.name, now_s)
    state.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # a full disk has no room for it yet
        replace(state / MARK, msgspec.json.encode(mark))
    left = [line for folder in folders for line in _wipe_folder(folder, state / MARK, tell)]
    if left:
        raise ConfigError("these are not wiped:\n" + "\n".join(left))
    replace(state / MARK, msgspec.json.encode(msgspec.structs.replace(mark, wiped=True)))


def fill(state: Path) -> int:
    """Write over all that is free on the file system of a folder; returns how many octets.

    It is full for a moment, so that it may not be the one that the machine runs on: `ConfigError`,
    as for who may not have all of it.
    """
    device = state.stat().st_dev
    if device == Path("/").stat().st_dev:
        raise ConfigError(f"{state} is on the disk that the machine runs on, which is not filled")
    path, octets = state / "filling", 0
    os.sync()  # what was unlinked is free only once the file system has noted it
    with _nothing_kept_back(device), path.open("wb", buffering=0) as file:
        for size in (_CHUNK, os.statvfs(state).f_frsize):  # the last few blocks go one by one
            with suppress(OSError):
                while True:
                    octets += file.write(bytes(size))
            os.fsync(file.fileno())
        # Where its blocks are noted, too, is free space that was taken: until the journal is worked
        # off, nothing new stands there, and if the file is unlinked before, it never will.
        with suppress(OSError):  # no ext4, or none of Linux 5.15
            fcntl.ioctl(file, _EXT4_IOC_CHECKPOINT, struct.pack("I", _AND_WRITE_OVER_THE_JOURNAL))
    path.unlink()
    sync_folder(state)
    return octets


@contextmanager
def _nothing_kept_back(device: int) -> Iterator[None]:
    """Have ext4 give even what it keeps for itself, a fiftieth: files were there, too."""
    block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    kept = Path("/sys/fs/ext4") / block.name / "reserved_clusters"
    if not kept.exists():
        yield
        return
    clusters = kept.read_text("ascii")
    try:
        kept.write_text("0", "ascii")
    except PermissionError:
        why = f"{block.name} keeps {clusters.strip()} blocks from all but root: run this as root"
        raise ConfigError(why) from None
    try:
        yield
    finally:
        kept.write_text(clusters, "ascii")


def _only_ours(folders: Iterable[Path]) -> None:
    """See that a slip in the configuration does not cost a whole machine."""
    foreign = (Path.cwd(), Path.home(), Path(sys.prefix), Path(__file__))
    for folder in folders:
        for path in foreign:
            if path.resolve().is_relative_to(folder.resolve()):
                raise ConfigError(f"{folder} holds {path}: that is no folder of this box's data")


def _contents(folder: Path, but: Path) -> Iterator[Path]:
    """Yield what lies in a folder, what lies deepest first; links are not followed."""
    for where, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            path = Path(where) / name
            if path != but:
                yield path


def _wipe_folder(folder: Path, but: Path, tell: Callable[[Path], object]) -> Iterator[str]:
    """Wipe all in a folder; yields what could not be, and why."""
    for path in _contents(folder, but):
        tell(path)
        try:
            _wipe(path)
        except OSError as error:
            yield f"{path}: {error.strerror}"


def _wipe(path: Path) -> None:
    """Write over a file and unlink it. A link is unlinked, unless it leads to what is ours."""
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        path.rmdir()
    elif stat.S_ISLNK(mode) and path.exists():
        raise OSError(0, f"leads to {path.resolve()}, which may hold data of this box")
    else:
        if stat.S_ISREG(mode):
            path.chmod(0o600)
            _write_over(path)
        path.unlink()
    sync_folder(path.parent)


def _write_over(path: Path) -> None:
    """Have other octets on disk where those of a file are."""
    with path.open("r+b", buffering=0) as file:
        left = file.seek(0, os.SEEK_END)
        file.seek(0)
        while left > 0:
            left -= file.write(bytes(min(left, _CHUNK)))
        os.fsync(file.fileno())
