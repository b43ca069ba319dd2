# SPDX-License-Identifier: Apache-2.0
"""What could not be read is kept, once, and no more of it than there is room for."""

import sqlalchemy as sa

from hil.hub import quarantine
from hil.hub.quarantine import MOST_OCTETS, MOST_ROWS, Unread
from hil.hub.store import QUARANTINE, Store


def kept(store: Store) -> list:
    with store.reading() as connection:
        found = connection.execute(sa.select(QUARANTINE).order_by(QUARANTINE.c.first_ns))
        return list(found)


def keep(store: Store, unread: Unread, now_ns: int) -> None:
    with store.writing() as connection:
        quarantine.keep(store, connection, unread, now_ns)


def test_the_same_again_is_counted(store: Store) -> None:
    for now_ns in (5, 6, 7):
        keep(store, Unread("n1", "ev/call", "torn\0", b"\x00\xff"), now_ns)
    keep(store, Unread("n1", "ev/audit", "torn", b"\x00\xff"), 8)
    assert [(row.topic, row.why, row.raw, row.first_ns, row.times) for row in kept(store)] == [
        ("ev/call", "torn ", b"\x00\xff", 5, 3), ("ev/audit", "torn", b"\x00\xff", 8, 1),
    ]  # fmt: skip


def test_the_oldest_of_an_appliance_make_room(store: Store) -> None:
    keep(store, Unread("n2", "ev/call", "torn", b"other"), 1)
    for number in range(MOST_ROWS + 5):
        keep(store, Unread("n1", "ev/call", "torn", b"%d" % number), 10 + number)
    assert [row.raw for row in kept(store)] == [
        b"other", *(b"%d" % number for number in range(5, MOST_ROWS + 5))
    ]  # fmt: skip


def test_no_more_than_the_beginning_of_a_large_one(store: Store) -> None:
    keep(store, Unread("n1", "ev/call", "y" * 5000, b"x" * (MOST_OCTETS + 1)), 1)
    (row,) = kept(store)
    assert len(row.raw) == MOST_OCTETS
    assert len(row.why) == quarantine.MOST_TEXT
