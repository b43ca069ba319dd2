# SPDX-License-Identifier: Apache-2.0
"""Writes down how an update stands, and says so to the hub: one event for each state and decade."""

from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from edge.report.event import Class, Event, Moment
from edge.report.message import Campaign
from edge.trust.alarm import Alarm
from edge.update.state import MOST_TEXT, OVER, Failed, Folder, State, Update, Why

TOLD_EVERY = 10
"Percent."
_ALARMS = frozenset(alarm.value for alarm in Alarm)


class Book:
    """What is known of the update of this box."""

    def __init__(
        self, folder: Folder, put: Callable[[Event], object], moment: Callable[[], Moment]
    ) -> None:
        """Go on from what the folder says; report by `put`."""
        self.update = folder.update()
        self._folder = folder
        self._put = put
        self._moment = moment
        self._waits_for = ""
        "The campaign of which was told that it waits for another."

    def begin(self, campaign: Campaign, installed: str) -> Update:
        """Begin an update. Raises `OSError`."""
        self.update = Update(campaign.id, installed, campaign.version)
        self.enter(State.QUEUED)
        return self.update

    def enter(self, state: State, percent: int = 0, **fields: Any) -> None:  # noqa: ANN401
        """Have a state on disk, and told. Raises `OSError` while there is more to come."""
        if self.update is None:
            return
        moment = self._moment()
        if state is not self.update.state:
            fields = {"why": "", "text": "", **fields}
        self.update = msgspec.structs.replace(
            self.update, state=state, percent=percent, boot=moment.boot, at=moment.at, **fields
        )
        try:
            self._folder.keep(self.update)
        except OSError:
            if state not in OVER:  # an end is told, and known again by what the machine shows
                raise
        self._tell(self.update)

    def percent(self, percent: int) -> None:
        """Take note how far a state has got."""
        if self.update and percent // TOLD_EVERY > self.update.percent // TOLD_EVERY:
            self.enter(self.update.state, percent)

    def wait(self, state: State, why: Why, text: str) -> None:
        """Take note of what is waited for, once."""
        if self.update and (self.update.state, self.update.why) != (state, why.value):
            self.enter(state, why=why.value, text=text)

    def fail(self, failed: Failed) -> None:
        """Leave an update, and say why; that its version runs already is no failure."""
        if self.update is None or self.update.state in OVER:
            return
        state = State.CONFIRMED if failed.why == Why.INSTALLED.value else State.FAILED
        text = str(failed)[:MOST_TEXT]
        structlog.get_logger("uplink").error("update", why=failed.why, text=text)
        self.enter(state, why=failed.why, text=text)
        if failed.why in _ALARMS:
            told = f"firmware: {text}"[:MOST_TEXT]
            self._say("alarm", {"name": failed.why, "trunk": "", "text": told})

    def busy(self, wanted: Campaign | None, installed: str) -> None:
        """Say of another campaign, once, that it waits until this one has come to its end."""
        now = self.update
        if now is None or wanted is None or wanted.id in {now.campaign, self._waits_for}:
            return
        self._waits_for = wanted.id
        text = f"{now.campaign} comes to its end first"
        self._tell(Update(wanted.id, installed, wanted.version, why=Why.BUSY.value, text=text))

    def _tell(self, update: Update) -> None:
        self._say("update", {
            "campaign": update.campaign, "version_from": update.version_from,
            "version": update.version, "state": update.state.value, "percent": update.percent,
            "why": update.why, "text": update.text, "slot": update.slot,
        })  # fmt: skip

    def _say(self, kind: str, fields: dict[str, object]) -> None:
        self._put(Event(Class.AUDIT, kind, self._moment(), fields))
