# SPDX-License-Identifier: Apache-2.0
"""Losses between a probe and us: each record counted once."""

import pytest

from drivers.taps.e1_serial.ledger import Ledger

X = "bad CRC"


@pytest.mark.parametrize(
    ("heard", "lost"),
    [
        pytest.param([5, 6, 7], {}, id="all"),
        pytest.param([5, 8], {"sequence gap": 2}, id="a gap"),
        pytest.param([5, X, 7], {X: 1}, id="one damaged is the one that is missing"),
        pytest.param([5, X, 9], {X: 1, "sequence gap": 2}, id="damaged and more"),
        pytest.param([5, X, X, 6], {X: 2}, id="noise between records"),
        pytest.param([65534, 65535, 0, 1], {}, id="over the end of the sequence"),
        pytest.param([65535, 2], {"sequence gap": 2}, id="a gap over the end"),
        pytest.param([5, 4, 5], {"sequence broken": 1}, id="backwards"),
        pytest.param([X, 5], {X: 1}, id="damaged before the first"),
    ],
)
def test_a_record_is_lost_once(heard: list[int | str], lost: dict[str, int]) -> None:
    ledger = Ledger()
    for one in heard:
        if isinstance(one, str):
            ledger.damage(one)
        else:
            ledger.number(one)
    assert ledger.lost == lost


def test_a_probe_is_believed_from_its_first_count_on() -> None:
    ledger = Ledger()
    for count in (10, 10, 14):
        ledger.overrun(count)
    assert ledger.lost == {"probe overrun": 4}


def test_after_a_restart_all_counts_begin_at_zero() -> None:
    ledger = Ledger()
    ledger.number(700)
    ledger.overrun(10)
    ledger.restart()
    ledger.number(0)
    ledger.overrun(3)
    assert ledger.lost == {"probe restarted": 1, "probe overrun": 3}
