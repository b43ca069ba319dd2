# SPDX-License-Identifier: Apache-2.0
"""The modes of trunks that a command has set: `uplink` writes them, `core` looks at them.

The configuration is the ground; the file says for some trunks what holds instead. Over all of it
goes the emergency stop: while there is a file `stop`, whatever is in it, every trunk is observed.
`touch` makes it where nothing else works any more.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from edge import clock
from edge.blocklist.store import replace, sync_folder
from edge.errors import ConfigError
from edge.model.verdict import Mode
from edge.verdict.guardrail import Alarm

MODES = "modes.json"
"Its name in `node.state_dir`."
STOP = "stop"
"Name of the file beside it whose mere being there stops all stopping."
LOOK_EVERY_S = 1.0

Modes = Mapping[str, Mode]
"By name of the trunk."


class _File(msgspec.Struct):
    modes: dict[str, Mode]
    v: int = 1


def read_modes(path: Path) -> dict[str, Mode]:
    """Return what was set; nothing where nothing was. Raises `ConfigError` for a damaged file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).modes
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path}: {error}") from error


def write_modes(path: Path, modes: Modes) -> None:
    """Write all that is set, on disk before this returns."""
    replace(path, msgspec.json.encode(_File(dict(modes))))


def is_stopped(path: Path) -> bool:
    """Whether there is a file `stop`. What the disk cannot say counts as yes: then calls go on."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def stop(path: Path, why: str) -> None:
    """Have no trunk stop a call any more, on disk before this returns. Raises `OSError`."""
    try:
        replace(path, f"{why}\n".encode())
    except OSError:  # the disk may be full, yet have room for a name
        path.touch()


def go(path: Path) -> bool:
    """Have the modes hold again, on disk before this returns; false if they did. Raises `OSError`.

    What else stops, the configuration, goes on to do so.
    """
    if not is_stopped(path):
        return False
    path.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


class ModeWatch:
    """Looks once a second, or at a hint, whether a mode was set, and swaps all of them in."""

    def __init__(
        self,
        path: Path,
        ground: Modes,
        swap: Callable[[Modes], None],
        alarm: Callable[[Alarm], None],
        *,
        stopped: bool = False,
    ) -> None:
        """Give the modes of the trunks of `ground` to `swap`, which is one assignment.

        `stopped` is the configuration's word that all are only observed.
        """
        self._path = path
        self._stop = path.with_name(STOP)
        self._configured = stopped
        self._held = False
        "Whether a stop was asked for of which the disk would not take the file."
        self._stopped = False
        self._ground = ground
        self._swap = swap
        self._alarm = alarm
        self._seen: object = ()
        "Inode, time of change and size of the file when it was read."
        self._asked = asyncio.Event()

    def look_now(self) -> None:
        """Look without waiting for the second to pass."""
        self._asked.set()

    def first(self, now_ns: int) -> None:
        """Look at the start, when nothing is held yet.

        Where the file is damaged all trunks are only observed: one of them may have been set so.
        """
        if not self.look(now_ns):
            self._swap(dict.fromkeys(self._ground, Mode.OBSERVE))

    def look(self, now_ns: int) -> bool:
        """Take over what was set since the last look; false, and all as it was, if damaged.

        The damage is said once.
        """
        self._look_for_stop(now_ns)
        if self._stopped:
            return True
        seen = self._stamp()
        if seen == self._seen:
            return True
        self._seen = seen
        try:
            modes = {**self._ground, **self._known()}
        except ConfigError as error:
            self._alarm(Alarm("modes-damaged", "", now_ns, str(error)))
            return False
        self._swap(modes)
        structlog.get_logger("core").info(
            "modes", enforced=sorted(name for name in modes if modes[name] is Mode.ENFORCE)
        )
        return True

    def stop_now(self, now_ns: int) -> None:
        """Observe all trunks from the next call on, and write the file that says so.

        A disk that refuses it changes nothing: it is held here until a file came and went.
        """
        self._held = True
        self._look_for_stop(now_ns)
        with suppress(OSError):
            stop(self._stop, "signal")
            self._held = False

    @property
    def is_stopped(self) -> bool:
        """Whether nothing is stopped on any trunk, whatever its mode."""
        return self._stopped

    def _look_for_stop(self, now_ns: int) -> None:
        """Swap in what the emergency stop asks for, when it begins; note when it ends."""
        is_there = is_stopped(self._stop)
        if is_there:
            self._held = False  # from now on it ends with the file
        by = "stop in the configuration" if self._configured else f"{self._stop}"
        wanted = self._configured or is_there or self._held
        if wanted == self._stopped:
            return
        self._stopped = wanted
        if wanted:
            self._seen = ()
            self._swap(dict.fromkeys(self._ground, Mode.OBSERVE))
            text = f"all trunks are only observed: {by}"
            self._alarm(Alarm("enforcement-stopped", "", now_ns, text))
        else:
            structlog.get_logger("core").warning("enforcement goes on")

    def _known(self) -> dict[str, Mode]:
        """Return what was set for trunks there are; the configuration may have lost some."""
        return {name: mode for name, mode in read_modes(self._path).items() if name in self._ground}

    def _stamp(self) -> object:
        with suppress(OSError):
            stat = self._path.stat()
            return stat.st_ino, stat.st_mtime_ns, stat.st_size
        return None

    async def forever(self) -> None:
        """Look again and again."""
        while True:
            with suppress(TimeoutError):
                # Not wait_for: on Python 3.11 it may swallow a cancellation.
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()
            self._asked.clear()
            self.look(clock.now_ns())
