# SPDX-License-Identifier: Apache-2.0
"""`spare`: a number is let through at this box for some hours. Asked for here, never by the hub.

The hub has `unblock`, which two sides sign and every box follows.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from pydantic import Field

from edge.box.spared import HOUR_S, MOST, MOST_HOURS, Spared, read_spared, write_spared
from edge.errors import ConfigError
from edge.report.command.act import Job, Outcome
from edge.report.command.signed import Denied, Why
from edge.report.message import Wire

_CHANGING = Lock()


class SpareArgs(Wire):
    """Which number, and for how long."""

    number: str = Field(pattern=r"^\+[1-9][0-9]{3,14}$")
    "In international form."
    on: bool = True
    "False has the lists speak of it again at once."
    hours: int = Field(default=24, ge=1, le=MOST_HOURS)


class Spare:
    """`spare`: write the file that `core` reads."""

    args = SpareArgs

    def __init__(self, path: Path, hint: Callable[[], object]) -> None:
        """Write to that file; `hint` tells `core`."""
        self._path = path
        self._hint = hint

    def act(self, args: SpareArgs, job: Job) -> Outcome:
        """Write the file anew, without what is over."""
        digits, text = args.number.removeprefix("+"), ""
        with _CHANGING:
            try:
                found = read_spared(self._path)
            except ConfigError:
                found, text = {}, "; the file was damaged, no other number is spared"
            left = {one: spared for one, spared in found.items() if spared.until_s > job.now_s}
            was = left.pop(digits, None)
            if args.on:
                if len(left) >= MOST:
                    raise Denied(Why.NO_ROOM, f"{MOST} numbers are spared here already")
                left[digits] = Spared(job.now_s, job.now_s + args.hours * HOUR_S, job.id)
                text = f"{args.number} is spared at this box for {args.hours} h{text}"
            else:
                how = "is spared no longer" if was else "was not spared"
                text = f"{args.number} {how}{text}"
            write_spared(self._path, left)
        self._hint()
        return Outcome(text)
