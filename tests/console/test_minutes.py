# SPDX-License-Identifier: Apache-2.0
"""What people do is in the log of acts under their names, or not done."""

import asyncio
import json
from pathlib import Path

import pytest

from edge.config import Config, parse
from edge.console.minutes import MOST, Minutes
from edge.errors import InputError
from edge.evidence.shelf import lines
from edge.model.verdict import Mode
from edge.modes import read_modes
from edge.places import places_of

TEXT = '[node]\nname = "a"\n[trunk.intl]\nclass = "international"\n'


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "state").mkdir()
    return parse(TEXT, tmp_path / "edge.toml")


def kept(config: Config) -> list[tuple[str, str, str]]:
    acts = [json.loads(line.octets) for line in lines(places_of(config).acts)]
    return [(act["act"], act["by"][1].partition(" by ")[0], act["text"]) for act in acts]


def test_what_is_done_is_recorded_as_theirs(config: Config) -> None:
    minutes = Minutes(config)
    args = {"trunk": "intl", "mode": "enforce"}
    assert minutes.do("mode", args, "clean", "asel") == "intl is in enforce"
    assert read_modes(places_of(config).modes) == {"intl": Mode.ENFORCE}
    minutes.note("bolat", "took the evidence of 1-2")
    assert kept(config) == [
        ("mode", "asel", "intl is in enforce; clean"),
        ("notice", "bolat", "took the evidence of 1-2"),
    ]


def test_what_is_refused_is_said(config: Config) -> None:
    with pytest.raises(InputError, match="no trunk of this box"):
        Minutes(config).do("mode", {"trunk": "x", "mode": "observe"}, "why", "asel")


def test_what_waits_is_recorded_in_turn(config: Config) -> None:
    minutes = Minutes(config)
    for number in range(MOST + 5):
        minutes.later("asel", f"did {number}")
    assert len(minutes._waiting) == MOST
    while len(minutes._waiting) > 3:
        minutes._waiting.popleft()

    async def record() -> None:
        task = asyncio.ensure_future(minutes.forever())  # noqa: TID251
        async with asyncio.timeout(30):
            while minutes._waiting or len(list(lines(places_of(config).acts))) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0)
        task.cancel()

    places_of(config).acts.mkdir()
    (places_of(config).acts / "leaves").touch()
    asyncio.run(record())
    assert [text for _, _, text in kept(config)] == [f"did {MOST - number}" for number in (3, 2, 1)]


def test_what_cannot_be_recorded_does_not_end_the_page(config: Config) -> None:
    minutes = Minutes(config)
    places_of(config).acts.touch()
    minutes._record("asel", "did something")
    with pytest.raises(InputError):
        minutes.note("asel", "did something")
