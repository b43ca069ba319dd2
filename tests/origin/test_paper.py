# SPDX-License-Identifier: Apache-2.0
"""The page says all that the dossier does, runs nothing, and masked it shows no number."""

import re
from html.parser import HTMLParser

import msgspec
import pytest
from msgspec.structs import replace
from typing_extensions import override

from edge.detect.case import Case, Member, case_of
from edge.detect.countries import Nowhere
from edge.detect.origin import Clue
from edge.origin.paper import MASKED, masked, page, text
from tests.detect.test_case import WHOSE, found

MADE = 1_795_000_000 * 10**9
CASE = case_of(found(extra=WHOSE), Nowhere())
NUMBER = re.compile(r"(?<![\w.*])\+?\d{10,15}(?![\w.])")
HIDDEN = "+447700900123"


def with_line(**change: object) -> Case:
    """Return the dossier with its first line changed."""
    return replace(CASE, lines=(replace(CASE.lines[0], **change), *CASE.lines[1:]))


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, octets: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self.feed(octets)
        self.text = " ".join(" ".join(self.words).split())

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [
            value or "" for name, value in attrs if name in {"src", "href"} or name[:2] == "on"
        ]

    @override
    def handle_data(self, data: str) -> None:
        self.words.append(data)


def shown(case: Case, *, is_masked: bool = False) -> Page:
    return Page(page(case, "astana-1", MADE, is_masked=is_masked))


def test_the_page_has_every_line_with_its_evidence() -> None:
    said = shown(CASE).text
    assert "Qalqan Edge astana-1" in said
    for line in CASE.lines:
        assert line.title in said
        for one in line.evidence:
            assert f"record {one.record}, leaf {one.leaf}: frame {one.frame} of tap" in said
    for reason in CASE.reasons:
        assert reason.text() in said
    assert MASKED not in said


def test_the_page_is_whole_in_itself_and_runs_nothing() -> None:
    found = shown(CASE)
    assert not found.loads
    assert not {"script", "iframe", "link", "img", "form"} & set(found.tags)


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "&lt;b"])
@pytest.mark.parametrize("field", ["value", "place", "title", "trust"])
def test_what_a_device_writes_stays_text(field: str, evil: str) -> None:
    found = shown(with_line(**{field: evil}))
    plain = shown(with_line(**{field: "x"}))
    assert (found.tags, found.loads) == (plain.tags, plain.loads)


def test_the_hours_are_drawn_to_scale() -> None:
    hours = (0,) * 9 + (10, 40) + (0,) * 13
    octets = page(replace(CASE, hours=hours), "", MADE, is_masked=False)
    heights = [float(one) for one in re.findall(r'<rect [^>]*height="([\d.]+)"', octets)]
    assert len(heights) == 24
    assert heights[9] * 4 == heights[10] == max(heights)
    assert "Calls by hour 09: 10, 10: 40" in octets
    assert "<svg" not in page(replace(CASE, hours=(0,) * 24), "", MADE, is_masked=False)


@pytest.mark.parametrize(
    "value", [HIDDEN, f"sip:{HIDDEN}@198.51.100.7", f"tel:{HIDDEN};phone-context=x", HIDDEN[1:]]
)
def test_masked_no_number_is_left_wherever_it_stood(value: str) -> None:
    calls = tuple(replace(one, call=value) for one in CASE.lines[0].evidence)
    case = replace(
        with_line(value=value, place=value, evidence=calls),
        members=(Member("range", f"198.51.100.7 {value}"), *CASE.members),
        links=(value,),
    )
    hidden = masked(case)
    said = msgspec.json.encode(hidden).decode()
    assert HIDDEN[-7:] not in said
    assert "44770" in said or "+4477" in said, "the country and more are left"
    assert "198.51.100.7" in said
    paper = shown(hidden, is_masked=True)
    assert MASKED in paper.text
    assert not NUMBER.findall(paper.text)
    assert HIDDEN[-7:] not in "\n".join(text(hidden))


def test_masked_a_dossier_says_otherwise_the_same() -> None:
    hidden = masked(CASE)
    assert hidden.id == CASE.id
    assert (hidden.hours, hidden.score, hidden.calls) == (CASE.hours, CASE.score, CASE.calls)
    for line, before in zip(hidden.lines, CASE.lines, strict=True):
        assert_same(line, before)


def assert_same(line: Clue, before: Clue) -> None:
    assert (line.kind, line.title, line.confidence) == (
        before.kind,
        before.title,
        before.confidence,
    )
    assert [one.record for one in line.evidence] == [one.record for one in before.evidence]
