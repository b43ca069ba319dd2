# SPDX-License-Identifier: Apache-2.0
"""The table is for people: it adds up, and no caller can write into it."""

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from edge.cli.board import COLUMNS, STYLES, WORDS, Board
from edge.model.event import CallAnswered, CallOffered, CallReleased
from edge.model.number import Number, Refusal
from edge.model.verdict import Action, Basis, Mode, Reason, Verdict
from edge.pipeline import Decided, Finding
from edge.seen.tally import OUTCOMES, Tally
from edge.verdict.guardrail import Alarm
from tests.verdict.calls import ABROAD, GB, call, refused

LISTED = (Reason("list.calling", "A calling number is listed."),)
WOULD = Verdict(Action.OBSERVE, Action.BLOCK, Basis.LIST, "list.calling", Mode.OBSERVE, LISTED)
PLAIN = Verdict(Action.ALLOW, Action.ALLOW, Basis.NONE, "default", Mode.OBSERVE)

AT = 1_767_225_600 * 10**9


class Screen:
    """A board on a terminal or a pipe, with what stands there."""

    def __init__(self, *, terminal: bool) -> None:
        self._out = io.StringIO()
        console = Console(file=self._out, force_terminal=terminal, width=160, color_system=None)
        self.tally = Tally()
        self.board = Board(self.tally, console)

    def show(self, *found: Finding) -> str:
        """Return what was written for these findings."""
        before = len(self._out.getvalue())
        for finding in found:
            self.tally.count(finding)
        self.board.show(AT, list(found))
        return self._out.getvalue()[before:]

    def close(self) -> str:
        before = len(self._out.getvalue())
        self.board.close(None)
        return self._out.getvalue()[before:]


def offered(number: Number = GB) -> CallOffered:
    return replace(call(number), at=AT, trunk=ABROAD)


def test_on_a_pipe_a_line_for_every_verdict_that_says_something() -> None:
    screen, offer = Screen(terminal=False), offered()
    screen.board.start()
    assert screen.show(offer, Decided(offer, PLAIN, 1)) == ""
    line = screen.show(offer, Decided(offer, WOULD, 1))
    screen.board.stop()
    assert line.split() == [
        "00:00:00", "ALA-INT", "+447700900123", ">", "+77172000001", "would", "block",
        *LISTED[0].text.split(),
    ]  # fmt: skip


def test_on_a_terminal_the_last_calls_and_their_state() -> None:
    screen, offer = Screen(terminal=True), offered()
    screen.board.start()
    drawn = screen.show(offer, Decided(offer, WOULD, 1))
    assert "2026-01-01 00:00:00 UTC   calls 1" in drawn
    assert "would block" in drawn
    screen.show(CallAnswered(AT, offer.call, 1, 1))
    assert screen.board._rows[-1].state == "talking"
    screen.show(CallReleased(AT, offer.call, 1, "486", "called", answered=False, lasted_ns=0))
    assert screen.board._rows[-1].state == "ended 486"
    screen.board.stop()


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("raw", ["[/b]", "[red]x", "[link=http://x]", "\x1b]0;x\x07", "a\nb"])
def test_a_caller_cannot_write_on_the_terminal(terminal: bool, raw: str) -> None:
    screen, offer = Screen(terminal=terminal), offered(refused(raw, Refusal.NOT_DIGITS))
    screen.board.start()
    drawn = screen.show(offer, Decided(offer, WOULD, 1))
    screen.board.stop()
    assert raw.replace("\x1b", "\ufffd").replace("\x07", "\ufffd").replace("\n", "\ufffd") in drawn
    assert "\x1b]0" not in drawn


def test_closing_tables() -> None:
    screen, offer = Screen(terminal=False), offered()
    for said in (WOULD, PLAIN):
        screen.show(offer, Decided(offer, said, 2000))
    screen.tally.alarm(Alarm("breaker-open", "ALA-INT", AT, "[/x] of 9 calls"))
    closing = screen.close()
    row = next(line for line in closing.splitlines() if "ALA-INT" in line and "alarm" not in line)
    assert [int(cell) for cell in row.split("│")[2:-1]] == [2, 1, 1]
    assert "alarm breaker-open on ALA-INT: [/x] of 9 calls" in closing
    assert "list.calling" in closing
    assert "2 calls decided, each within 2 us (median), 2 us (99 of 100)." in closing


def test_every_outcome_has_its_word_its_colour_and_its_column() -> None:
    assert set(WORDS) == set(STYLES) == set(OUTCOMES) == set(COLUMNS[1:])
