# SPDX-License-Identifier: Apache-2.0
"""The fleet as people see it; what an appliance says of itself is never markup or control."""

import io
import json

import msgspec
import pytest
from rich.console import Console

from hil.hub.fleet import Member
from hil.hub.watch import ago, as_json, picture

NOW_NS = 1_790_000_000_000_000_000
ONE = Member(
    node="astana-1", state="alert", heard_ns=NOW_NS - 65 * 10**9, software="1.2", boot="b",
    lists={"fraud": 12}, alarms=["list-stale"], certificate_ends=0, queued={"call": 1200},
    held={"call": 40_000, "audit": 2}, behind=3, unread=1,
    notes=[(NOW_NS, "went-back", "call 8a0e went back from 2 to 1")],
)  # fmt: skip


def drawn(*members: Member) -> str:
    paper = io.StringIO()
    console = Console(file=paper, width=140, color_system="truecolor", force_terminal=True)
    console.print(picture(members, NOW_NS))
    return paper.getvalue()


def test_a_row_says_it_all() -> None:
    text = drawn(ONE)
    for word in ("astana-1", "alert", "1 min", "1.2", "fraud 12", "list-stale", "1,200", "40,002"):
        assert word in text
    assert "went back from 2 to 1" in text


def test_what_is_said_is_no_markup_and_moves_no_cursor() -> None:
    evil = msgspec.structs.replace(ONE, software="[bold]\x1b[2J", alarms=["[/red]", "\x07"])
    text = drawn(evil)
    assert "[bold]" in text
    assert "[/red]" in text
    assert "\x1b[2J" not in text
    assert "\x07" not in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "now"), (1, "1 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h"), (200_000, "2 d")],
)
def test_how_long_ago(seconds: int, words: str) -> None:
    assert ago(NOW_NS - seconds * 10**9, NOW_NS) == words


def test_never_and_a_clock_that_stepped() -> None:
    assert ago(0, NOW_NS) == "never"
    assert ago(NOW_NS + 10**9, NOW_NS) == "now"


def test_json_has_a_version_and_all_that_is_known() -> None:
    told = json.loads(as_json([ONE]))
    assert told["v"] == 1
    assert told["fleet"][0]["held"] == {"call": 40_000, "audit": 2}
    assert set(told["fleet"][0]) == {field.name for field in msgspec.structs.fields(Member)}
