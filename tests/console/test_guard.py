# SPDX-License-Identifier: Apache-2.0
"""What stands before every page, asked over a real socket by who does not keep to the rules."""

import socket

import pytest

from edge.console.guard import HEADERS, MOST_FIELDS, MOST_OCTETS, MOST_TARGET
from edge.console.people import Role
from edge.counters import PAGE_ANSWERS
from tests.console.site_house import Browser, Site

BOTH = (
    b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)
"Of two lengths, for two who read it differently."


def raw(site: Site, octets: bytes) -> bytes:
    """Say octets, return all that is answered."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as line:
        line.sendall(octets)
        line.shutdown(socket.SHUT_WR)
        found = b""
        while more := line.recv(65_536):
            found += more
        return found


@pytest.mark.parametrize("path", ["/", "/sign-in", "/static/page.css", "/nothing", "/calls"])
def test_every_answer_carries_strict_headers(site: Site, path: str) -> None:
    headers = site.browser().get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["server"] is None


def enter(browser: Browser, **headers: str) -> int:
    browser.get("/sign-in")
    fields = {"token": browser.form_token, "name": "a", "password": "b"}
    return browser.send("/sign-in", fields, **headers).status


def test_a_form_of_another_site_is_refused(site: Site) -> None:
    browser = site.signed_in(Role.ENGINEER)
    here = browser.origin
    for origin in (
        "https://evil.example", "null", "", here.replace("http:", "https:"), f"{here}.evil.example",
        f"http://127.0.0.1:{site.port + 1}", f"http://x@127.0.0.1:{site.port}", f"{here}/", "http://[",
    ):  # fmt: skip
        browser.get("/trunks")
        fields = {
            "token": browser.form_token, "trunk": "intl", "mode": "enforce", "reason": "theirs",
            "sure": "yes",
        }  # fmt: skip
        assert browser.send("/trunks/mode", fields, Origin=origin).status == 403, origin


def test_a_form_with_a_token_of_another_browser_is_refused(site: Site) -> None:
    mine, theirs = site.signed_in(Role.ENGINEER), site.signed_in(Role.ENGINEER)
    theirs.get("/people")
    for token in ("", "x", theirs.form_token):
        answer = mine.send("/sign-out", {"token": token})
        assert answer.status == 403
    assert mine.get("/").status == 200


def test_a_form_has_bounds(site: Site) -> None:
    browser = site.browser()
    assert enter(browser, **{"Content-Type": "application/json"}) == 415
    assert enter(browser, **{"Content-Type": "multipart/form-data"}) == 415
    assert browser.send("/sign-in", {"name": "x" * MOST_OCTETS}).status == 413
    many = {f"f{number}": "" for number in range(MOST_FIELDS + 1)}
    assert browser.send("/sign-in", many).status == 400
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": browser.origin}
    for body in (b"name=\xff", b"name=%ff"):
        assert browser.ask("POST", "/sign-in", body, headers).status == 400


def test_only_what_pages_need_is_done(site: Site) -> None:
    browser = site.browser()
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"):
        assert browser.ask(method, "/", b"", {}).status in {400, 405}, method
    assert browser.get(f"/?{'x' * MOST_TARGET}").status == 414
    assert browser.ask("HEAD", "/sign-in", b"", {}).octets == b""


def test_a_request_that_is_none_costs_nothing(site: Site) -> None:
    for octets in (
        b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n",
        b"\x16\x03\x01\x00\x05hello", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000,
        BOTH,
    ):  # fmt: skip
        assert raw(site, octets)[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 403", b"HTTP/1.1 415", b""}
    assert site.browser().get("/sign-in").status == 200


@pytest.mark.parametrize("path", [
    "/static/../page.py", "/static/%2e%2e/page.py", "/static/..%2fpage.py", "/static//page.css",
    "/static/page.css/", "/static/%2e/page.css%00", "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "//evil.example/", "/campaigns/..%2f..%2fpage%2fusers", "/campaigns/%2e%2e", "/static/",
])  # fmt: skip
def test_no_path_leads_out(site: Site, path: str) -> None:
    answer = site.signed_in(Role.ENGINEER).get(path)
    assert answer.status == 404, path
    assert b"argon2" not in answer.octets
    assert b"root:" not in answer.octets


def test_answers_are_counted(site: Site) -> None:
    site.browser().get("/sign-in")
    assert site.numbers[PAGE_ANSWERS].of("200").value > 0
