# SPDX-License-Identifier: Apache-2.0
"""Every shape of TOML v1.0 that puts a key somewhere; the keys are held against `tomllib`."""

import tomllib
from collections.abc import Iterator

import pytest

from edge.settings.toml_lines import Key, key_lines, line_of

CASES = {
    "table": ("[a]\nb = 1\n\nc = 2", {("a",): 1, ("a", "b"): 2, ("a", "c"): 4}),
    "dotted table": ("\n[a . b]\nc = 1", {("a",): 2, ("a", "b"): 2, ("a", "b", "c"): 3}),
    "dotted key": ("a.b = 1\na.c = 2", {("a",): 1, ("a", "b"): 1, ("a", "c"): 2}),
    "quoted key": ("\"a.b\" = 1\n'c' = 2", {("a.b",): 1, ("c",): 2}),
    "escaped key": ('"\\u0061" = 1', {("a",): 1}),
    "comments": ("# [x]\na = 1 # b = 2\n  # c = 3\nd = 4", {("a",): 2, ("d",): 4}),
    "windows lines": ("a = 1\r\nb = 2\r\n", {("a",): 1, ("b",): 2}),
    "array": (
        'a = [ # first\n  "x", # ]\n  "y"\n]\nb = 1',
        {("a",): 1, ("a", 0): 2, ("a", 1): 3, ("b",): 5},
    ),
    "empty array": ("a = []\nb = [\n]\nc = 1", {("a",): 1, ("b",): 2, ("c",): 4}),
    "nested arrays": (
        "a = [[1], [\n2]]",
        {("a",): 1, ("a", 0): 1, ("a", 0, 0): 1, ("a", 1): 1, ("a", 1, 0): 2},
    ),
    "inline table": (
        'a = { b = 1, "c d" = [2] }\ne = {}',
        {("a",): 1, ("a", "b"): 1, ("a", "c d"): 1, ("a", "c d", 0): 1, ("e",): 2},
    ),
    "array of tables": (
        "[[a]]\nb = 1\n[[a]]\nb = 2",
        {("a",): 1, ("a", 0): 1, ("a", 0, "b"): 2, ("a", 1): 3, ("a", 1, "b"): 4},
    ),
    "long string": ('a = """\n[b]\nc = 1\\""" x"""\nd = 1', {("a",): 1, ("d",): 4}),
    "quotes at the end": ('a = """x"""""\nb = 1', {("a",): 1, ("b",): 2}),
    "literal string": (
        "a = '''\n\\'\nb = 1'''\nc = '\\'\nd = 1",
        {("a",): 1, ("c",): 4, ("d",): 5},
    ),
    "escaped quote": ('a = "\\"]#"\nb = 1', {("a",): 1, ("b",): 2}),
    "date with a space": ("a = 2027-01-01 07:32:00\nb = 1.5e3", {("a",): 1, ("b",): 2}),
    "nothing": ("\n# only words\n", {}),
}


def keys(value: object, above: Key = ()) -> Iterator[Key]:
    """Yield every key of a read TOML document."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for step, item in inner:
            yield (*above, step)
            yield from keys(item, (*above, step))


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_lines(text: str, expected: dict[Key, int]) -> None:
    assert key_lines(text) == expected
    assert set(expected) == set(keys(tomllib.loads(text)))


def test_a_key_that_is_not_there_is_looked_for_around_it() -> None:
    lines = key_lines("\n[a.b]\nc = 1")
    assert line_of(lines, ("a", "b", "c")) == 3
    assert line_of(lines, ("a", "b", "d", 0)) == 2
    assert line_of(lines, ("x",)) == 1
