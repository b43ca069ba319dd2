# SPDX-License-Identifier: Apache-2.0
"""How long an answer is remembered, and that no more of them are than there is room for."""

from drivers.gates.sip_redirect.memory import CONFIRMED, TIMER_H_S, TIMER_I_S, Memory


def test_an_answer_is_repeated_for_64_times_t1() -> None:
    memory = Memory(10)
    memory.keep(b"a", b"603", 100.0)
    assert memory.answer_to(b"a", 100.0 + TIMER_H_S - 0.001) == b"603"
    assert memory.answer_to(b"a", 100.0 + TIMER_H_S) is None
    assert memory.answer_to(b"b", 100.0) is None


def test_after_ack_nothing_is_answered_and_soon_it_is_forgotten() -> None:
    memory = Memory(10)
    memory.keep(b"a", b"603", 100.0)
    assert memory.confirm(b"a", 101.0)
    assert memory.confirm(b"a", 102.0)  # an ACK for each repetition of the answer
    assert memory.answer_to(b"a", 101.0 + TIMER_I_S - 0.001) == CONFIRMED
    assert memory.answer_to(b"a", 101.0 + TIMER_I_S) is None
    assert not memory.confirm(b"of another gate", 101.0)


def test_what_is_old_makes_room_by_itself() -> None:
    memory = Memory(10)
    for number in range(5):
        memory.keep(b"%d" % number, b"603", 100.0)
    memory.confirm(b"0", 101.0)
    memory.keep(b"new", b"302", 100.0 + TIMER_H_S)
    assert len(memory) == 1


def test_the_oldest_goes_where_there_is_no_room_and_the_confirmed_first() -> None:
    memory = Memory(3)
    for name in (b"a", b"b", b"c"):
        memory.keep(name, b"603", 100.0)
    memory.confirm(b"c", 100.0)
    memory.keep(b"d", b"603", 100.0)
    assert [memory.answer_to(name, 100.0) for name in (b"a", b"b", b"c", b"d")] == [
        b"603", b"603", None, b"603",
    ]  # fmt: skip
    memory.keep(b"e", b"603", 100.0)
    assert memory.answer_to(b"a", 100.0) is None
    assert len(memory) == 3
