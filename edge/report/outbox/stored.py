# SPDX-License-Identifier: Apache-2.0
"""What an outbox shows to those who read it: its streams, and the events in them. Plain data."""

from typing import NamedTuple, Protocol

from edge.report.event import Class


class Stored(NamedTuple):
    """An event as it lies in an outbox."""

    seq: int
    body: bytes
    "What `edge.report.event.encode` made."


class StreamInfo(NamedTuple):
    """A stream that there is."""

    stream: str
    cls: Class
    first: int
    "Lowest number that is kept; 0 for none."
    last: int
    "Highest number ever given; 0 for none."


class Source(Protocol):
    """Where rows come from: an outbox, read only."""

    def streams(self) -> list[StreamInfo]:
        """Return what streams there are now."""

    def read(self, stream: str, after: int, most_octets: int, most_rows: int) -> list[Stored]:
        """Return rows past a number, in order; at least one if there is one."""
