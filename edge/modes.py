# SPDX-License-Identifier: Apache-2.0
"""The modes of trunks that a command has set: `uplink` writes them, `core` looks at them.

The configuration is the ground; the file says for some trunks what holds instead.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from edge import clock
from edge.blocklist.store import replace
from edge.errors import ConfigError
from edge.model.verdict import Mode
from edge.verdict.guardrail import Alarm

MODES = "modes.json"
"Its name in `node.state_dir`."
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


class ModeWatch:
    """Looks once a second, or at a hint, whether a mode was set, and swaps all of them in."""

    def __init__(
        self,
        path: Path,
        ground: Modes,
        swap: Callable[[Modes], None],
        alarm: Callable[[Alarm], None],
    ) -> None:
        """Give the modes of the trunks of `ground` to `swap`, which is one assignment."""
        self._path = path
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
