# SPDX-License-Identifier: Apache-2.0
"""Every word that the house can say on the page has one for people."""

from edge.blocklist.entry import Listed
from edge.blocklist.said import EXPIRED, HOLDS, LIFTED, NOT_YET
from edge.console.logs import LEVELS, UNITS
from edge.console.people import Role
from edge.console.wording import WORDS
from edge.detect.clues import KINDS
from edge.detect.stats import Kind
from edge.doctor.finding import Level
from edge.model.event import TrunkClass
from edge.model.outcome import Result
from edge.model.verdict import Action, Basis, Mode
from edge.origin.paper import SAID_BY
from edge.trust.alarm import Alarm
from edge.update.state import State, Why
from edge.verdict.rule import BY_ID
from tests.console.sentences import checks


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
