# SPDX-License-Identifier: Apache-2.0
"""The languages of the page: texts by gettext, numbers and times as their readers write them.

English stands in the code and the templates; the others are `locale/*/LC_MESSAGES/*.po`, read at
the start, so that what is shown is what translators wrote. Times are those of Almaty, UTC+5.
"""

import gettext
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent, get_decimal_symbol
from typing_extensions import override

from edge.console.lacks import kind_of
from edge.console.wording import WORDS, Words

LOCALES = Path(__file__).with_name("locale")
LANGUAGES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
"In the order in which they are offered."
FIRST = "kk"
"Where nobody says what they read."
MOST_ASKED = 10
"Languages of a request that are looked at."
ALMATY = ZoneInfo("Asia/Almaty")
LATEST_S = 250_000_000_000
"In the year 9892: what is later than this is no time."


class Speech:
    """One language."""

    def __init__(self, language: str, more: Sequence[Path] = (), words: Words = WORDS) -> None:
        """Read its texts: ours, and those of further folders, which are looked at first."""
        self.language = language
        self.texts = _texts(language, (*more, LOCALES))
        self._words = words
        self._locale = Locale.parse(language)
        self._sentences = _Sentences(self, get_decimal_symbol(self._locale))

    def say(self, text: str) -> str:
        """Return a text of ours in this language."""
        return self.texts.gettext(text) if text else ""

    def told(self, sentence: str, values: Mapping[str, object]) -> str:
        """Return a sentence of ours in this language, with the values that it names in braces."""
        return self._sentences.vformat(self.say(sentence), (), values)

    def word(self, kind: str, word: str) -> str:
        """Return a word of the house (a mode, an action, a rule) for people."""
        meant = self._words.get(kind, {}).get(word)
        return self.say(meant) if meant else word

    def lack(self, error: str) -> str:
        """Return what kind of lack an error tells of."""
        return self.say(kind_of(error))

    def verdict(self, action: str, wanted: str) -> str:
        """Return what was done with a call, and what would have been where a trunk observes."""
        done = self.word("action", action)
        return done if action == wanted else f"{done}; {self.word('wanted', wanted)}"

    def number(self, value: float) -> str:
        """Return a number."""
        return format_decimal(round(value, 1), locale=self._locale)

    def share(self, value: float) -> str:
        """Return a share, 0 to 1, in percent."""
        return format_percent(value, "#,##0.0%", locale=self._locale)

    def time(self, at_s: float) -> str:
        """Return a time, epoch seconds, to the second."""
        return self._time(at_s, "d MMM y, HH:mm:ss")

    def clock(self, at_s: float) -> str:
        """Return a time of today."""
        return self._time(at_s, "HH:mm:ss")

    def _time(self, at_s: float, pattern: str) -> str:
        when = datetime.fromtimestamp(min(max(at_s, 0), LATEST_S), UTC)
        return format_datetime(when, pattern, tzinfo=ALMATY, locale=self._locale)

    def span(self, seconds: float) -> str:
        """Return how long something lasts, in the largest unit that says enough."""
        whole = int(min(max(seconds, 0), LATEST_S))
        return format_timedelta(whole, threshold=1.5, locale=self._locale)


class _Sentences(Formatter):
    """Puts values into sentences as the readers of a language write them."""

    def __init__(self, speech: Speech, point: str) -> None:
        self._speech = speech
        self._point = point

    @override
    def get_value(
        self, key: int | str, args: Sequence[object], kwargs: Mapping[str, object]
    ) -> object:
        """Return a value; what an older version has filed may want one that is named now."""
        return kwargs.get(str(key), "?")

    @override
    def format_field(self, value: object, format_spec: str) -> str:
        """Write a value: counts by thousands, others with the digits that the sentence asks for."""
        if isinstance(value, Mapping):
            word = self._speech.word
            return ", ".join(f"{word('loss', thing)} × {times}" for thing, times in value.items())
        if isinstance(value, int | float) and not format_spec:
            return self._speech.number(value)
        if isinstance(value, int | float):
            return format(value, format_spec).replace(".", self._point)
        return str(value)


def _texts(language: str, folders: Sequence[Path]) -> gettext.NullTranslations:
    found = gettext.NullTranslations()
    for folder in reversed(folders):
        for path in (folder / language / "LC_MESSAGES").glob("*.po"):
            before, found = found, _read(language, path)
            found.add_fallback(before)
    return found


def _read(language: str, path: Path) -> gettext.NullTranslations:
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@lru_cache(maxsize=len(LANGUAGES))
def speech_of(language: str) -> Speech:
    """Return one of `LANGUAGES`."""
    return Speech(language)


def chosen(cookie: str, accepted: str) -> str:
    """Return the language that is meant: by choice, else by what the browser accepts."""
    if cookie in LANGUAGES:
        return cookie
    wanted = [(weight, name) for name, weight in _accepted(accepted) if name in LANGUAGES]
    return max(wanted, key=lambda one: one[0])[1] if wanted else FIRST


def _accepted(header: str) -> Iterator[tuple[str, float]]:
    """Yield what `Accept-Language` names (RFC 9110 12.5.4), without regions."""
    for item in header.split(",")[:MOST_ASKED]:
        name, _, weight = item.strip().partition(";q=")
        try:
            value = float(weight) if weight else 1.0
        except ValueError:
            continue
        if value > 0:
            yield name.partition("-")[0].lower(), value
