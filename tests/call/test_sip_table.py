# SPDX-License-Identifier: Apache-2.0
"""The table is whole: every state can be left, every state can be reached."""

from pathlib import Path

from edge.call.machine import mermaid
from edge.call.sip_table import SIGNALS, TABLE, SipSignal, SipState


def test_every_state_is_reached_and_every_call_can_end() -> None:
    reached = {SipState.CALLING}
    for _ in SipState:
        reached |= {after for (before, _), after in TABLE.items() if before in reached}
    assert reached == set(SipState)
    for state in set(SipState) - {SipState.RELEASED}:
        assert TABLE[state, SipSignal.SILENCE] is SipState.RELEASED


def test_nothing_comes_after_the_end() -> None:
    ends = {after for (before, _), after in TABLE.items() if before is SipState.RELEASED}
    assert ends == {SipState.RELEASED}


def test_every_status_has_a_meaning() -> None:
    wanted = {"100": "100", "180": "180", "183": "181-189", "202": "2xx", "302": "3xx-6xx"}
    wanted |= {"401": "401,407", "407": "401,407", "486": "3xx-6xx", "603": "3xx-6xx"}
    assert {status: SIGNALS[status].value for status in wanted} == wanted


def test_diagram_has_a_line_for_each_transition() -> None:
    assert len(mermaid(TABLE).splitlines()) == len(TABLE) + 1
    assert "    calling --> alerting: 180" in mermaid(TABLE)


def test_the_diagram_in_the_architecture_is_this_table() -> None:
    document = Path(__file__).parents[2] / "edge" / "ARCHITECTURE.md"
    assert mermaid(TABLE) in document.read_text(encoding="utf-8")
