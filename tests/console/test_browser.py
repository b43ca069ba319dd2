# SPDX-License-Identifier: Apache-2.0
"""A real Chromium on the page: a newcomer learns why a call was stopped, and lifts the block.

Pictures of every page are left in `build/page`, for people to look at.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge import clock
from edge.box.spared import read_spared
from edge.console.history import Totals
from edge.console.pages import box
from edge.console.people import Role
from edge.console.tables import Tables
from edge.evidence.journal import Journal
from edge.model.number import Number, Party
from edge.model.outcome import Outcome, Result
from edge.origin.cases import Cases
from edge.pipeline import Decided
from edge.seen.recent import Recent
from edge.update.state import Folder, State, Update
from tests.call.sip_talk import write
from tests.console.logged import logged
from tests.console.site_house import LISTED, PASSWORD, Site, as_of_now, furnish, shown
from tests.console.webdriver import Chromium, driver
from tests.decode.test_signalling import udp
from tests.evidence.box import decided
from tests.origin.test_paper import CASE

pytestmark = [pytest.mark.slow, pytest.mark.peer("chromium", "chromedriver")]

PICTURES = Path(__file__).parents[2] / "build" / "page"
WIDTHS = {"phone": (360, 780), "wall": (1920, 1080)}
TOO_WIDE = """
const boxes = [...document.querySelectorAll("html, main, .card")]
  .filter((one) => one.scrollWidth > Math.min(one.clientWidth, arguments[0]));
const tables = [...document.querySelectorAll(".wide > table")]
  .filter((one) => one.scrollWidth > one.parentElement.clientWidth);
return [...boxes, ...tables].map((one) => one.outerHTML.slice(0, 200));
"""
"What stands beyond the edge of its card, or of the screen."
LONG_CHOICE = """
document.querySelectorAll("select").forEach((one) => one.add(new Option("x".repeat(200))));
"""
"More than is ever to be chosen from: the box of the choices stays within the screen."
LOOKS = [
    ("kk", "phone"), ("ru", "wall"), ("en", "phone"),
    *(pytest.param(*one, marks=pytest.mark.long)
      for one in (("kk", "wall"), ("ru", "phone"), ("en", "wall"))),
]  # fmt: skip
"Each language and each width with every change, all of both with the proofs."
TABLE = "# version: 1\npattern,party,action,category,basis\n"
UPDATE = Update("spring", "1.0", "1.1", State.FAILED, why="wrong-signature", text="x" * 200)
A_MINUTE_S = 60
CALLS = 60
"A minute of the chart."


LOG = (
    ("core", "error", "tap lost: the device went away"),
    ("core", "warning", f"list is old list=fraud path={'x' * 300}"),
    ("uplink", "info", "hub reached broker=hub.example:8883"),
)


def stopped(site: Site) -> str:
    """Have a call stopped, as the tap heard it; returns the id of its record."""
    now = site.desk.wall_s() * 10**9
    invite, ended = (replace(udp(write(one)), at=now) for one in ("INVITE", "603"))
    one = decided(1, invite)
    heard = Decided(replace(one.offer, at=now), one.verdict, one.took_ns)
    journal = Journal(site.desk.places.evidence)
    kept = journal.keep(heard)
    end = Outcome(
        now, Result.STOPPED, "c1", 1, "intl", kept.record, "switch", "done", "603", 9_000_000
    )
    journal.settle(end, "stopped", (ended,))
    journal.close()
    recent = Recent(site.desk.places.run)
    recent.note(heard, kept.record)
    recent.settle(end)
    recent.write()
    return kept.record


def have_files(site: Site, folder: Path) -> None:
    """Have the configuration name a file that is there, and one that is not."""
    table, gone = folder / "operators-own-numbers.csv", folder / "gone.csv"
    table.write_text(f"{TABLE}+{LISTED},calling,block,fraud,order-2\n", encoding="utf-8")
    site.desk.tables = Tables((table, gone), 3)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A box with calls, campaigns, and an hour behind it."""
    config = furnish(tmp_path_factory.mktemp("box"), "spoofed_7172.pcap", "plain_calls.pcap")
    with shown(config) as site:
        Cases(site.desk.places.campaigns).write(CASE)
        have_files(site, tmp_path_factory.mktemp("operator"))
        Folder(site.desk.places.update).keep(UPDATE)
        now_s, calls, would = site.desk.now_s(), 0, 0
        for minute in range(CALLS):
            calls, would = calls + minute % 7, would + minute % 3
            site.desk.history.take(now_s - 60 * (CALLS - minute - 1), Totals(9999, calls, would))
        site.let_in("newcomer", Role.ENGINEER)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(box, "LOGS", logged(tmp_path_factory.mktemp("log"), *LOG))
            yield site


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with driver(tmp_path_factory.mktemp("chromium")) as found:
        yield found


