# SPDX-License-Identifier: Apache-2.0
"""Which channel carries which call, as events tell it: in order, twice, for ever."""

from drivers.enforcers.freeswitch_esl.calls import Calls
from drivers.enforcers.freeswitch_esl.wire import Channel

ONE = Channel("leg-1", "one@192.0.2.1", "caller1")


def test_a_call_is_up_until_it_is_over_and_once_answered_stays_so() -> None:
    calls = Calls(9)
    assert calls.find("one@192.0.2.1") == []
    calls.hear(ONE)
    calls.hear(ONE)
    assert calls.find("one@192.0.2.1") == [ONE]
    calls.hear(Channel("leg-1", answered=True))
    calls.hear(ONE)
    assert calls.find("one@192.0.2.1") == [Channel("leg-1", "one@192.0.2.1", "caller1", True)]
    for _ in range(2):
        calls.hear(Channel("leg-1", "one@192.0.2.1", over=True))
        assert calls.find("one@192.0.2.1") == []
    assert (len(calls), calls._of, calls.forgotten) == (0, {}, 0)


def test_a_channel_without_a_call_id_is_nothing_until_it_says_one() -> None:
    calls = Calls(9)
    calls.hear(Channel("leg-1"))
    assert len(calls) == 0
    calls.hear(ONE)
    assert calls.find("one@192.0.2.1") == [ONE]


def test_two_channels_with_one_call_id_are_both_found() -> None:
    calls = Calls(9)
    calls.hear(ONE)
    calls.hear(Channel("leg-2", "one@192.0.2.1"))
    assert [one.uuid for one in calls.find("one@192.0.2.1")] == ["leg-1", "leg-2"]
    calls.hear(Channel("leg-1", over=True))
    assert [one.uuid for one in calls.find("one@192.0.2.1")] == ["leg-2"]


def test_the_oldest_is_forgotten_and_counted() -> None:
    calls = Calls(2)
    for n in range(5):
        calls.hear(Channel(f"leg-{n}", f"{n % 4}@192.0.2.1"))
    assert (len(calls), len(calls._of), calls.forgotten) == (2, 2, 3)
    assert [one.uuid for one in calls.find("0@192.0.2.1")] == ["leg-4"]
