# SPDX-License-Identifier: Apache-2.0
"""What a worker is made of, and who of it is given which message."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import sqlalchemy as sa
import structlog

from edge.errors import DriverLost
from edge.report import topic
from edge.report.port import Outbound
from hil.hub import commander, cosign, enrolment, library, pages, quarantine, roaming
from hil.hub.enrolment import REQUEST
from hil.hub.fleet import Fleet
from hil.hub.ledger import Ledger
from hil.hub.part import Part
from hil.hub.quarantine import Unread
from hil.hub.rollout import Rollouts
from hil.hub.store import Store


def build(store: Store, folder: Path, roamers: Path | None = None) -> list[Part]:
    """Build all parts of a worker, and the tables that they keep.

    `roamers` is the file that stands for the operators. Raises `ConfigError`.
    """
    store.make()
    return [
        Ledger(store, cosign.load(folder)),
        Fleet(store),
        *library.parts_of(store, folder),
        *commander.parts_of(store, folder),
        Rollouts(store),
        *enrolment.parts_of(store, folder),
        pages.part_of(store, folder),
        roaming.part_of(roamers),
    ]


@runtime_checkable
class Voice(Protocol):
    """A part that has something to say to all without being asked: the herald says it."""

    def anew(self) -> None:
        """Forget what was said: the broker may have forgotten it."""

    def news(self, now_ns: int) -> Sequence[Outbound]:
        """Return what is to be said since the last call, in this order."""


class Desk:
    """Gives each message to the parts that hear it, and sees that none stops the others."""

    def __init__(self, store: Store, parts: Iterable[Part]) -> None:
        """Know who hears what."""
        self._store = store
        self._hearing: dict[str, list[Part]] = {}
        self.voices: list[Voice] = []
        for part in parts:
            if isinstance(part, Voice):
                self.voices.append(part)
            for word in part.hears:
                self._hearing.setdefault(word, []).append(part)

    def take(self, name: str, payload: bytes, now_ns: int) -> Sequence[Outbound]:
        """Return the answers to a message, when what it asked for is committed.

        Raises `DriverLost` if the database is away: then nothing is settled, and it comes again.
        """
        direction, node, rest = topic.split(name)
        # Whoever asks for a certificate has none yet: he may say that, and nothing else.
        if not node or direction not in SPOKEN or (direction == "enrol") != (rest == REQUEST):
            return ()
        word = rest.split("/", 1)[0]
        answers: list[Outbound] = []
        for part in self._hearing.get(word, ()):
            try:
                answers += part.take(node, rest, payload, now_ns)
            except sa.exc.DBAPIError as error:
                raise DriverLost(f"the database: {error.orig}") from error
            except Exception as bug:  # noqa: BLE001 - a message must not stop the others
                self._stumbled(Unread(node, rest, f"bug: {bug!r}", payload), now_ns, bug)
        return answers

    def _stumbled(self, unread: Unread, now_ns: int, bug: Exception) -> None:
        structlog.get_logger("hub").error("bug", node=unread.node, exc_info=bug)
        with self._store.writing() as connection:
            quarantine.keep(self._store, connection, unread, now_ns)


SPOKEN = frozenset({"up", "enrol"})
"First words of topics on which we are spoken to."
