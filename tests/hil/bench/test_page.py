# SPDX-License-Identifier: Apache-2.0
"""The page: one file, well formed, that holds what it is told and nothing as markup."""

import json
import re
from html.parser import HTMLParser

import pytest
from typing_extensions import override

from hil.bench.page import html, shown, title
from hil.bench.report import as_json, write
from tests.hil.bench.runs import HOSTILE, LADDER, run_of

EMPTY = {"meta", "br"}


class Reader(HTMLParser):
    """Follows the elements of a page, as a browser that forgives nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.links: list[str] = []
        self.marks: list[str] = []

    @override
    def handle_starttag(self, tag, attrs) -> None:
        facts = dict(attrs)
        self.links += [facts[name] for name in ("href", "src") if name in facts]
        self.marks += facts.get("class", "").split()
        assert tag != "script"
        if tag not in EMPTY:
            self.open.append(tag)

    @override
    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    @override
    def handle_data(self, data) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def page(tmp_path) -> Reader:
    return read(write(run_of(tmp_path), tmp_path).read_text(encoding="utf-8"))


def test_it_needs_nothing_but_itself_and_what_lies_beside_it(page, tmp_path):
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|url\(|@import", text)
    assert all((tmp_path / one).exists() for one in page.links if not one.startswith("#"))


def test_what_it_is_told_is_text_and_no_markup(page):
    assert page.text.count(HOSTILE) == 4


def test_links_lead_to_the_scenarios(page, tmp_path):
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    inside = {one for one in page.links if one.startswith("#")}
    assert inside == {"#scam_call_on_sip", "#hub_gone", "#update"}
    assert all(f'id="{one[1:]}"' in text for one in inside)


def test_a_ladder_is_shown_as_it_was_drawn(page):
    assert LADDER.rstrip() in page.text


def test_a_chart_is_shown_as_it_was_drawn(tmp_path):
    run = run_of(tmp_path)
    drawn = '<svg class="chart"><path d="M0 0L1 1"/></svg>'
    run.scenarios[0].chart(HOSTILE, drawn)
    text = html(as_json(run, {}))
    assert text.count(drawn) == 1
    assert read(text).text.count(HOSTILE) == 5


def test_figures_stand_beside_their_limits(page):
    for words in ("41.7 ms", "at most 200 ms", "95.2 s", "3 records", "not one", "12 346 s"):
        assert words in page.text
    assert {"kept", "broken", "shown", "passed", "failed", "skipped"} <= set(page.marks)


def test_only_an_emulated_box_is_excused(tmp_path):
    pages = [html(as_json(run_of(tmp_path, is_emulated=one), {})) for one in (True, False)]
    assert ["software emulation" in one for one in pages] == [True, False]
    assert ['class="chip shown"' in one for one in pages] == [True, False]


def test_a_run_of_nothing_is_a_page_too(tmp_path):
    run = run_of(tmp_path)
    run.scenarios.clear()
    assert "Nothing was measured" in read(html(as_json(run, {}))).text


def test_a_bar_is_as_long_as_its_value_and_marked_at_its_limit(tmp_path):
    text = html(as_json(run_of(tmp_path), {}))
    widths = re.findall(r'<i style="width:([0-9.]+)%"></i><u style="left:([0-9.]+)%">', text)
    assert widths[:3] == [("16.7", "80.0"), ("100.0", "42.0"), ("33.3", "80.0")]
    assert ("100.0", "0.0") in widths, "where the limit is zero"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0441, "0.0441"), (41.66, "41.7"), (40.0, "40"), (1010.3, "1 010"),
     (12345.6, "12 346"), (2_000_000, "2 000 000"), (95.0, "95")],
)  # fmt: skip
def test_a_number_is_shown_as_people_read_it(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("scam_call_on_sip", "Scam call on SIP"), ("e1_probe_unplugged", "E1 probe unplugged"),
     ("power_cuts[3]", "Power cuts[3]")],
)  # fmt: skip
def test_a_scenario_has_a_title(name, text):
    assert title(name) == text


def test_json_and_page_are_of_one_run(tmp_path):
    path = write(run_of(tmp_path), tmp_path)
    again = html(json.loads((tmp_path / "report.json").read_text()))
    assert again == path.read_text(encoding="utf-8")
