# SPDX-License-Identifier: Apache-2.0
"""The same call has a label in common at each hop, another call has none."""

import pytest

from edge.report.pseudonym import Pseudonyms
from edge.report.trace import GRID_NS, HALF_NS, labels_near, labels_of

S = 10**9
NOW = 1_795_000_000 * S // GRID_NS * GRID_NS
"Where a minute of the first grid begins."
CALLED = "+77172000001"
HASHED = Pseudonyms(b"k" * 32).of


@pytest.mark.parametrize("apart_s", [0, 1, 14, 29])
@pytest.mark.parametrize("at_s", range(0, 60, 5))
def test_two_hops_less_than_half_a_minute_apart_have_a_label_in_common(
    at_s: int, apart_s: int
) -> None:
    here = labels_of(CALLED, NOW + at_s * S, HASHED)
    there = labels_of(CALLED, NOW + (at_s + apart_s) * S, HASHED)
    assert set(here) & set(there)


def test_calls_a_minute_apart_have_none() -> None:
    here = labels_of(CALLED, NOW, HASHED)
    assert not set(here) & set(labels_of(CALLED, NOW + GRID_NS, HASHED))


@pytest.mark.parametrize("other", ["+77172000002", "+7717200000", "+771720000011"])
def test_other_numbers_have_other_labels(other: str) -> None:
    assert not set(labels_of(CALLED, NOW, HASHED)) & set(labels_of(other, NOW, HASHED))


def test_another_key_makes_other_labels_and_none_shows_the_number() -> None:
    mine, others = labels_of(CALLED, NOW, HASHED), labels_of(CALLED, NOW, Pseudonyms(b"j" * 32).of)
    assert not set(mine) & set(others)
    assert all(len(label) == 32 and "7717200" not in label for label in mine)
    assert mine[0] != mine[1]


def test_a_remembered_time_is_met_however_it_falls() -> None:
    """Whoever complains says about when it rang."""
    for off_s in range(-120, 121, 7):
        near = labels_near(CALLED, NOW + off_s * S, 120 * S, HASHED)
        assert set(labels_of(CALLED, NOW, HASHED)) & set(near), off_s
        assert len(near) <= 2 * (240 * S // HALF_NS + 2)
