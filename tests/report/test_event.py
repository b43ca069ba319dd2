# SPDX-License-Identifier: Apache-2.0
"""An event is JSON; its number is put before it when it is sent."""

import json

from edge.report.event import CLASSES, LIVE, Class, Clock, Event, Moment, encode, numbered
from edge.report.message import Envelope

EVENT = Event(
    Class.AUDIT, "alarm", Moment(10**18, 5, "b0", Clock.HOLDOVER), {"name": "n", "text": "Қалқан"}
)


def test_the_dearest_class_is_first_and_never_a_backlog() -> None:
    assert [cls.value for cls in CLASSES] == ["audit", "block", "call", "metric", "debug"]
    assert frozenset(CLASSES[:2]) == LIVE


def test_an_event_is_what_the_hub_reads() -> None:
    octets = numbered(7, encode(EVENT))
    assert json.loads(octets) == {
        "seq": 7, "kind": "alarm", "at": 10**18, "mono": 5, "boot": "b0", "clock": "holdover",
        "name": "n", "text": "Қалқан",
    }  # fmt: skip
    assert Envelope.model_validate_json(octets).model_extra == {"name": "n", "text": "Қалқан"}
