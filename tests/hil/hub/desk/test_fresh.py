# SPDX-License-Identifier: Apache-2.0
"""What is costly is found once in a while."""

import itertools

from hil.hub.desk.fresh import Fresh


def test_it_is_found_once_in_a_while() -> None:
    count = itertools.count()
    fresh = Fresh(lambda: next(count), 2.0)
    assert [fresh.get(at) for at in (5.0, 6.9, 7.0, 8.9, 9.0)] == [0, 0, 1, 1, 2]
    assert fresh.get(1.0) == 3, "a clock that went back"


def test_it_is_found_anew_when_it_is_forgotten() -> None:
    count = itertools.count()
    fresh = Fresh(lambda: next(count), 2.0)
    assert (fresh.get(1.0), fresh.get(1.0)) == (0, 0)
    fresh.forget()
    assert fresh.get(1.0) == 1
