# SPDX-License-Identifier: Apache-2.0
"""An alarm is told once and stands until it is over; who shows the names hears of each change."""

from pydantic import TypeAdapter

from edge.report.alarms import MOST_TEXT, Alarms
from edge.report.event import Class, Event, Moment, encode, numbered
from edge.report.kinds import AlarmEvent

NOW = Moment(10**18, 1, "boot")


class Desk:
    def __init__(self) -> None:
        self.told: list[Event] = []
        self.changes = 0
        self.alarms = Alarms(self.told.append, lambda: NOW)
        self.alarms.changed = self.count

    def count(self) -> None:
        self.changes += 1


def test_told_once_and_named_while_it_stands() -> None:
    desk = Desk()
    for text in ("full", "fuller"):
        desk.alarms.stand("disk", text)
    assert (desk.alarms.names(), len(desk.told), desk.changes) == (("disk",), 1, 1)
    for _ in range(2):
        desk.alarms.stand("disk", "")
    assert (desk.alarms.names(), len(desk.told), desk.changes) == ((), 1, 2)
    desk.alarms.stand("disk", "x" * 10_000)
    assert (len(desk.told), desk.told[1].cls) == (2, Class.AUDIT)
    said = TypeAdapter(AlarmEvent).validate_json(numbered(1, encode(desk.told[1])))
    assert (said.name, len(said.text)) == ("disk", MOST_TEXT)


def test_the_alarms_of_a_room_are_followed() -> None:
    desk = Desk()
    desk.alarms.stand("disk", "full")
    desk.alarms.follow("hub", {"quota": "slow down", "version": ""})
    assert desk.alarms.names() == ("disk", "hub.quota", "hub.version")
    desk.alarms.follow("hub", {"quota": "slow down still"})
    assert desk.alarms.names() == ("disk", "hub.quota")
    assert [event.fields["name"] for event in desk.told] == ["disk", "hub.quota", "hub.version"]
    desk.alarms.follow("hub", {})
    assert desk.alarms.names() == ("disk",)
