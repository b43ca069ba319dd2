# SPDX-License-Identifier: Apache-2.0
"""When a campaign may do what: by local time, over midnight, at its bounds."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from edge.report.message import Campaign
from edge.update.campaign import When, opens_s, when


def at(text: str) -> int:
    """Return the second of a time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def campaign(*windows: str, **more: object) -> Campaign:
    return Campaign.model_validate({"id": "spring", "version": "1.2", "windows": windows, **more})


@pytest.mark.parametrize(
    ("windows", "utc", "opens"),
    [
        ((), "2026-11-26 12:00", 0),
        (("02:00-05:00",), "2026-11-25 21:00", 0),  # 02:00 in Almaty
        (("02:00-05:00",), "2026-11-25 23:59:59", 0),
        (("02:00-05:00",), "2026-11-26 00:00", 21 * 3600),  # 05:00: closed
        (("02:00-05:00",), "2026-11-25 20:59:30", 30),
        (("23:00-01:00",), "2026-11-26 18:00", 0),  # over midnight
        (("23:00-01:00",), "2026-11-26 19:59:59", 0),
        (("23:00-01:00",), "2026-11-26 20:00", 22 * 3600),
        (("02:00-03:00", "13:00-14:00"), "2026-11-26 07:30", 1800),
        (("00:00-00:00",), "2026-11-26 12:00", 0),  # the whole day
    ],
)
def test_a_window_opens_by_the_clock_on_the_wall(
    windows: tuple[str, ...], utc: str, opens: int
) -> None:
    assert opens_s(campaign(*windows), at(utc)) == opens


def test_another_country_has_another_clock() -> None:
    assert opens_s(campaign("02:00-05:00", offset_min=0), at("2026-11-26 02:00")) == 0
    assert opens_s(campaign("02:00-05:00", offset_min=-180), at("2026-11-26 05:00")) == 0


@pytest.mark.parametrize(
    ("now_s", "expected"),
    [(99, When.EARLY), (100, When.NOW), (199, When.NOW), (200, When.LATE)],
)
def test_it_runs_from_not_before_to_the_deadline(now_s: int, expected: When) -> None:
    assert when(campaign(not_before=100, deadline=200), now_s) is expected


@pytest.mark.parametrize(
    "fields",
    [
        {"windows": ["2:00-5:00"]}, {"windows": ["24:00-01:00"]}, {"windows": ["02:00"]},
        {"id": ""}, {"id": "../x"}, {"version": "new"}, {"offset_min": 900},
        {"windows": ["02:00-03:00"] * 9},
    ],
)  # fmt: skip
def test_a_campaign_out_of_bounds_is_not_read(fields: dict) -> None:
    with pytest.raises(ValidationError):
        Campaign.model_validate({"id": "spring", "version": "1.2", **fields})
