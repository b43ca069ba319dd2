# SPDX-License-Identifier: Apache-2.0
"""Finds the line of each key and array item of a TOML text (v1.0), which `tomllib` does not tell.

Works on texts that `tomllib` has read: it finds places, it does not judge.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Key: TypeAlias = tuple[str | int, ...]

_SPACE = re.compile(r"(?:\s|#[^\n]*)+")
_HEADER = re.compile(r"\[\[?[ \t]*")
_HEADER_END = re.compile(r"[ \t]*\]\]?")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED = re.compile(
    r"""\"{3}(?:\\.|[^\\])*?\"{3,5} | '{3}.*?'{3,5} | "(?:\\.|[^"\\\n])*" | '[^'\n]*'""",
    re.DOTALL | re.VERBOSE,
)
_BETWEEN = re.compile(r"[\[{]?(?:[\s,]|#[^\n]*)*")
_PLAIN = re.compile(r"[^\s,\]}#]+(?: \d[^\s,\]}#]*)?")
"Numbers, truths and dates; a date may have a space before its time."


def key_lines(text: str) -> dict[Key, int]:
    """Return the line, from 1, of every key and array item: `("tap", "mirror", "files", 0): 9`."""
    return _Scan(text).document()


def line_of(lines: Mapping[Key, int], key: Sequence[str | int]) -> int:
    """Return the line of `key`, or of the nearest table around it; 1 if there is none."""
    for size in range(len(key), 0, -1):
        line = lines.get(tuple(key[:size]))
        if line:
            return line
    return 1


class _Scan:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Key, int] = {}

    def document(self) -> dict[Key, int]:
        table: Key = ()
        self._take(_SPACE)
        while self._at < len(self._text):
            opening = self._take(_HEADER)
            if opening:
                table = self._header(opening)
            else:
                self._pair(table)
            self._take(_SPACE)
        return self._lines

    def _header(self, opening: str) -> Key:
        table: Key = self._key()
        if opening.startswith("[["):
            table = (*table, sum(key[:-1] == table for key in self._lines))
        self._note(table)
        self._take(_HEADER_END)
        return table

    def _pair(self, table: Key) -> None:
        key = (*table, *self._key())
        self._note(key)
        self._take(_EQUALS)
        self._value(key)

    def _value(self, key: Key) -> None:
        opening = self._text[self._at]
        if opening == "[":
            self._items(key)
        elif opening == "{":
            self._inline_table(key)
        elif not self._take(_QUOTED):
            self._take(_PLAIN)

    def _items(self, key: Key) -> None:
        index = 0
        while not self._closed("]"):
            self._note((*key, index))
            self._value((*key, index))
            index += 1

    def _inline_table(self, key: Key) -> None:
        while not self._closed("}"):
            self._pair(key)

    def _closed(self, bracket: str) -> bool:
        """Step over the opening bracket or a comma; then say if the closing one was next."""
        self._take(_BETWEEN)
        closed = self._text.startswith(bracket, self._at)
        self._at += closed
        return closed

    def _key(self) -> tuple[str, ...]:
        parts = [self._part()]
        while self._take(_DOT):
            parts.append(self._part())
        return tuple(parts)

    def _part(self) -> str:
        bare = self._take(_BARE)
        if bare:
            return bare
        (part,) = tomllib.loads(f"{self._take(_QUOTED)} = 0")
        return part

    def _take(self, pattern: re.Pattern[str]) -> str:
        """Step over what matches here and return it; empty if nothing does."""
        hit = pattern.match(self._text, self._at)
        if not hit:
            return ""
        self._at = hit.end()
        return hit[0]

    def _note(self, key: Key) -> None:
        """Remember the current line for `key` and for what it makes on the way."""
        line = self._text.count("\n", 0, self._at) + 1
        for size in range(1, len(key) + 1):
            self._lines.setdefault(key[:size], line)
