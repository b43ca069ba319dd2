# SPDX-License-Identifier: Apache-2.0
"""Faults in turn: evenly, one at a time, the same ones again from the same seed."""

from itertools import pairwise

import pytest

from hil.hour.faults import FAULTS
from hil.hour.schedule import schedule

WANTED = {name: one.lasts_s for name, one in FAULTS.items()}


@pytest.mark.parametrize("total_s", [60, 180, 900, 3600, 86_400])
def test_each_happens_once_and_none_beside_another(total_s):
    slots = schedule(WANTED, total_s, seed=1)
    assert sorted(one.name for one in slots) == sorted(WANTED)
    assert all(before.ends_s < after.begins_s for before, after in pairwise(slots))
    apart = [round(after.begins_s - before.begins_s, 6) for before, after in pairwise(slots)]
    assert len(set(apart)) == 1
    assert slots[0].begins_s == pytest.approx(apart[0])
    assert total_s - slots[-1].begins_s == pytest.approx(apart[0])


def test_a_fault_lasts_as_long_as_is_wanted_where_there_is_time():
    slots = {one.name: one.ends_s - one.begins_s for one in schedule(WANTED, 86_400, seed=1)}
    assert slots == pytest.approx(WANTED)


def test_in_a_short_time_each_leaves_time_to_be_well_again():
    (slot,) = schedule({"hub_away": 180}, 100, seed=1)
    assert (slot.begins_s, slot.ends_s) == (50, 70)


def test_the_order_is_that_of_the_seed():
    first, again, other = (
        [one.name for one in schedule(WANTED, 900, seed)] for seed in (1, 1, 2)
    )  # fmt: skip
    assert first == again != other
