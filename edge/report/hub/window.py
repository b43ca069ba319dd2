# SPDX-License-Identifier: Apache-2.0
"""The batches on their way to the hub, and those that were refused. Pure; time is an argument."""

from collections.abc import Iterator
from math import inf

import msgspec

from edge.report.event import Class
from edge.report.hub.flow import Flow, told_from
from edge.report.outbox.stored import Stored
from edge.report.port import Outbound


class Parcel(msgspec.Struct, eq=False):
    """A batch on its way, until the hub has it."""

    flow: Flow
    rows: tuple[Stored, ...]
    message: Outbound
    sent_s: float
    "When it was last given out."
    tries: int = 1
    again_s: float = inf
    "When it is to be given out again; not before the broker has answered."

    @property
    def done(self) -> bool:
        """Whether the hub has all of it."""
        return self.rows[-1].seq <= self.flow.through or all(map(self.flow.has, self.rows))


class Window:
    """At most so many batches at once; the backlog leaves some of the places free."""

    def __init__(self, places: int, reserved: int) -> None:
        """Hold `places` batches; `reserved` of them are not for the backlog."""
        self.flying: list[Parcel] = []
        self.aside: list[Parcel] = []
        "Refused ones that wait for another attempt; at most as many as there are places."
        self._places = places
        self._reserved = reserved

    def room(self, live: bool) -> bool:  # noqa: FBT001
        """Whether there is a place for one more."""
        return len(self.flying) < self._places - (0 if live else self._reserved)

    def overdue(self, now_s: float) -> list[Parcel]:
        """Return what is to be given out again, the dearest first."""
        late = [parcel for parcel in (*self.flying, *self.aside) if parcel.again_s <= now_s]
        return sorted(late, key=lambda parcel: not parcel.flow.live)

    def back(self, parcel: Parcel) -> bool:
        """Let one that was set aside fly again, if there is room; true if it flies."""
        if parcel in self.aside and self.room(parcel.flow.live):
            self.aside.remove(parcel)
            self.flying.append(parcel)
        return parcel in self.flying

    def set_aside(self, parcel: Parcel, until_s: float) -> bool:
        """Set one aside; false if there are too many already."""
        self.flying.remove(parcel)
        parcel.again_s = until_s
        self.aside.append(parcel)
        return len(self.aside) <= self._places

    def arrived(self) -> list[Parcel]:
        """Take out and return what the hub has, as far as it was flying."""
        there = [parcel for parcel in self.flying if parcel.done]
        self.flying = [parcel for parcel in self.flying if parcel not in there]
        self.aside = [parcel for parcel in self.aside if not parcel.done]
        return there

    def drop(self, cls: Class) -> None:
        """Forget all of a class."""
        self.flying = [parcel for parcel in self.flying if parcel.flow.cls is not cls]
        self.aside = [parcel for parcel in self.aside if parcel.flow.cls is not cls]

    def clear(self) -> None:
        """Forget all."""
        self.flying, self.aside = [], []

    def lowest(self, flow: Flow) -> float:
        """Return the lowest number of a stream that is told here."""
        return min((told_from(parcel.rows[0]) for parcel in self._of(flow)), default=inf)

    def carries(self, flow: Flow) -> bool:
        """Whether anything of a stream is here."""
        return any(True for _ in self._of(flow))

    def wakes_s(self) -> list[float]:
        """Return when something is to be given out again."""
        return [parcel.again_s for parcel in (*self.flying, *self.aside)]

    def sent_s(self, flow: Flow) -> list[float]:
        """Return when each batch of a stream that flies was given out, the last one last."""
        return sorted(parcel.sent_s for parcel in self.flying if parcel.flow is flow)

    def _of(self, flow: Flow) -> Iterator[Parcel]:
        return (parcel for parcel in (*self.flying, *self.aside) if parcel.flow is flow)
