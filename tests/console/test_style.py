# SPDX-License-Identifier: Apache-2.0
"""Colours of the page can be told apart by WCAG 2.1, 1.4.3, in light and in dark."""

import re
from itertools import product

import pytest

from edge.console.ways import STATIC

LEAST = 4.5
INKS = ("ink", "soft", "good", "bad", "would", "link")
PAPERS = ("paper", "card")
BUTTONS = (("on", "link"), ("on", "bad"))


def colours() -> dict[str, dict[str, str]]:
    """Return what stands in `:root`, in light and in dark."""
    text = (STATIC / "page.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    return {
        name: dict(re.findall(r"--([a-z]+): (#[0-9a-f]+);", block))
        for name, block in (("light", light), ("dark", dark))
    }


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_as_the_standard_says() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_pair_can_be_read(name: str) -> None:
    found = colours()[name]
    assert set(found) == {*INKS, *PAPERS, "on", "line"}
    pairs = [*product(INKS, PAPERS), *BUTTONS]
    weak = {pair for pair in pairs if contrast(found[pair[0]], found[pair[1]]) < LEAST}
    assert weak == set()


def test_nothing_comes_from_elsewhere() -> None:
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//[a-z0-9.-]+\.[a-z]{2,}/|@import|url\(", text), path
