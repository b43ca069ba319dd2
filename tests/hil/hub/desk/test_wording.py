# SPDX-License-Identifier: Apache-2.0
"""Every text of the desk is there in every language; what a box says too is not written twice."""

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from edge import keeping, upkeep
from edge.report.hub import refusal
from edge.report.outbox import scribe
from edge.trust.handed import Flaw
from hil.hub.campaigns import JOINING
from hil.hub.desk.health import LEVELS
from hil.hub.desk.regions import REGIONS
from hil.hub.desk.wording import LOCALES, OURS, alarm, speeches
from tests.console.test_speech import KEYWORDS, SOURCES, TRANSLATED, catalog as of_a_box

ROOT = Path(__file__).parents[4]
DESK, EDGE = ROOT / "hil" / "hub" / "desk", ROOT / "edge"


@pytest.fixture(scope="module")
def texts() -> set[str]:
    """All texts that the desk can say, besides those of a box."""
    found = {str(text) for _, _, text, _, _ in extract_from_dir(DESK, SOURCES, keywords=KEYWORDS)}
    return found - {one.id for one in of_a_box("ru") if one.id}


def catalog(language: str) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "desk.po").open("rb") as file:
        return read_po(file, language, abort_invalid=True)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_none_is_left_over(language: str, texts: set[str]) -> None:
    told = {one.id: one for one in catalog(language) if one.id}
    assert texts - told.keys() == set()
    assert told.keys() - texts == set()
    assert [one.id for one in told.values() if not one.string or one.fuzzy] == []
    assert len(texts) > 150


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_ends_as_the_english_one_and_says_something_else(language: str) -> None:
    ends = {".", "?", ":"}
    for one in catalog(language):
        if one.id:
            assert one.string != one.id
            assert one.id[-1] not in ends or str(one.string)[-1] == one.id[-1], one.id


def test_the_trade_is_called_as_on_the_page_of_a_box() -> None:
    russian, kazakh = (
        " ".join(str(one.string).lower() for one in catalog(name) if one.id)
        for name in ("ru", "kk")
    )
    for word in ("устройств", "узел центра", "вызов", "пресеч"):
        assert word in russian
    for word in ("құрылғы", "орталық торап", "қоңырау", "тоқтат"):
        assert word in kazakh
    assert "щ" not in kazakh


@pytest.mark.parametrize("language", [*TRANSLATED, "en"])
def test_every_word_of_the_hub_has_one_for_people(language: str) -> None:
    speech = speeches()[language]
    kinds = {"stands": LEVELS, "flaw": [one.value for one in Flaw], "mark": JOINING}
    for kind, words in kinds.items():
        for word in words:
            assert speech.word(kind, word) != word
    assert speech.word("action", "block") != "block", "and those of a box"
    names = Counter(speech.word("region", region.id) for region in REGIONS)
    assert len(names) == len(REGIONS) == 20
    assert set(OURS["region"]) == {region.id for region in REGIONS}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("disk-full", "the disk is full"),
        ("hub.not-authorised", "the broker does not let it report"),
        ("astana-1/verdicts.log", "verdicts: the log is not what was signed"),
        ("rollback", "what was signed is older than what was here"),
        ("hub.of a later version", "hub.of a later version"),
    ],
)
def test_an_alarm_is_said_in_words_and_one_of_a_later_version_as_it_is(
    name: str, said: str
) -> None:
    assert alarm(speeches()["en"], name) == said


RAISED = re.compile(
    r"""\b(?:Alarm|_?alarm|stand|_raise|partial)\((?:self\._alarm, )?"([a-z-]+)\""""
)


def test_every_alarm_of_a_box_has_words() -> None:
    named = {
        name for path in EDGE.rglob("*.py") for name in RAISED.findall(path.read_text("utf-8"))
    }
    constant = {
        value for room in (scribe, refusal, keeping, upkeep) for key, value in vars(room).items()
        if key.isupper() and isinstance(value, str) and re.fullmatch(r"[a-z]+(-[a-z]+)+", value)
    } - {scribe.QUEUE_FULL}  # fmt: skip
    assert len(named) > 10 < len(constant)
    assert (named | constant) - OURS["alarm"].keys() == set()