def sign_in(browser: Chromium, site: Site) -> None:
    browser.open(f"http://127.0.0.1:{site.port}/")
    browser.type("#name", "newcomer")
    browser.type("#password", PASSWORD)
    browser.click("button.main")
    browser.find("#calls")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_newcomer_finds_out_why_a_call_was_stopped_and_lifts_the_block(
    busy: Site, port: int, width: str
) -> None:
    busy.desk.places.spared.unlink(missing_ok=True)
    as_of_now(busy.desk.config)
    began_s = clock.monotonic_s()
    with closing(Chromium(port, *WIDTHS[width], "ru")) as browser:
        sign_in(browser, busy)
        stopped(busy)  # while the page is open: it is told by itself
        browser.click("tr.stopped a")
        assert browser.words("h2.verdict").lower() == "заблокирован"
        words = browser.words("main")
        for said in (
            "Номер вызывающего абонента есть в списке.", "+447700900123", "AST-1",
            "пресечён до звонка", "INVITE",
        ):  # fmt: skip
            assert said in words
        browser.shoot(PICTURES / f"call-stopped-{width}.png")
        browser.click("article p > a")
        browser.type("#reason", "звонит в банк, проверено")
        browser.click("#spare")
        assert "пропускается на этом устройстве до" in browser.words("#own")
        assert "447700900123" in read_spared(busy.desk.places.spared)
        browser.shoot(PICTURES / f"list-spared-{width}.png")
        assert browser.errors() == []
    assert clock.monotonic_s() - began_s < A_MINUTE_S


def test_a_link_keeps_the_focus_while_its_row_is_told_anew(busy: Site, port: int) -> None:
    one = decided(3)
    recent = Recent(busy.desk.places.run)
    recent.note(Decided(one.offer, one.verdict, 1), "a-record")
    recent.write()
    end = Outcome(1, Result.STOPPED, "c3", 1, "intl", "a-record", "switch", "done", "603", 9)
    with closing(Chromium(port, *WIDTHS["wall"], "en")) as browser:
        sign_in(browser, busy)
        browser.run("document.querySelector('#calls a').focus()")
        assert "stopped before it rang" not in browser.words("#calls tbody")
        recent.settle(end)
        recent.write()
        browser.until("return document.body.innerText.includes('stopped before it rang')")
        assert browser.run("return document.activeElement.tagName") == "A"


def test_words_of_the_wire_that_come_while_it_is_open_are_text(busy: Site, port: int) -> None:
    hostile = "<img src=x onerror=document.title='taken'>"
    one = decided(2)
    party = Party("calling", Number(hostile))
    with closing(Chromium(port, *WIDTHS["wall"], "en")) as browser:
        sign_in(browser, busy)
        recent = Recent(busy.desk.places.run)
        recent.note(Decided(replace(one.offer, calling=party), one.verdict, 1), hostile)
        recent.write()
        browser.find('#calls a[href*="onerror"]')
        assert hostile in browser.words("#calls")
        assert browser.run("return document.querySelectorAll('#calls img').length") == 0
        assert browser.run("return document.title").startswith("Now")
        assert browser.errors() == []


PAGES = ("/", "/call?id={record}", "/list?number=%2B77172000001", "/trunks?days=28",
         "/campaigns", f"/campaigns/{CASE.id}", "/box", "/people")  # fmt: skip


@pytest.mark.parametrize(("language", "width"), LOOKS)
def test_every_page_fits_and_complains_of_nothing(
    busy: Site, port: int, language: str, width: str
) -> None:
    as_of_now(busy.desk.config)
    record = stopped(busy)
    with closing(Chromium(port, *WIDTHS[width], language)) as browser:
        browser.open(f"http://127.0.0.1:{busy.port}/sign-in")
        browser.shoot(PICTURES / f"sign-in-{language}-{width}.png")
        sign_in(browser, busy)
        for path in PAGES:
            browser.open(f"http://127.0.0.1:{busy.port}{path.format(record=record)}")
            assert browser.run("return document.documentElement.lang") == language
            assert browser.run(TOO_WIDE, WIDTHS[width][0]) == [], path
            name = path.strip("/").partition("?")[0].replace("/", "-") or "now"
            browser.shoot(PICTURES / f"{name}-{language}-{width}.png")
            browser.run(LONG_CHOICE)
            assert browser.run(TOO_WIDE, WIDTHS[width][0]) == [], path
            assert browser.errors() == [], path


def test_the_keyboard_is_enough(busy: Site, port: int) -> None:
    with closing(Chromium(port, *WIDTHS["wall"], "en")) as browser:
        sign_in(browser, busy)
        browser.press("\ue004")
        assert browser.run("return document.activeElement.className") == "skip"
        outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        browser.press("\ue007")
        assert browser.run("return location.hash") == "#main"
        browser.open(f"http://127.0.0.1:{busy.port}/trunks")
        browser.run("document.querySelector('summary').focus()")
        browser.press("\ue007", "\ue004")
        assert browser.run("return document.activeElement.name") == "reason"
