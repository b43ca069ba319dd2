# SPDX-License-Identifier: Apache-2.0
"""Nothing is sent while nobody would take it."""

from math import inf

from edge.report.hub.gate import Gate

WAIT_S, HOLD_S, MOST_S = 10.0, 30.0, 120.0


def gate(now_s: float = 0.0) -> Gate:
    made = Gate(WAIT_S, HOLD_S, MOST_S)
    made.connected(now_s)
    return made


def test_it_is_shut_until_the_hub_speaks() -> None:
    shut = gate()
    assert not shut.open(5.0)
    assert shut.wakes_s() == (inf, inf)
    assert not shut.hub(True, (1,), 5.0)
    assert shut.open(5.0)
    assert shut.wakes_s()[0] == WAIT_S


def test_a_hub_that_is_away_or_reads_nothing_of_ours_shuts_it() -> None:
    for online, accepts in ((False, (1,)), (True, ()), (True, (2, 3))):
        shut = gate()
        shut.hub(online, accepts, 0.0)
        assert not shut.open(100.0)


def test_a_hub_that_reads_more_than_we_write_is_fine() -> None:
    wide = gate()
    wide.hub(True, (1, 2, 3), 0.0)
    assert wide.open(0.0)


def test_who_acknowledges_listens() -> None:
    quiet = gate()
    quiet.answered()
    assert quiet.open(0.0)
    away = gate()
    away.hub(False, (1,), 0.0)
    away.answered()
    assert not away.open(0.0), "but its own word is stronger"


def test_a_hub_that_comes_back_is_asked_and_waited_for() -> None:
    back = gate()
    assert not back.hub(True, (1,), 1.0), "it was asked when the connection began"
    assert not back.hub(True, (1,), 2.0)
    back.hub(False, (1,), 500.0)
    assert back.hub(True, (1,), 600.0)
    assert back.patient(609.0)
    assert not back.patient(610.0)


def test_a_hub_that_appears_when_our_question_is_old_is_asked_again() -> None:
    late = gate()
    assert late.hub(True, (1,), WAIT_S + 1)


def test_holds_are_longer_each_time_up_to_a_bound() -> None:
    held = gate()
    held.hub(True, (1,), 0.0)
    now_s, waits = 0.0, []
    for _ in range(5):
        held.hold(now_s)
        held.hold(now_s + 1)  # the second of a volley counts as the first
        assert not held.open(now_s + 1)
        until_s = held.wakes_s()[1]
        waits.append(until_s - now_s)
        now_s = until_s
        assert held.open(now_s)
    assert waits == [30, 60, 120, 120, 120]


def test_the_word_of_the_hub_or_a_batch_that_is_taken_ends_a_hold() -> None:
    for end in (lambda g: g.hub(True, (1,), 1.0), lambda g: g.answered(), lambda g: g.taken()):
        held = gate()
        held.hub(True, (1,), 0.0)
        held.hold(0.0)
        end(held)
        assert held.open(1.0)


def test_a_connection_that_ends_shuts_it() -> None:
    ended = gate()
    ended.hub(True, (1,), 0.0)
    ended.disconnected()
    assert not ended.open(0.0)
