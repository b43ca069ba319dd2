# SPDX-License-Identifier: Apache-2.0
"""What the counts of a key say: who steps from number to number, who is a network."""

import random

import pytest
from hypothesis import given, strategies as st

from edge.detect.sketch import mixed, place_of
from edge.detect.stats import NS, Ended, Kind, Seen, Stats


def seen(at: int = 0, called: int = 77172000001, calling: int = 447700900123) -> Seen:
    callee, caller = mixed(called, 1), mixed(calling, 1)
    return Seen(
        at, called, "GB", False, 1, 1, (callee, *place_of(callee)), (caller, *place_of(caller))
    )


def ended(at: int = 10 * NS, talk_s: float = 0, by_calling: bool = True, **more: bool) -> Ended:
    return Ended(at, talk_s > 0, int(talk_s * NS), by_calling, **more)


@given(st.integers(1, 8), st.integers(100_000, 900_000))
def test_a_dialler_is_seen_to_step_by_several_lines(lines: int, start: int) -> None:
    stats = Stats(Kind.SOURCE, "x", 0, 0)
    order = [start + n for n in range(80)]
    for at in range(0, 80, lines):
        random.Random(at).shuffle(order[at : at + lines])
    for called in order:
        stats.offered(seen(called=called))
    assert stats.stepped >= 75


def test_people_do_not_step() -> None:
    rng, stats = random.Random(3), Stats(Kind.SOURCE, "x", 0, 0)
    for _ in range(1000):
        stats.offered(seen(called=77172000000 + rng.randrange(100_000)))
    assert stats.stepped < 10
    again = Stats(Kind.SOURCE, "x", 0, 0)
    for _ in range(50):
        again.offered(seen(called=77172000001))
    assert again.stepped == 0


def test_lengths_that_are_alike_have_no_spread() -> None:
    stats = Stats(Kind.DEVICE, "x", 0, 0)
    for talk_s in (24.0, 24.5, 23.5, 24.0):
        stats.offered(seen())
        stats.count_out(ended(talk_s=talk_s), 0)
    assert stats.mean_s == pytest.approx(24)
    assert stats.spread < 0.02
    assert Stats(Kind.SOURCE, "x", 0, 0).spread == 1.0


def test_a_relay_is_known_by_the_devices_behind_it() -> None:
    media = Stats(Kind.MEDIA, "x", 0, 0)
    for shape in range(4):
        assert not media.is_relay
        media.offered(seen()._replace(shape=shape))
    assert media.is_relay
