# SPDX-License-Identifier: Apache-2.0
"""What people do on the page, in the log of acts: asked for as everything is at the box itself."""

import asyncio
from collections import deque
from typing import Any

import structlog

from edge.box.asking import ask, note
from edge.config import Config
from edge.errors import InputError, QalqanError
from edge.report.message import Result

EVERY_S = 0.5
MOST = 200
"That wait to be recorded; more are recorded as lost in the log of the process."


class Minutes:
    """The way into the log."""

    def __init__(self, config: Config) -> None:
        """Ask for it at this box."""
        self._config = config
        self._waiting: deque[tuple[str, str]] = deque()
        self._log = structlog.get_logger("page")

    def do(self, act: str, args: dict[str, Any], reason: str, person: str) -> str:
        """Have something done, recorded as theirs; returns what came of it. Raises `InputError`."""
        return _done(ask(self._config, act, args, reason, person))

    def note(self, person: str, text: str) -> None:
        """Record what is about to be done. Raises `InputError`: then it is not to be done."""
        _done(note(self._config, text, person))

    def later(self, person: str, text: str) -> None:
        """Record what was done, without waiting for it."""
        if len(self._waiting) >= MOST:
            self._log.warning("not recorded", by=person, text=text)
            return
        self._waiting.append((person, text))

    async def forever(self) -> None:
        """Record what waits."""
        while True:
            while self._waiting:
                await asyncio.to_thread(self._record, *self._waiting.popleft())
            await asyncio.sleep(EVERY_S)

    def _record(self, person: str, text: str) -> None:
        try:
            self.note(person, text)
        except QalqanError as lack:
            self._log.warning("not recorded", by=person, text=text, why=str(lack))


def _done(result: Result) -> str:
    """Return what came of an act. Raises `InputError` where it was not done, or not recorded."""
    if result.state != "done" or result.data.get("recorded") is False:
        raise InputError(result.text)
    return result.text
