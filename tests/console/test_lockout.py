# SPDX-License-Identifier: Apache-2.0
"""Who guesses wrong waits, longer each time, by name and by address; nobody for good."""

from edge.console.lockout import FIRST_S, FORGET_S, FREE, LONGEST_S, MOST, Lockout

ASEL = ("name asel", "address 10.0.0.9")


def wrong(lockout: Lockout, times: int, now_s: float = 0.0) -> float:
    wait = 0.0
    for _ in range(times):
        wait = lockout.wrong(ASEL, now_s)
    return wait


def test_a_slip_costs_nothing_and_guessing_does() -> None:
    lockout = Lockout()
    assert wrong(lockout, FREE - 1) == 0
    assert wrong(lockout, 1) == FIRST_S
    assert wrong(lockout, 1) == 2 * FIRST_S
    assert wrong(lockout, 20) == LONGEST_S
    assert lockout.wait_s(ASEL, LONGEST_S - 1) == 1
    assert lockout.wait_s(ASEL, LONGEST_S) == 0


def test_the_name_waits_from_any_address_and_the_address_for_any_name() -> None:
    lockout = Lockout()
    wrong(lockout, FREE)
    assert lockout.wait_s(("name asel", "address 10.0.0.7"), 1.0) > 0
    assert lockout.wait_s(("name bolat", "address 10.0.0.9"), 1.0) > 0
    assert lockout.wait_s(("name bolat", "address 10.0.0.7"), 1.0) == 0


def test_it_is_forgotten_when_the_right_one_comes_or_time_passes() -> None:
    lockout = Lockout()
    wrong(lockout, FREE)
    lockout.right(ASEL)
    assert lockout.wait_s(ASEL, 0.0) == 0
    wrong(lockout, FREE)
    assert wrong(lockout, 1, FORGET_S) == 0


def test_there_is_an_end_to_what_is_remembered() -> None:
    lockout = Lockout()
    for number in range(MOST + 10):
        lockout.wrong((f"name {number}",), 0.0)
    assert len(lockout._tries) == MOST
