# SPDX-License-Identifier: Apache-2.0
"""A box with calls on it, its page on a real socket, and browsers that keep cookies."""

import asyncio
import http.client
import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from html import unescape
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple, Self
from urllib.parse import quote, urlencode

import structlog
from starlette.types import ASGIApp

from edge.blocklist.sheet import from_entries
from edge.blocklist.store import State, Store
from edge.config import Config, load
from edge.console.desk import Desk
from edge.console.history import History
from edge.console.people import Person, Role
from edge.console.serve import Ends, serve
from edge.console.site import site_of
from edge.core import run_core
from edge.counting import Numbers
from edge.moment import Moments
from edge.places import places_of
from edge.process.service import Notifier
from edge.seen.readings import _read
from tests.blocklist.images import entry

VECTORS = Path(__file__).parents[1] / "vectors" / "sip"
SPOOFED = "spoofed_7172-0-1@198.51.100.10"
LISTED = "77172000001"
PASSWORD = "correct horse battery"
TOO_LONG_S = 60
TAP = """
[tap.mirror]
driver = "pcap"
files = [{files}]
pace = 0

[page]
listen = "127.0.0.1:0"
people = "127.0.0.1:0"

[enforcer.switch]
driver = "observe"
"""


def furnish(folder: Path, *captures: str) -> Config:
    """Have a box hear captures: what it decided lies in its folder as on an appliance."""
    files = ", ".join(json.dumps(str(VECTORS / name)) for name in captures)
    text = (VECTORS / "edge.toml").read_text(encoding="utf-8")
    text = text.replace("[trunk.intl]\n", '[trunk.intl]\nenforcer = "switch"\n')
    path = folder / "edge.toml"
    path.write_text(text + TAP.format(files=files), encoding="utf-8")
    config = load(path)
    store = Store(places_of(config).lists, "fraud")
    store.write(from_entries("fraud", 3, [entry(LISTED)]))
    store.commit(3)
    store.note(State(highest=3, issued_s=1_795_600_000, applied_s=1_795_600_060))
    try:
        asyncio.run(run_core(config, Notifier({})))
    finally:
        structlog.reset_defaults()
    return config


def as_of_now(config: Config) -> None:
    """Have the numbers of `core` be of this moment."""
    path = places_of(config).run / "core.numbers"
    reading = _read(path)
    assert reading is not None
    said = json.loads(path.read_bytes())
    said["mono"] = Moments().now().mono
    fresh = path.with_suffix(".fresh")  # as `core` does it: who reads meanwhile finds a whole one
    fresh.write_text(json.dumps(said))
    fresh.replace(path)


class Answer(NamedTuple):
    """What a browser was answered."""

    status: int
    headers: http.client.HTTPMessage
    octets: bytes

    @property
    def text(self) -> str:
        return self.octets.decode()

    @property
    def words(self) -> str:
        """What is read: without tags."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.text)).split())


class Site:
    """The page while it is shown."""

    def __init__(self, desk: Any, site_of: Callable[[Any, Numbers], ASGIApp] = site_of) -> None:
        self.desk = desk
        self._site_of = site_of
        self.numbers = Numbers()
        self.port = 0
        self._ready = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        site = self._site_of(self.desk, self.numbers)
        ends = Ends(self._opened, lambda: setattr(self.desk, "is_ending", True))
        self._task = asyncio.ensure_future(serve(site, "127.0.0.1:0", None, ends))  # noqa: TID251
        try:
            await self._task
        except asyncio.CancelledError:
            return

    def _opened(self, places: list[str]) -> None:
        self.port = int(places[0].rpartition(":")[2])
        self._ready.set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(TOO_LONG_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(TOO_LONG_S)

    def browser(self, language: str = "en") -> "Browser":
        return Browser(self.port, language)

    def let_in(self, name: str, role: Role) -> None:
        secret = self.desk.people.hashed(PASSWORD)
        self.desk.people.put(Person(name, role, secret, 1_795_600_000, "test"))

    def signed_in(self, role: Role, language: str = "en") -> "Browser":
        """A browser of somebody with this role."""
        name = f"some-{role.value}"
        if not self.desk.people.get(name):
            self.let_in(name, role)
        browser = self.browser(language)
        browser.get("/sign-in")
        answer = browser.post("/sign-in", name=name, password=PASSWORD)
        assert (answer.status, answer.headers["location"]) == (303, "/"), answer.words
        return browser


class Browser:
    """As much of one as attacks need."""

    def __init__(self, port: int, language: str = "en") -> None:
        self.port = port
        self.language = language
        self.cookies: dict[str, str] = {}
        self.form_token = ""
        self.origin = f"http://127.0.0.1:{port}"

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, b"", headers)

    def post(self, path: str, /, **fields: str) -> Answer:
        """Send the form of the page that was seen last."""
        return self.send(path, {"token": self.form_token, **fields})

    def send(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        kept = {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin, **headers,
        }  # fmt: skip
        return self.ask("POST", path, urlencode(fields).encode(), kept)

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        whole = {"Accept-Language": self.language, **headers}
        if self.cookies:
            whole["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as line:
            line.request(method, path, body, {key: value for key, value in whole.items() if value})
            response = line.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        for cookie in answer.headers.get_all("set-cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        found = re.search(r'name="token" value="([^"]*)"', answer.octets.decode(errors="replace"))
        self.form_token = found[1] if found else self.form_token
        return answer


@contextmanager
def shown(config: Config) -> Iterator[Site]:
    """Show the page of a box."""
    with Site(Desk(config, History(), tls=False)) as site:
        yield site


def call_path(name: str) -> str:
    return f"/call?id={quote(name)}"
