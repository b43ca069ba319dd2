# SPDX-License-Identifier: Apache-2.0
"""The named alarms of everything that comes signed. Each leaves the last good list in force."""

from enum import Enum

from edge.errors import TrustError


class Alarm(Enum):
    """What was tried, or went wrong so that it cannot be told from an attempt."""

    ROLLBACK = "rollback"
    FREEZE = "freeze"
    MIX_AND_MATCH = "mix-and-match"
    FAST_FORWARD = "fast-forward"
    ENDLESS_DATA = "endless-data"
    WRONG_KEY = "wrong-key"
    ONE_ROLE_ONLY = "one-role-only"
    ROLES_DISAGREE = "roles-disagree"
    WRONG_LIST = "wrong-list"
    BAD_METADATA = "bad-metadata"
    BAD_LIST = "bad-list"
    WRONG_HASH = "wrong-hash"
    TOO_LARGE = "too-large"
    MANY_ADDITIONS = "many-additions"
    WIDE_PREFIX = "wide-prefix"
    CANARY = "canary"


class Refused(TrustError):
    """Something signed was refused; nothing was changed."""

    def __init__(self, alarm: Alarm, why: str) -> None:
        """Name the alarm, and say in a sentence what was seen."""
        super().__init__(f"{alarm.value}: {why}")
        self.alarm = alarm
