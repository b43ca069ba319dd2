# SPDX-License-Identifier: Apache-2.0
"""What is known, for how long and of how many; the questions under way, by the clock of a test.

With sockets: `test_roamers.py`.
"""

from pathlib import Path

import pytest

from edge.blocklist.simple import SimpleBlocklist
from edge.config import parse
from edge.judging import build
from edge.model.event import Trunk, TrunkClass
from edge.model.verdict import Action
from edge.process.question import Answer
from edge.roaming import FORGET, MOST_OPEN, UNKNOWN_S, Cache, Known, Open, Terms, roamers_of
from tests.verdict.calls import MOBILE, NOW, call, no_alarm

ONE, TWO, THREE = "447700900001", "447700900002", "447700900003"
HOUR = 3600
TERMS = Terms(home_s=300, abroad_s=HOUR)


# The cache ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("abroad", "until_s", "asked_s", "known"),
    [
        (True, 10.0, 9.9, True),
        (True, 10.0, 10.0, False),
        (False, 10.0, 9.9, True),
        (None, 10.0, 9.9, True),
        (None, 10.0, 11.0, False),
    ],
)
def test_an_answer_is_known_until_its_time_is_over(
    abroad: bool | None, until_s: float, asked_s: float, known: bool
) -> None:
    cache = Cache(10)
    cache.put(ONE, Known(abroad, until_s))
    assert cache.get(ONE, asked_s) == (Known(abroad, until_s) if known else None)
    assert cache.get(TWO, asked_s) is None
    assert len(cache) == int(known)


def test_the_one_that_was_asked_for_least_recently_goes_first() -> None:
    cache = Cache(2)
    cache.put(ONE, Known(True, 10))
    cache.put(TWO, Known(True, 10))
    assert cache.get(ONE, 0)
    cache.put(THREE, Known(False, 10))
    assert (cache.get(TWO, 0), len(cache)) == (None, 2)
    cache.put(ONE, Known(False, 20))
    cache.put(TWO, Known(True, 10))
    assert cache.get(THREE, 0) is None
    assert cache.get(ONE, 15) == Known(False, 20)


@pytest.mark.parametrize(
    ("abroad", "ttl_s", "believed_s"),
    [
        (False, 86_400, 300),
        (False, 10, 10),
        (True, 86_400, HOUR),
        (True, 0, 0),
        (None, 86_400, UNKNOWN_S),
        (None, 0, 0),
    ],
)
def test_an_answer_is_believed_no_longer_than_either_side_says(
    abroad: bool | None, ttl_s: int, believed_s: float
) -> None:
    assert TERMS.believed_s(Answer("1", abroad, ttl_s)) == believed_s


# Questions under way -------------------------------------------------------------


def test_a_question_has_a_deadline_and_is_forgotten_later() -> None:
    under_way = Open(0.5, 10, first=255)
    assert (under_way.begin(ONE, 0.0), under_way.begin(TWO, 0.25)) == ("ff", "100")
    assert under_way.has(ONE)
    assert (under_way.pass_time(0.49), under_way.waits("ff")) == (0, True)
    assert under_way.pass_time(0.5) == 1
    assert (under_way.waits("ff"), under_way.waits("100")) == (False, True)
    assert (under_way.pass_time(0.5), under_way.pass_time(0.75)) == (0, 1)
    asked = under_way.end("100")
    assert asked is not None
    assert (asked.digits, asked.late) == (TWO, True)
    assert under_way.end("100") is None
    assert under_way.pass_time(0.5 * FORGET - 0.01) == 0
    assert under_way.has(ONE)
    assert (under_way.pass_time(0.5 * FORGET), under_way.has(ONE), len(under_way)) == (0, False, 0)
    assert under_way.end("ff") is None


def test_a_question_that_was_answered_has_no_deadline_any_more() -> None:
    under_way = Open(0.5, 10)
    name = under_way.begin(ONE, 0.0)
    asked = under_way.end(name)
    assert asked is not None
    assert not asked.late
    assert (under_way.has(ONE), under_way.waits(name)) == (False, False)
    assert under_way.pass_time(1.0) == 0


def test_no_more_than_so_many_are_under_way() -> None:
    under_way = Open(0.5, 2)
    names = [under_way.begin(digits, 0.0) for digits in (ONE, TWO, THREE)]
    assert names == ["1", "2", ""]
    under_way.end("1")
    assert (under_way.begin(THREE, 0.0), len(under_way)) == ("3", 2)


# The configuration -----------------------------------------------------------------

NODE = '[node]\nname = "bench"\n'
HUB = '[hub]\nbrokers = ["127.0.0.1:1"]\n'
ASK = "[roaming]\nask = true\n"


@pytest.mark.parametrize("text", [NODE, NODE + HUB, NODE + ASK])
def test_nobody_is_asked_unless_told_so_and_where_there_is_no_hub(
    tmp_path: Path, text: str
) -> None:
    assert roamers_of(parse(text, tmp_path / "edge.toml"), tmp_path) is None
    assert not list(tmp_path.iterdir())


TRUNK = '[trunk.world]\nclass = "international"\nmode = "enforce"\n'


def test_verdicts_rest_on_it_and_so_they_do_with_a_new_list(tmp_path: Path) -> None:
    asked: list[str] = []

    def at_home(digits: str) -> bool:
        asked.append(digits)
        return False

    config = parse(NODE + TRUNK, tmp_path / "edge.toml")
    judging = build(config, no_alarm, at_home)
    offer = call(MOBILE, trunk=Trunk("world", TrunkClass.INTERNATIONAL))
    for _ in range(2):
        verdict = judging.pipeline.engine.decide(offer, NOW)
        assert (verdict.action, verdict.rule) == (Action.BLOCK, "spoof.mobile-cli-not-roaming")
        judging.watch._swap(SimpleBlocklist("new", 2))
    assert asked == [MOBILE.e164] * 2
    verdict = build(config, no_alarm).pipeline.engine.decide(offer, NOW)
    assert (verdict.action, verdict.rule) == (Action.OBSERVE, "spoof.roaming-unknown")


def test_it_is_asked_as_the_file_says(tmp_path: Path) -> None:
    keys = "deadline_ms = 200\nhome_ttl_s = 60\nabroad_ttl_s = 120\nmost = 5\n"
    roamers = roamers_of(parse(NODE + HUB + ASK + keys, tmp_path / "edge.toml"), tmp_path)
    assert roamers is not None
    assert roamers._terms == Terms(0.2, 60, 120, 5, MOST_OPEN)
    roamers.close()
