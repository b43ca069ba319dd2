# SPDX-License-Identifier: Apache-2.0
"""What an appliance says of itself: its birth, its questions, its heartbeat."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from edge import __version__
from edge.report.event import Moment
from edge.report.hub.link import Says
from edge.report.message import Ask, Live, State, StreamState
from edge.report.outbox.stored import Source, StreamInfo


class Facts(NamedTuple):
    """Where what is said comes from; each is asked whenever it is said."""

    moment: Callable[[], Moment]
    alarms: Callable[[], tuple[str, ...]]
    certificate_ends: Callable[[], int]
    config: str
    "SHA-256 of the configuration in force."
    software: str = __version__
    "The version that runs: of the image, where there is one."


class Lists(Protocol):
    """What is known of the lists: `edge.report.lists.follow.Follow`."""

    def versions(self) -> dict[str, int]:
        """Return the version of each list in force."""

    def urgent_through(self) -> dict[str, int]:
        """Return the number up to which no urgent record is missing, by list."""

    def alarms(self) -> tuple[str, ...]:
        """Return the names of the alarms that stand about lists."""


class Standing:
    """How the appliance stands."""

    def __init__(self, sources: Sequence[Source], through: Mapping[str, int], facts: Facts) -> None:
        """Look at the outboxes, and at how far the hub has got in each stream."""
        self.follow: Lists | None = None
        "Set where lists are followed."
        self._sources = sources
        self._through = through
        self._facts = facts

    @property
    def says(self) -> Says:
        """Return what the conversation needs."""
        return Says(self.birth, self.ask, self.live)

    def birth(self, epoch: int) -> State:
        """Return what is said first on a connection, and whenever it has changed."""
        facts, now = self._facts, self._facts.moment()
        alarms = facts.alarms() + (self.follow.alarms() if self.follow else ())
        return State(
            state="alert" if alarms else "ready",
            epoch=epoch,
            software=facts.software,
            boot=now.boot,
            at=now.at,
            streams=tuple(
                StreamState.model_validate(
                    {"stream": info.stream, "class": info.cls.value, "last": info.last}
                )
                for info in self._infos()
            ),
            lists=self.follow.versions() if self.follow else {},
            config=facts.config,
            certificate_ends=facts.certificate_ends(),
            alarms=alarms,
        )

    def ask(self, epoch: int) -> Ask:
        """Return what the hub is to tell anew."""
        streams = tuple(info.stream for info in self._infos())
        urgent = self.follow.urgent_through() if self.follow else {}
        return Ask(epoch=epoch, streams=streams, urgent=urgent)

    def live(self, epoch: int) -> Live:
        """Return a heartbeat."""
        return Live(
            epoch=epoch,
            at=self._facts.moment().at,
            queued={name: count for name, count in self.queued().items() if count},
        )

    def queued(self) -> dict[str, int]:
        """Return how many events the hub has not acknowledged, by class, gaps counted as one."""
        queued: Counter[str] = Counter()
        for info in self._infos():
            if info.first:
                before = max(info.first - 1, self._through.get(info.stream, 0))
                queued[info.cls.value] += max(info.last - before, 0)
        return dict(queued)

    def _infos(self) -> list[StreamInfo]:
        return [info for source in self._sources for info in source.streams()]
