# SPDX-License-Identifier: Apache-2.0
"""The table is whole: every state can be reached, every call can end."""

from pathlib import Path

from edge.call.machine import mermaid
from edge.call.q931_table import CLEARING, TABLE, Q931Signal, Q931State


def test_every_state_is_reached() -> None:
    reached = {Q931State.NULL}
    for _ in Q931State:
        reached |= {after for (before, _), after in TABLE.items() if before in reached}
    assert reached == set(Q931State)


def test_every_call_can_end() -> None:
    for state in set(Q931State) - {Q931State.NULL}:
        for signal in (Q931Signal.SILENCE, Q931Signal.RESTART, Q931Signal.RELEASE_COMPLETE):
            assert TABLE[state, signal] is Q931State.NULL


def test_after_the_release_nothing_brings_a_call_back() -> None:
    later = {after for (before, _), after in TABLE.items() if before in CLEARING}
    assert later == {*CLEARING, Q931State.NULL}


def test_the_diagram_in_the_architecture_is_this_table() -> None:
    document = Path(__file__).parents[2] / "edge" / "ARCHITECTURE.md"
    assert mermaid(TABLE) in document.read_text(encoding="utf-8")
