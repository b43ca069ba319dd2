# SPDX-License-Identifier: Apache-2.0
"""QEMU's control line (QMP): a command, its answer, nothing else.

`qemu.qmp` of PyPI is made for asyncio and for events; the rig's verbs need neither.
"""

import json
import socket
from contextlib import suppress
from threading import Lock
from typing import Any

from hil.bench.box import Refused

PATIENCE_S = 30.0
"For an answer, of a QEMU that shares its machine."


class Qmp:
    """One line, opened by whoever starts QEMU: one end is ours, `theirs` is handed on."""

    def __init__(self) -> None:
        """Make both ends."""
        self._ours, self.theirs = socket.socketpair()
        self._ours.settimeout(PATIENCE_S)
        self._lines = self._ours.makefile("rb")
        self._greeted = False
        self._turn = Lock()
        self._why = ""

    @property
    def words(self) -> list[str]:
        """What QEMU is told of its end; pass the descriptor of `theirs` on."""
        chardev = f"socket,id=qmp,fd={self.theirs.fileno()}"
        return ["-chardev", chardev, "-mon", "chardev=qmp,mode=control"]

    def handed_over(self) -> None:
        """Keep our end alone, once QEMU is started: when it goes, so does the line."""
        self.theirs.close()

    def do(self, command: str, **arguments: Any) -> Any:  # noqa: ANN401 - as the command has it
        """Return what a command answers.

        Raises:
            Refused: QEMU does not do that, or is gone.
        """
        try:
            with self._turn:
                if not self._greeted:
                    self._line()
                    self._greeted = True
                    self._answer("qmp_capabilities", {})
                return self._answer(command, arguments)
        except (OSError, ValueError) as gone:  # the latter of a line that was closed
            raise Refused(f"{command}: QEMU does not answer: {gone}") from gone

    def why(self) -> str:
        """Return why a QEMU that is gone said that it ends: `guest-reset`, or empty.

        Only of one that was spoken to: before, it tells nothing.
        """
        with self._turn, suppress(OSError, ValueError):
            while True:
                self._line()
        return self._why

    def _answer(self, command: str, arguments: dict[str, Any]) -> Any:  # noqa: ANN401
        asked = json.dumps({"execute": command, "arguments": arguments})
        self._ours.sendall(asked.encode() + b"\n")
        while True:
            said = self._line()
            if "return" in said:
                return said["return"]
            if "error" in said:
                raise Refused(f"{command}: {said['error']['desc']}")

    def _line(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise ConnectionError("its end is closed")
        said: dict[str, Any] = json.loads(line)
        if said.get("event") == "SHUTDOWN":
            self._why = said["data"]["reason"]
        return said

    def close(self) -> None:
        """Close both ends."""
        for one in (self._lines, self._ours, self.theirs):
            one.close()
