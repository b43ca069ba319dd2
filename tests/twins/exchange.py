# SPDX-License-Identifier: Apache-2.0
"""A legacy exchange's command port on a pseudo-terminal: echo, login, prompt, circuits, alarms.

It can be slow, deaf, in the middle of an alarm, logged out and unplugged. Written from no product.
"""

import asyncio
import os
import pty
import re
import tty

RELEASE = re.compile(r"RELCALL:CIC=(\d+),OPC=(\d+),DPC=(\d+),CAUSE=(\d+);")
ALARM = "*** 0012 LINK SET 3 FAULT\r\n*** END\r\n"
PROMPT = "<"


class Exchange:
    """Serves from the running loop; `port` is the end that a driver opens."""

    def __init__(self, user: str = "", password: str = "") -> None:
        self.commands: list[str] = []
        "Lines it was sent, without those of the login."
        self.logins = 0
        self.up = {(5, 2057, 2058), (6, 2057, 2058)}
        "Circuits with a call: CIC, OPC, DPC."
        self.released: list[tuple[int, ...]] = []
        "CIC, OPC, DPC and cause."
        self.delay_s = 0.0
        "Before each answer."
        self.deaf = False
        "It takes what is sent, and says nothing."
        self.echoes = True
        self.alarm = ""
        "Printed in the middle of each answer."
        self._account = (user, password)
        self._login: list[str] | None = [] if user else None
        "What was said to its login so far; None: let in."
        self._typed = ""
        self._far, self._near = pty.openpty()
        tty.setraw(self._near)
        os.set_blocking(self._far, False)
        self.port = os.ttyname(self._near)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._far, self._read)

    def say(self, text: str) -> int:
        """Print something; returns how much of it the line took."""
        return os.write(self._far, text.encode("latin-1")) if self._far >= 0 else len(text)

    def log_out(self) -> None:
        """End the session, as after an hour without a command."""
        self._login = []
        self.say("\r\nSESSION ENDED\r\nLOGIN:")

    def unplug(self) -> None:
        """Be gone; may be said twice."""
        if self._far >= 0:
            self._loop.remove_reader(self._far)
            os.close(self._far)
            os.close(self._near)
        self._far = self._near = -1

    close = unplug

    def _read(self) -> None:
        for letter in os.read(self._far, 4096).decode("latin-1"):
            asks_secret = self._login is not None and len(self._login) == 1
            if self.echoes and not self.deaf and not asks_secret:
                self.say("\r\n" if letter == "\r" else letter)
            if letter == "\r":
                line, self._typed = self._typed, ""
                self._line(line)
            else:
                self._typed += letter

    def _line(self, line: str) -> None:
        if self._login is not None:
            answer = self._let_in(line)
        else:
            self.commands += [line] if line else []
            answer = self._obey(line) + PROMPT
        if not self.deaf:
            self._loop.call_later(self.delay_s, self.say, answer)

    def _let_in(self, line: str) -> str:
        """Take a user, then a password."""
        assert self._login is not None
        if not line:
            self._login.clear()
            return "LOGIN:"
        self._login.append(line)
        if len(self._login) == 1:
            return "PASSWORD:"
        self.logins += 1
        if tuple(self._login) != self._account:
            self._login.clear()
            return "\r\nINCORRECT\r\nLOGIN:"
        self._login = None
        return f"\r\nLAST LOGIN: YESTERDAY\r\n{PROMPT}"

    def _obey(self, line: str) -> str:
        if not line:
            return ""
        found = RELEASE.fullmatch(line)
        if not found:
            return f"{self.alarm}NOT ACCEPTED\r\nFAULT 1 SYNTAX\r\n"
        cic, opc, dpc, cause = map(int, found.groups())
        if (cic, opc, dpc) not in self.up:
            return f"{self.alarm}NOT ACCEPTED\r\nFAULT 12 CIRCUIT IDLE\r\n"
        self.up.remove((cic, opc, dpc))
        self.released.append((cic, opc, dpc, cause))
        return f"ORDERED\r\n{self.alarm}EXECUTED CIC={cic}\r\n"
