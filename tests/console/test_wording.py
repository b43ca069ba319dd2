# SPDX-License-Identifier: Apache-2.0
"""Every word that the house can say on the page has one for people."""

import re
from pathlib import Path

from drivers.taps.gth.hearing import LOSSES
from edge.blocklist.entry import Listed
from edge.blocklist.said import EXPIRED, HOLDS, LIFTED, NOT_YET
from edge.console.logs import LEVELS, UNITS
from edge.console.people import Role
from edge.console.wording import WORDS
from edge.detect.clues import KINDS
from edge.detect.stats import Kind
from edge.doctor.finding import Level
from edge.doctor.hearing import BELOW
from edge.model.event import TrunkClass
from edge.model.outcome import Result
from edge.model.verdict import Action, Basis, Mode
from edge.origin.paper import SAID_BY
from edge.trust.alarm import Alarm
from edge.update.state import State, Why
from edge.verdict.rule import BY_ID
from tests.console.sentences import checks

TAPS = Path(__file__).parents[2] / "drivers" / "taps"


def test_every_cause_of_loss_has_words() -> None:
    counted = re.compile(r'lost\["([a-z0-9 ]+)"\]')
    found = {
        cause for path in TAPS.rglob("*.py") for cause in counted.findall(path.read_text("utf-8"))
    }
    assert len(found) > 12
    assert (found | {*LOSSES.values()}) - WORDS["loss"].keys() == set()
    assert WORDS["loss"].keys() >= BELOW


def test_all_words_are_there() -> None:
    for kind, words in (
        ("mode", Mode), ("action", Action), ("wanted", Action), ("fate", Result),
        ("class", TrunkClass), ("basis", Basis), ("role", Role), ("level", Level),
        ("party", Listed), ("update", State),
    ):  # fmt: skip
        assert WORDS[kind].keys() == {word.value for word in words}
    assert WORDS["holds"].keys() == {HOLDS, LIFTED, EXPIRED, NOT_YET}
    whys = {word.value for word in (*Why, *Alarm)}
    assert WORDS["why"].keys() == whys | {"well"}
    assert WORDS["trust"].keys() == SAID_BY.keys()
    assert WORDS["rule"].keys() == BY_ID.keys()
    assert WORDS["log"].keys() == set(LEVELS)
    assert WORDS["process"].keys() == UNITS.keys()
    assert WORDS["member"].keys() == {kind.name.lower() for kind in Kind}
    assert WORDS["clue"].keys() == {kind.title for kind in KINDS}
    named_by_their_part = {"tap", "gate", "enforcer", "signature"}
    assert WORDS["check"].keys() == checks() | named_by_their_part
