# SPDX-License-Identifier: Apache-2.0
"""Time of a probe: as even as its count, as right as its least late record."""

import pytest

from drivers.taps.e1_serial.frame_clock import FRAME_NS, WRAP, FrameClock

MS = 1_000_000
S = 1000 * MS
EPOCH = 1_790_000_000 * S


def test_records_keep_the_distance_they_were_stamped_with() -> None:
    clock = FrameClock()
    first = clock.at(8000, EPOCH)
    late = clock.at(8160, EPOCH + 20 * MS + 9 * MS)
    assert first == EPOCH
    assert late - first == pytest.approx(20 * MS, abs=FRAME_NS)


def test_a_count_that_wraps_goes_on() -> None:
    clock = FrameClock()
    first = clock.at(WRAP - 80, EPOCH)
    assert clock.at(80, EPOCH + 20 * MS) - first == 20 * MS


def test_records_out_of_order_keep_their_order_of_time() -> None:
    clock = FrameClock()
    first = clock.at(1000, EPOCH)
    assert clock.at(992, EPOCH) == first - 8 * FRAME_NS


def test_nothing_is_heard_before_it_happened() -> None:
    clock = FrameClock()
    clock.at(0, EPOCH)
    assert clock.at(8000, EPOCH + S - MS) == EPOCH + S - MS


@pytest.mark.parametrize("ppm", [-90, 0, 90])
def test_a_probe_that_runs_fast_or_slow_is_followed(ppm: int) -> None:
    clock = FrameClock()
    at = now = 0
    for second in range(4 * 3600):
        now = EPOCH + second * S
        at = clock.at(int(second * 8000 * (1 + ppm / 1e6)) % WRAP, now)
    assert 0 <= now - at < 2 * FRAME_NS


@pytest.mark.parametrize("step", [-3600 * S, 3600 * S], ids=["back", "forth"])
def test_a_clock_of_ours_that_is_set_is_followed_at_once(step: int) -> None:
    clock = FrameClock()
    clock.at(0, EPOCH)
    assert clock.at(8000, EPOCH + S + step) == EPOCH + S + step


def test_any_count_is_survived() -> None:
    clock = FrameClock()
    for second, ticks in enumerate([0, WRAP - 1, WRAP // 2, 5, WRAP // 2 + 6, 0]):
        assert clock.at(ticks, EPOCH + second * S) <= EPOCH + second * S
