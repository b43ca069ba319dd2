# SPDX-License-Identifier: Apache-2.0
"""Every text is there in every language; numbers and times are as their readers write them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from edge.console.speech import ALMATY, LANGUAGES, LOCALES, chosen, speech_of
from edge.doctor.finding import Counts
from tests.console.sentences import sentences

CONSOLE = Path("edge/console")
SOURCES = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "no": (2,)}
TRANSLATED = [name for name in LANGUAGES if name != "en"]
AT_S = 1_795_600_000
"2026-11-25 09:46:40 UTC"


@pytest.fixture(scope="module")
def texts() -> set[str]:
    """All texts that the page can say."""
    root = Path(__file__).parents[2]
    found = extract_from_dir(root / CONSOLE, SOURCES, keywords=KEYWORDS)
    return {str(text) for _, _, text, _, _ in found} | sentences()


def catalog(language: str) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "page.po").open("rb") as file:
        return read_po(file, language, abort_invalid=True)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_none_is_left_over(language: str, texts: set[str]) -> None:
    told = {one.id: one for one in catalog(language) if one.id}
    assert texts - told.keys() == set()
    assert told.keys() - texts == set()
    assert [one.id for one in told.values() if not one.string or one.fuzzy] == []
    assert len(texts) > 400


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_is_not_the_english_one(language: str) -> None:
    alike = {one.id for one in catalog(language) if one.id and one.string == one.id}
    assert alike == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_ends_as_the_english_one(language: str) -> None:
    ends = {".", "?", ":"}
    odd = [
        one.id
        for one in catalog(language)
        if one.id and one.id[-1] in ends and str(one.string)[-1] != one.id[-1]
    ]
    assert odd == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_names_the_values_of_the_english_one(language: str) -> None:
    for one in catalog(language):
        if one.id:
            assert values_of(str(one.string)) == values_of(str(one.id))


def values_of(sentence: str) -> set[tuple[str, str | None]]:
    return {(name, spec) for _, name, spec, _ in Formatter().parse(sentence) if name is not None}


def words_of(language: str) -> Iterator[str]:
    return (str(one.string).lower() for one in catalog(language) if one.id)


def test_the_trade_is_called_as_the_trade_calls_it() -> None:
    russian, kazakh = " ".join(words_of("ru")), " ".join(words_of("kk"))
    for word in ("транк", "чёрный список", "вызывающ", "вызываем", "точка съёма"):
        assert word in russian
    for word in ("транк", "қара тізім", "қоңырау шалушы абонент", "шақырылатын абонент"):
        assert word in kazakh
    assert "шлейф" not in russian + kazakh
    assert re.findall(r"[ыэёъ]?щ", kazakh) == [], "a Russian word in a Kazakh text"


def test_times_are_those_of_almaty_since_march_2024() -> None:
    assert (
        datetime.fromtimestamp(AT_S, UTC).astimezone(ALMATY).utcoffset().total_seconds() == 5 * 3600
    )
    assert speech_of("en").time(AT_S) == "25 Nov 2026, 14:46:40"
    assert speech_of("ru").time(AT_S) == "25 нояб. 2026, 14:46:40"
    assert speech_of("kk").time(AT_S) == "25 қар. 2026, 14:46:40"
    assert speech_of("ru").clock(AT_S) == "14:46:40"


def test_numbers_are_as_their_readers_write_them() -> None:
    space = "\N{NO-BREAK SPACE}"
    assert speech_of("en").number(1_234_567.25) == "1,234,567.2"
    assert speech_of("ru").number(1_234_567) == f"1{space}234{space}567"
    assert speech_of("kk").number(1_234_567) == f"1{space}234{space}567"
    assert speech_of("ru").share(0.4286) == "42,9%"


def test_spans_are_told_in_the_unit_that_says_enough() -> None:
    assert speech_of("en").span(90_000) == "25 hours"
    assert speech_of("ru").span(300) == "5 минут"
    assert speech_of("kk").span(3 * 86_400) == "3 күн"


@pytest.mark.parametrize(("language", "said"), [
    ("en", "1,284,096 units of 1284096, 12% or 3.5 ms, lost: not read in time × 7, x × 1"),
    ("ru", "1 284 096 units of 1284096, 12% or 3,5 ms, lost: не прочитано вовремя × 7, x × 1"),
])  # fmt: skip
def test_values_of_a_sentence_are_written_as_numbers_are(language: str, said: str) -> None:
    sentence = "{units} units of {units:d}, {share:.0%} or {took:.1f} ms, lost: {lost}"
    lost = Counts({"unread": 7, "x": 1})
    values = {"units": 1_284_096, "share": 0.123, "took": 3.456, "lost": lost}
    told = speech_of(language).told(sentence, values)
    assert told.replace("\N{NO-BREAK SPACE}", " ") == said


def test_a_value_is_no_sentence_and_one_that_is_missing_is_said() -> None:
    assert speech_of("en").told("{why} {more}", {"why": "{why!r} {0.x}"}) == "{why!r} {0.x} ?"


@pytest.mark.parametrize("at_s", [-1.0, 0.0, 1e30, float("inf")])
def test_a_time_that_is_none_is_shown_all_the_same(at_s: float) -> None:
    assert speech_of("en").time(at_s)
    assert speech_of("en").span(at_s)


@pytest.mark.parametrize(("cookie", "accepted", "language"), [
    ("ru", "en", "ru"), ("xx", "en", "en"), ("", "", "kk"), ("", "de, fr;q=0.9", "kk"),
    ("", "en-GB,en;q=0.9,ru;q=0.8", "en"), ("", "de, ru;q=0.5, en;q=0.7", "en"),
    ("", "ru-KZ", "ru"), ("", "RU;q=x, en;q=0, kk;q=0.1", "kk"), ("../kk", ",;q=,", "kk"),
])  # fmt: skip
def test_whose_language_is_meant(cookie: str, accepted: str, language: str) -> None:
    assert chosen(cookie, accepted) == language


def test_a_word_that_nobody_knows_is_shown_as_it_is() -> None:
    assert speech_of("ru").word("fate", "vanished") == "vanished"
    assert speech_of("ru").word("nothing", "x") == "x"
    assert speech_of("ru").say("") == ""


@pytest.mark.parametrize(
    ("action", "wanted", "said"),
    [("block", "block", "blocked"), ("allow", "allow", "let through")],
)
def test_what_was_done_is_said_once(action: str, wanted: str, said: str) -> None:
    assert speech_of("en").verdict(action, wanted) == said


def test_what_would_have_been_done_is_said_behind_what_was() -> None:
    speech = speech_of("en")
    said = f"{speech.word('action', 'allow')}; {speech.word('wanted', 'block')}"
    assert speech.verdict("allow", "block") == said
