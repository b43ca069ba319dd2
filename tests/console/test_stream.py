# SPDX-License-Identifier: Apache-2.0
"""Calls as they come reach the browsers that watch, and nobody else."""

import http.client
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge.console import stream
from edge.console.people import Role
from edge.seen.recent import Recent
from tests.console.site_house import Browser, Site, furnish, shown
from tests.evidence.box import decided


class Watcher:
    """A browser that keeps its connection."""

    def __init__(self, browser: Browser) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        self._line.request("GET", "/calls", headers={"Cookie": cookies, "Accept-Language": "en"})
        self.answer = self._line.getresponse()

    def news(self) -> list[dict[str, Any]]:
        """Return what is told next; nothing once the other side has ended it."""
        while line := self.answer.readline():
            if line.startswith(b"data: "):
                return json.loads(line.removeprefix(b"data: "))
        return []

    def close(self) -> None:
        self._line.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "EVERY_S", 0.02)


@pytest.mark.usefixtures("quick")
def test_a_call_that_comes_is_told_with_its_fate(tmp_path: Path) -> None:
    with shown(furnish(tmp_path, "plain_call.pcap")) as site:
        recent = Recent(site.desk.places.run)
        with closing(Watcher(site.signed_in(Role.OPERATOR))) as watcher:
            assert watcher.answer.getheader("content-type", "").startswith("text/event-stream")
            assert len(watcher.news()) == 1, "what was there already"
            recent.note(decided(1), "a-1")
            recent.write()
            (call,) = watcher.news()
            assert (call["record"], call["mark"], call["verdict"]) == ("a-1", "stopped", "blocked")
        assert call["fate"] == ""


@pytest.mark.usefixtures("quick")
def test_who_is_signed_out_is_told_nothing_more(tmp_path: Path) -> None:
    with shown(furnish(tmp_path, "plain_call.pcap")) as site:
        browser = site.signed_in(Role.OPERATOR)
        with closing(Watcher(browser)) as watcher:
            watcher.news()
            browser.get("/")
            browser.post("/sign-out")
            assert watcher.news() == []


@pytest.mark.usefixtures("quick")
def test_fifty_watch_and_all_are_told(tmp_path: Path) -> None:
    with shown(furnish(tmp_path, "plain_call.pcap")) as site:
        browser = site.signed_in(Role.VIEWER)
        watchers = [Watcher(browser) for _ in range(50)]
        for watcher in watchers:
            assert len(watcher.news()) == 1
        recent = Recent(site.desk.places.run)
        recent.note(decided(1), "a-1")
        recent.write()
        assert [watcher.news()[0]["record"] for watcher in watchers] == ["a-1"] * 50
        assert browser.get("/").status == 200, "the page is there for others"
        for watcher in watchers:
            watcher.close()


def test_there_is_an_end_to_watchers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST", 0)
    assert site.signed_in(Role.VIEWER).get("/calls").status == 503
    assert site.browser().get("/calls").status == 403


def test_a_page_that_ends_does_not_wait_for_watchers(tmp_path: Path) -> None:
    with shown(furnish(tmp_path, "plain_call.pcap")) as site:
        watchers = [Watcher(site.signed_in(Role.VIEWER)) for _ in range(3)]
    for watcher in watchers:
        while watcher.news():
            pass
        watcher.close()
