# SPDX-License-Identifier: Apache-2.0
"""Losses are said at once, and no oftener than once a second a cause."""

from edge.intake.blind import APART_NS, BlindSpots
from edge.model.event import TapBlind


def said(events: list[TapBlind]) -> list[tuple[str, int]]:
    return [(event.cause, event.lost) for event in events]


def test_the_first_loss_is_said_at_once_with_tap_and_trunks() -> None:
    spots = BlindSpots("mirror", ("intl", "natl"))
    (event,) = spots.grow(5, {"kernel ring full": 3})
    assert event == TapBlind(5, "mirror", ("intl", "natl"), "kernel ring full", 3)


def test_a_flood_is_one_event_a_second_and_counts_add_up() -> None:
    spots = BlindSpots("mirror", ())
    assert said(spots.grow(0, {"ring": 1})) == [("ring", 1)]
    assert spots.grow(1, {"ring": 10}) == []
    assert said(spots.grow(2, {"gap": 1})) == [("gap", 1)]
    assert said(spots.grow(APART_NS, {"ring": 5})) == [("ring", 15)]
    assert spots.grow(APART_NS, {"ring": 2}) == []
    assert said(spots.rest(APART_NS + 1)) == [("ring", 2)]
    assert spots.rest(APART_NS + 2) == []


def test_nothing_lost_is_nothing_said() -> None:
    assert BlindSpots("mirror", ()).grow(0, {"ring": 0}) == []
