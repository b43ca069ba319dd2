# SPDX-License-Identifier: Apache-2.0
"""The alarms that stand on this box: each is told once when it begins, and named while it stands.

Any thread may raise one: the writer of the outbox does.
"""

from collections.abc import Callable, Mapping
from threading import Lock

import structlog

from edge.report.event import Class, Event, Moment

MOST_TEXT = 256


class Alarms:
    """What people must look at."""

    def __init__(self, put: Callable[[Event], object], moment: Callable[[], Moment]) -> None:
        """Report by `put`; `changed`, once set, is told that the names are others now."""
        self.changed: Callable[[], object] = lambda: None
        self._put = put
        self._moment = moment
        self._standing: dict[str, str] = {}
        self._lock = Lock()

    def stand(self, name: str, text: str) -> None:
        """Raise an alarm, or end it with an empty text."""
        with self._lock:
            began = bool(text) and name not in self._standing
            ended = not text and self._standing.pop(name, None) is not None
            if text:
                self._standing[name] = text
        if began:
            structlog.get_logger("uplink").error("alarm", name=name, text=text)
            fields: dict[str, object] = {"name": name, "trunk": "", "text": text[:MOST_TEXT]}
            self._put(Event(Class.AUDIT, "alarm", self._moment(), fields))
        if began or ended:
            self.changed()

    def follow(self, room: str, found: Mapping[str, str]) -> None:
        """Have exactly these alarms of a room stand, each under the room's name before its own."""
        known = {name for name in self.names() if name.startswith(f"{room}.")}
        now = {f"{room}.{name}": text or name for name, text in found.items()}
        for name in sorted(known - now.keys()):
            self.stand(name, "")
        for name, text in now.items():
            self.stand(name, text)

    def names(self) -> tuple[str, ...]:
        """Return the names of those that stand."""
        with self._lock:
            return tuple(sorted(self._standing))
