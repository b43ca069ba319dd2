# SPDX-License-Identifier: Apache-2.0
"""The last hour by the minute, through a restart of `core`, and as it is drawn."""

from edge import counters
from edge.console.history import HEIGHT, MINUTES, History, Totals, bars_of, totals_of
from edge.counting import Numbers, Series


def test_totals_are_those_of_core() -> None:
    numbers = Numbers()
    numbers[counters.CALLS_OFFERED]["intl",].value = 9
    numbers[counters.VERDICTS]["block", "block", "list.calling", "intl"].value = 2
    numbers[counters.VERDICTS]["observe", "block", "list.calling", "natl"].value = 3
    numbers[counters.VERDICTS]["allow", "allow", "default", "natl"].value = 4
    numbers[counters.OUTCOMES]["stopped", "intl"].value = 1
    numbers[counters.OUTCOMES]["leaked", "intl"].value = 1
    series = [Series(*one) for one in numbers.series()]
    assert totals_of(series) == Totals(9, 1, 3)


def test_a_minute_has_what_came_in_it() -> None:
    history = History()
    history.take(0.0, Totals(100, 10, 1))
    history.take(10.0, Totals(104, 11, 1))
    history.take(70.0, Totals(106, 11, 3))
    *_, before, now = history.hour(70.0)
    assert (before, now) == (Totals(4, 1, 0), Totals(2, 0, 2))
    assert len(history.hour(70.0)) == MINUTES


def test_a_core_that_was_started_anew_counts_from_nothing() -> None:
    history = History()
    history.take(0.0, Totals(100, 10, 1))
    history.take(10.0, Totals(3, 1, 0))
    assert history.hour(10.0)[-1] == Totals(3, 1, 0)


def test_what_is_older_than_an_hour_is_gone() -> None:
    history = History()
    history.take(0.0, Totals(0))
    history.take(30.0, Totals(5))
    assert sum(one.calls for one in history.hour(59 * 60.0)) == 5
    assert sum(one.calls for one in history.hour(60 * 60.0)) == 0


def test_bars_stand_on_each_other_and_fit() -> None:
    quiet, busy = bars_of([Totals(9, 0, 0), Totals(9, 3, 1)])
    assert (quiet.stopped_height, quiet.would_height) == (0, 0)
    assert (busy.stopped_height, busy.would_height) == (75, 25)
    assert (busy.stopped_y, busy.would_y) == (HEIGHT - 75, 0)
    assert bars_of([]) == []
