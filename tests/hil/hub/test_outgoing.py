# SPDX-License-Identifier: Apache-2.0
"""What is to be said is kept as it is, in its order, until the broker has it."""

import pytest
import sqlalchemy as sa

from edge.report.port import Outbound
from hil.hub import outgoing
from hil.hub.store import OUTGOING, Store

MESSAGES = [
    Outbound("qalqan/v1/dn/n1/cmd", b"\x00\xff binary", expiry_s=60, properties={"a": "b"}),
    Outbound("qalqan/v1/dn/all/urgent", b"{}", retain=True, content_type="text/plain"),
    Outbound("qalqan/v1/dn/n2/cmd", b"", qos=0),
]


def test_messages_come_back_as_they_were_in_their_order(store: Store) -> None:
    outgoing.say(store, *MESSAGES)
    assert [message for _, message in outgoing.waiting(store)] == MESSAGES


def test_what_is_done_is_forgotten_and_no_more(store: Store) -> None:
    outgoing.say(store, *MESSAGES)
    numbers = [number for number, _ in outgoing.waiting(store)]
    outgoing.done(store, numbers[:2])
    outgoing.done(store, numbers[:2])
    assert [message for _, message in outgoing.waiting(store)] == MESSAGES[2:]


def test_what_was_not_committed_was_not_said(store: Store) -> None:
    def fail() -> None:
        with store.writing() as connection:
            outgoing.put(connection, MESSAGES)
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        fail()
    assert not outgoing.waiting(store)


def test_a_few_at_a_time(store: Store) -> None:
    outgoing.say(store, *(MESSAGES * 50))
    assert len(outgoing.waiting(store)) == outgoing.AT_ONCE
    with store.reading() as connection:
        count = sa.select(sa.func.count()).select_from(OUTGOING)
        assert connection.execute(count).scalar() == 150
