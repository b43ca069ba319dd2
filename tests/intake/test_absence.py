# SPDX-License-Identifier: Apache-2.0
"""What stays away is said once, and so is that it is back; what is back at once is not said."""

import pytest

from edge.errors import DriverLost
from edge.intake.absence import AFTER_NS, NS, Absences
from edge.process.supervise import Presence


def lose(there: Presence, why: str) -> None:
    with pytest.raises(DriverLost), there.noted():
        raise DriverLost(why)


def said(absences: Absences, until_s: int, from_s: int = 0) -> list[tuple[int, str, str]]:
    """Look every second; return what was said when."""
    return [
        (second, alarm.name, alarm.text)
        for second in range(from_s, until_s)
        for alarm in absences.look(second * NS)
    ]


def test_what_is_away_for_a_while_is_said_once_and_once_that_it_is_back() -> None:
    tap, switch = Presence("tap mirror"), Presence("switch pbx")
    absences = Absences([tap, switch])
    assert said(absences, 10) == []
    lose(tap, "eth1: No such device")
    assert said(absences, 60, 10) == [(15, "away", "tap mirror is away: eth1: No such device")]
    tap.back()
    assert said(absences, 70, 60) == [(60, "back", "tap mirror is there again")]
    lose(switch, "connection refused")
    assert said(absences, 80, 70) == [(75, "away", "switch pbx is away: connection refused")]


def test_what_is_back_soon_is_not_said() -> None:
    tap = Presence("tap mirror")
    absences = Absences([tap])
    for second in range(60):
        if second % 5:
            tap.back()
        else:
            lose(tap, "unplugged")
        assert absences.look(second * NS) == []


def test_another_reason_is_the_same_absence() -> None:
    tap = Presence("tap mirror")
    absences = Absences([tap])
    for second in range(60):
        lose(tap, f"attempt {second}")
        expected = second * NS == AFTER_NS
        assert bool(absences.look(second * NS)) is expected
