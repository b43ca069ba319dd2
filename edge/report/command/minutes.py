# SPDX-License-Identifier: Apache-2.0
"""The minutes: every administrative act is kept in the log that is signed, and told to the hub."""

from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress

from edge.errors import InputError
from edge.evidence.acts import ActLog
from edge.report.event import Class, Event, Moment
from edge.report.outbox.outbox import OutboxFull
from edge.report.outbox.writer import Writer

WAIT_S = 10.0
"For the disk."
FULL = 0.98
"Share of the outbox that is taken when nothing more is changed."


class Minutes:
    """Keeps acts."""

    def __init__(self, acts: ActLog, writer: Writer, moment: Callable[[], Moment]) -> None:
        """Keep them in `acts`, and report them by `writer`."""
        self._acts = acts
        self._writer = writer
        self._moment = moment

    def record(self, fields: Mapping[str, object]) -> bool:
        """Keep the fields of an `ActEvent`, on disk and on its way before this returns.

        False where it could not be kept: then what it tells of is not to be done.
        """
        event = Event(Class.AUDIT, "act", self._moment(), dict(fields))
        try:
            self._writer.record(event).result(WAIT_S)
            self._acts.keep(fields)
        except (InputError, OutboxFull, TimeoutError, CancelledError):
            return False
        return True

    def room(self) -> bool:
        """Whether an act that is done now could be kept."""
        return self._writer.statistics.filled < FULL

    def put(self, event: Event) -> None:
        """Report an event; an act is kept in the log as well. Never raises for a full disk."""
        if event.kind == "act":
            with suppress(InputError):
                self._acts.keep(event.fields)
        self._writer.put(event)

    def prune(self, before: str) -> int:
        """Let go of the acts of days before one (`2026-11-25`); the log keeps their leaves."""
        return self._acts.prune(before)
