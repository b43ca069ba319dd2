# SPDX-License-Identifier: Apache-2.0
"""Calls drawn: machines from left to right, time downwards."""

from hil.region.ladder import Step, ladder, steps
from hil.region.tables import ABROAD, BOX, CONTROL, SWITCH
from hil.region.watch import Message, Seen

MS = 1_000_000
PICTURE = """\
                 abroad                switch             Qalqan Edge
     0 ms           │─────── INVITE ─────►│                     │
     2 ms           │                     │─────── INVITE ─────►│
     5 ms           │                     │◄─── 603 Decline ────│
     6 ms           │◄─── 603 Decline ────│                     │
"""


def said(at_ms: int, source: str, destination: str, label: str) -> Message:
    return Message(at_ms * MS, source, destination, label, "c", "1", "2", "INVITE")


def test_a_stopped_call() -> None:
    found = [
        said(0, ABROAD, SWITCH, "INVITE"), said(1, ABROAD, SWITCH, "INVITE"),
        said(2, CONTROL, BOX, "INVITE"), said(5, BOX, CONTROL, "603 Decline"),
        said(6, SWITCH, ABROAD, "603 Decline"), said(7, "192.0.2.99", SWITCH, "OPTIONS"),
    ]  # fmt: skip
    assert ladder(steps(Seen("c", "1", "2", found))) == PICTURE


def test_a_long_phrase_is_cut() -> None:
    shown = ladder([Step(0, "a", "b", "x" * 18)], {"a": "left", "b": "right"})
    assert "x" * 18 in shown
    (step,) = steps(Seen("c", "1", "2", [said(0, ABROAD, SWITCH, "302 Moved Temporarily for now")]))
    assert step.label.endswith("...")
