# SPDX-License-Identifier: Apache-2.0
"""The picture fits the terminal, has all its parts, and says nothing to the terminal itself."""

import io
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from edge.cli.watch_picture import MARKS, SHOWN, picture
from edge.cli.watch_seen import Seen, Watcher
from edge.config import Config
from edge.console.history import Totals
from edge.seen.glance import Alarm, Hub, Loaded, Tap
from tests.console.site_house import as_of_now, furnish

CAPTURES = ("spoofed_7172.pcap", "plain_calls.pcap", "emergency.pcapng", "cyrillic.pcap")
NOW_S, AT = 10_000.0, 1_800_000_000.0
ALL = (
    "Qalqan Edge", "astana-bench", "2027-01-15 08:00:00 UTC", "core runs", "calls heard 15",
    "would have been stopped 3", "Taps", "mirror", "heard 193", "Trunks", "intl", "observe",
    "natl", "Hub", "stands alone", "Lists", "fraud", "Alarms since the start", "a list is old",
    "Doctor", "calling", "what became of it", "+77270000213", "q ends",
)  # fmt: skip
HOSTILE = "\x1b]0;taken\x07\x1b[2J\x9b31m\r\n\u202e[red]x"


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return furnish(tmp_path_factory.mktemp("box"), *CAPTURES)


@pytest.fixture
def seen(heard: Config) -> Seen:
    as_of_now(heard)
    return Watcher(heard, masked=False).look(NOW_S, AT)


def drawn(seen: Seen, width: int, height: int | None, *, colour: bool = False) -> list[str]:
    """Return what comes to a terminal of this size."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, height=height, force_terminal=True,
        color_system="standard" if colour else None,
    )  # fmt: skip
    lines = picture(seen, width, height, "q ends")
    assert max(line.cell_len for line in lines) <= width
    for line in lines:
        console.print(line)
    return out.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 50)])
def test_all_parts_are_there_and_fit(seen: Seen, width: int, height: int) -> None:
    lines = drawn(seen, width, height)
    assert len(lines) == height
    for part in ALL:
        assert any(part in line for line in lines), part
    shown = [line for line in lines if " would block" in line]
    assert len(shown) == (3 if height == 50 else 0)


@pytest.mark.parametrize("width", [1, 10, 39, 79, 119, 300])
@pytest.mark.parametrize("height", [1, 5, 24, 200])
def test_a_terminal_of_any_size(seen: Seen, width: int, height: int) -> None:
    lines = picture(seen, width, height, "q ends")
    assert len(lines) == height
    assert max(line.cell_len for line in lines) <= width


def test_much_of_everything_leaves_room_for_calls(seen: Seen) -> None:
    many = seen._replace(
        taps=[Tap(f"tap-{at}", True, 1, 0) for at in range(40)],
        alarms=[Alarm("breaker-open", f"t{at}", 1) for at in range(40)],
    )
    lines = drawn(many, 80, 24)
    assert any("more" in line and "…" in line for line in lines)
    assert sum(line[2:3] == ":" for line in lines) >= 4
    whole = drawn(many, 80, None)
    assert any("tap-39" in line for line in whole)
    assert sum(line[2:3] == ":" for line in whole) == min(SHOWN, len(seen.calls))


@pytest.mark.parametrize("width", [80, 160])
def test_nothing_heard_or_named_reaches_the_terminal_as_more_than_text(
    seen: Seen, width: int
) -> None:
    call = replace(
        seen.calls[0], calling=HOSTILE, called=HOSTILE, trunk=HOSTILE, fate=HOSTILE,
        action=HOSTILE, rule=HOSTILE,
    )  # fmt: skip
    taken = seen._replace(
        node=HOSTILE, calls=[call], alarms=[Alarm(HOSTILE, HOSTILE, 1)], stopped_by=HOSTILE,
        lists=[Loaded(HOSTILE, 1, 1, None)], taps=[Tap(HOSTILE, True, 1, 1)],
    )  # fmt: skip
    text = "\n".join(drawn(taken, width, 50))
    assert not [char for char in text if not char.isprintable() and char != "\n"]
    assert "�]0;taken" in text


def test_colours_are_those_of_the_page(seen: Seen) -> None:
    blocked = replace(seen.calls[0], action="block", wanted="block", fate="stopped")
    leaked = replace(blocked, fate="leaked")
    text = "\n".join(drawn(seen._replace(calls=[blocked, leaked]), 160, 50, colour=True))
    assert "\x1b[31mblocked" in text
    assert "\x1b[1;35mblocked" in text
    assert "stopped before it rang" in text
    assert "went on although the switch agreed" in text
    assert "\x1b[33mwould block" in "\n".join(drawn(seen, 160, 50, colour=True))
    assert set(MARKS) == {"stopped", "would", "failed", ""}


def test_bars_are_of_one_measure(seen: Seen) -> None:
    hour = [Totals()] * 58 + [Totals(9, 8, 1), Totals(9, 1, 4)]
    stopped, would = (
        next(line for line in drawn(seen._replace(hour=hour), 80, 24) if line.startswith(mark))
        for mark in ("stopped", "would")
    )
    assert stopped.split()[1:] == ["·" * 58 + "█▁", "9"]
    assert would.split()[1:] == ["·" * 58 + "▁▄", "5"]
    tall = drawn(seen._replace(hour=hour), 80, 50)
    at = next(at for at, line in enumerate(tall) if line.startswith("stopped"))
    assert [line[66:68].rstrip() for line in tall[at - 2 : at + 1]] == ["█", "█", "█▃"]


@pytest.mark.parametrize(
    ("hub", "said"),
    [
        (Hub(True, True, True, 0, 0.0), "takes events"),
        (Hub(True, True, False, 3, 7200.0), "3 events wait, the oldest for 2 h"),
        (Hub(True, False, False, 1, 59.0), "cannot be reached"),
    ],
)
def test_the_way_to_the_hub(seen: Seen, hub: Hub, said: str) -> None:
    assert any(said in line for line in drawn(seen._replace(hub=hub), 80, 24))


def test_lists_with_version_and_age(seen: Seen) -> None:
    lists = [Loaded("fraud", 7, 1200, 90_000.0)]
    lines = drawn(seen._replace(lists=lists), 160, 50)
    assert any("fraud version 7, signed 1 d ago" in line for line in lines)


def test_what_does_not_run_and_what_to_do(seen: Seen, heard: Config, tmp_path: Path) -> None:
    away = heard.model_copy(
        update={"node": heard.node.model_copy(update={"state_dir": tmp_path / "none"})}
    )
    lines = drawn(Watcher(away, masked=False).look(NOW_S, AT), 80, 24)
    assert lines[0].endswith("core does not run")
    assert lines[1].startswith("core does not run: journalctl -b -u qalqan-core says why")
    assert any("no call was heard" in line for line in lines)
