# SPDX-License-Identifier: Apache-2.0
"""When a campaign may do what. Pure: what time it is, is an argument.

Fetching may begin at `not_before`; the slot is written and the box starts anew within a window.
"""

from enum import Enum

from edge.report.message import Campaign

DAY_MIN = 24 * 60
MINUTE_S = 60


class When(Enum):
    """What a campaign says of a moment."""

    EARLY = "early"
    NOW = "now"
    LATE = "late"


def when(campaign: Campaign, now_s: int) -> When:
    """Return whether a campaign runs."""
    if now_s < campaign.not_before:
        return When.EARLY
    return When.LATE if now_s >= campaign.deadline else When.NOW


def opens_s(campaign: Campaign, now_s: int) -> int:
    """Return in how many seconds a window opens; 0 within one, or where there is none."""
    if not campaign.windows:
        return 0
    local_s = now_s + campaign.offset_min * MINUTE_S
    into_s = local_s % (DAY_MIN * MINUTE_S)
    return min(_until_s(window, into_s) for window in campaign.windows)


def _until_s(window: str, into_s: int) -> int:
    """Return in how many seconds of a day a window opens; one of no length lasts the whole day."""
    begin, end = (_of_day_s(text) for text in window.split("-"))
    length = (end - begin) % (DAY_MIN * MINUTE_S) or DAY_MIN * MINUTE_S
    since = (into_s - begin) % (DAY_MIN * MINUTE_S)
    return 0 if since < length else DAY_MIN * MINUTE_S - since


def _of_day_s(text: str) -> int:
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * MINUTE_S
