# SPDX-License-Identifier: Apache-2.0
"""Some places of the window are never the backlog's."""

from edge.report.event import Class
from edge.report.hub.batch import batch
from edge.report.hub.flow import Flow
from edge.report.hub.window import Parcel, Window
from edge.report.outbox.stored import Stored
from tests.report.shelf import Shelf, body


def parcel(cls: Class, *seqs: int, again_s: float = 0.0, flow: Flow | None = None) -> Parcel:
    shelf = Shelf([cls])
    rows = tuple(Stored(seq, body(cls)) for seq in seqs)
    made = flow or Flow(shelf.streams()[0], shelf)
    return Parcel(made, rows, batch("a", cls, made.stream, rows), 0.0, again_s=again_s)


def filled(places: int, *classes: Class) -> Window:
    window = Window(places, 2)
    window.flying = [parcel(cls, 1) for cls in classes]
    return window


def test_the_backlog_leaves_places_free() -> None:
    window = filled(4, Class.CALL, Class.METRIC)
    assert not window.room(live=False)
    assert window.room(live=True)
    window = filled(4, Class.AUDIT, Class.BLOCK)
    assert not window.room(live=False)
    window = filled(4, *[Class.AUDIT] * 4)
    assert not window.room(live=True)


def test_what_is_overdue_comes_the_dearest_first() -> None:
    window = Window(8, 2)
    call, audit = parcel(Class.CALL, 1, again_s=5), parcel(Class.AUDIT, 1, again_s=6)
    later = parcel(Class.AUDIT, 1, again_s=60)
    window.flying = [call, audit, later]
    assert window.overdue(4) == []
    assert window.overdue(6) == [audit, call]


def test_one_that_was_set_aside_comes_back_when_there_is_room() -> None:
    window = filled(3, Class.CALL)
    refused = window.flying[0]
    assert window.set_aside(refused, 900.0)
    assert window.flying == []
    assert window.overdue(899) == []
    window.flying = [parcel(Class.AUDIT, 1)]
    assert not window.back(refused)
    window.flying = []
    assert window.back(refused)
    assert (window.flying, window.aside) == ([refused], [])


def test_no_more_are_set_aside_than_there_are_places() -> None:
    window = Window(2, 1)
    for fits in (True, True, False):
        window.flying = [parcel(Class.CALL, 1)]
        assert window.set_aside(window.flying[0], 1.0) is fits


def test_what_the_hub_has_is_taken_out() -> None:
    first = parcel(Class.CALL, 1, 2)
    second, third = (parcel(Class.CALL, *seqs, flow=first.flow) for seqs in ((3, 4), (5, 6)))
    window = Window(8, 2)
    window.flying, window.aside = [first, second], [third]
    first.flow.acked(3, [(5, 6)])
    assert window.arrived() == [first]
    assert (window.flying, window.aside) == ([second], [])
    assert window.lowest(first.flow) == 3
    first.flow.acked(0, [(4, 4)])
    assert window.arrived() == [second]
    assert not window.carries(first.flow)


def test_a_class_is_dropped_and_all_is() -> None:
    window = filled(8, Class.CALL, Class.AUDIT, Class.CALL)
    window.aside = [parcel(Class.CALL, 1)]
    window.drop(Class.CALL)
    assert [p.flow.cls for p in window.flying] == [Class.AUDIT]
    assert window.aside == []
    window.clear()
    assert window.wakes_s() == []
