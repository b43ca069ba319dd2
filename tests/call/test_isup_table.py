# SPDX-License-Identifier: Apache-2.0
"""The table is whole: every state can be reached, every call can end."""

from pathlib import Path

from edge.call.isup_table import TABLE, IsupSignal, IsupState
from edge.call.machine import mermaid

UP = set(IsupState) - {IsupState.IDLE}


def test_every_state_is_reached() -> None:
    reached = {IsupState.IDLE}
    for _ in IsupState:
        reached |= {after for (before, _), after in TABLE.items() if before in reached}
    assert reached == set(IsupState)


def test_every_call_can_end() -> None:
    for state in UP:
        for signal in (IsupSignal.SILENCE, IsupSignal.RESET, IsupSignal.RLC):
            assert TABLE[state, signal] is IsupState.IDLE
        assert TABLE[state, IsupSignal.REL] is IsupState.WAIT_FOR_RLC


def test_after_the_release_nothing_brings_a_call_back() -> None:
    later = {after for (before, _), after in TABLE.items() if before is IsupState.WAIT_FOR_RLC}
    assert later == {IsupState.WAIT_FOR_RLC, IsupState.IDLE}


def test_the_diagram_in_the_architecture_is_this_table() -> None:
    document = Path(__file__).parents[2] / "edge" / "ARCHITECTURE.md"
    assert mermaid(TABLE) in document.read_text(encoding="utf-8")
