# SPDX-License-Identifier: Apache-2.0
"""What the parts of `uplink` are handed while it is built: `edge.uplink` is the map."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from edge.config import Config
from edge.counting import Numbers
from edge.moment import Moments
from edge.places import Places
from edge.process.bell import Bell
from edge.process.hint import Hints
from edge.report.alarms import Alarms
from edge.report.command.minutes import Minutes
from edge.report.command.register import Register
from edge.report.hub.drain import Drain
from edge.report.hub.link import Handler, Link
from edge.report.hub.reach import Session
from edge.report.hub.standing import Standing
from edge.report.outbox.progress import Progress
from edge.report.outbox.reader import OutboxReader
from edge.report.outbox.writer import Writer

NAME = "uplink"
NS = 1_000_000_000


class Start(NamedTuple):
    """What the process was started with."""

    path: Path
    "Of the configuration."
    config: Config
    places: Places
    register: Register
    hints: Hints
    numbers: Numbers
    stack: ExitStack
    "Closes all that is opened, the last first."
    anew: Callable[[], object]
    "Has this process end, to be started anew."

    @property
    def identity(self) -> Path | None:
        """Return the folder of the certificate, where one is shown."""
        return self.places.identity if self.config.hub.tls else None


class Kept(NamedTuple):
    """What is kept on this disk for the hub."""

    moments: Moments
    alarms: Alarms
    minutes: Minutes
    writer: Writer
    progress: Progress
    readers: tuple[OutboxReader, ...]
    news: Bell
    "Rings when an event of this process is on disk."
    changed: Bell
    "Rings when an alarm begins or ends."


class Spoken(NamedTuple):
    """The conversation with the hub."""

    drain: Drain
    standing: Standing
    link: Link
    session: Session
    handlers: dict[str, Handler]
    "Filled by those who are to hear something."
