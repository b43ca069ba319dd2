# SPDX-License-Identifier: Apache-2.0
"""What the tests of the drain share: one that is connected, and what its parcels hold."""

from edge.report.event import CLASSES, Class
from edge.report.hub.drain import Drain, Pace
from edge.report.hub.window import Parcel
from edge.report.message import Ack, Acknowledged
from tests.report.shelf import Shelf

PACE = Pace(batch_rows=10)


def ack(shelf: Shelf, cls: Class, through: int, *sack: tuple[int, int]) -> Ack:
    return Ack(at=0, acks=(Acknowledged(stream=shelf.stream[cls], through=through, sack=sack),))


def answered(shelf: Shelf) -> Ack:
    return Ack(at=0, acks=[Acknowledged(stream=name, through=0) for name in shelf.stream.values()])


def ready(shelf: Shelf, pace: Pace = PACE) -> Drain:
    """Return one that is connected to a hub that has nothing."""
    drain = Drain("astana-1", [shelf], pace)
    drain.connected(0.0)
    drain.hub(True, (1,), 0.0)
    drain.acked(answered(shelf), 0.0)
    return drain


def said(parcels: list[Parcel]) -> list[tuple[str, int, int]]:
    return [(p.flow.cls.value, p.rows[0].seq, p.rows[-1].seq) for p in parcels]


def taken(drain: Drain, parcels: list[Parcel], reason: int = 0, now_s: float = 0.0) -> None:
    for parcel in parcels:
        drain.published(parcel, reason, now_s)


def full() -> Shelf:
    shelf = Shelf()
    for cls in CLASSES:
        shelf.put(cls, 200)
    return shelf
