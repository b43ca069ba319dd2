# SPDX-License-Identifier: Apache-2.0
"""A mirror's copy comes at once, a sender's repeat after T1; neither is told by a checksum."""

import pytest

from edge.decode import copies
from edge.decode.copies import WINDOW_NS, Copies
from edge.model.message import Flow

MS = 1_000_000
UP = Flow(b"aaaa", b"bbbb", 5060, 5060, "udp")
DOWN = Flow(b"bbbb", b"aaaa", 5060, 5060, "udp")
OTHER = Flow(b"aaaa", b"cccc", 5060, 5060, "udp")


def test_the_same_octets_between_the_same_ends_at_once() -> None:
    heard = Copies()
    assert [heard.is_copy(UP, b"INVITE", at * MS) for at in (1, 2, 3)] == [False, True, True]


@pytest.mark.parametrize("later_ms", [200, 500, 1000, 32_000])
def test_a_repeat_after_t1_is_none(later_ms: int) -> None:
    heard = Copies()
    heard.is_copy(UP, b"INVITE", MS)
    assert not heard.is_copy(UP, b"INVITE", MS + later_ms * MS)


def test_other_octets_other_ends_or_the_way_back_are_none() -> None:
    heard = Copies()
    heard.is_copy(UP, b"INVITE", MS)
    assert not heard.is_copy(UP, b"INVITE ", MS)
    assert not heard.is_copy(DOWN, b"INVITE", MS)
    assert not heard.is_copy(OTHER, b"INVITE", MS)


def test_the_window_is_kept_across_its_turning() -> None:
    heard = Copies()
    heard.is_copy(UP, b"first", 0)
    heard.is_copy(UP, b"late", WINDOW_NS - MS)
    assert heard.is_copy(UP, b"late", WINDOW_NS + MS)


def test_a_clock_that_steps_back_forgets_and_goes_on() -> None:
    heard = Copies()
    heard.is_copy(UP, b"a", 10 * WINDOW_NS)
    assert not heard.is_copy(UP, b"a", WINDOW_NS)
    assert heard.is_copy(UP, b"a", WINDOW_NS + MS)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "MOST", 100)
    heard = Copies()
    for number in range(1000):
        heard.is_copy(UP, str(number).encode(), 1)
    assert len(heard._young) + len(heard._old) <= 200
