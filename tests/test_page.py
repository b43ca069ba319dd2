# SPDX-License-Identifier: Apache-2.0
"""The process `page` as it is: asked over HTTP, beside processes that come, go, leave garbage."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from edge.config import parse
from edge.console.metrics import expected_of
from edge.errors import ConfigError
from edge.page import run_page
from edge.process.service import Notifier
from tests.console.everything import write_everything

TOO_LONG_S = 60
CONFIG = '[node]\nname = "bench"\n[page]\nlisten = "{}"\n'
HUB = '[hub]\nbrokers = ["127.0.0.1:1883"]\ntls = false\n'


class Page:
    """The process, and what systemd would hear of it."""

    def __init__(self, folder: Path, listen: str = "127.0.0.1:0", more: str = "") -> None:
        config = folder / "edge.toml"
        text = CONFIG.format(listen) if listen else CONFIG.rpartition("listen")[0]
        config.write_text(text + more)
        self.run = folder / "state" / "run"
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.systemd.settimeout(TOO_LONG_S)
        self.systemd.bind(str(folder / "notify"))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge", "page", "--config", str(config)],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "200000"},
        )
        self._watchdog = Timer(TOO_LONG_S, self.process.kill)
        self._watchdog.start()

    def until(self, said: str) -> str:
        """Return the first line that begins so on systemd's socket."""
        while True:
            line = self.systemd.recv(4096).decode()
            if line.startswith(said):
                return line

    def opened(self) -> int:
        """Wait until the page is open; return its port."""
        return int(self.until("STATUS=open at").rpartition(":")[2])

    def end(self) -> tuple[int, str]:
        """Return exit code and what it logged, however it ends."""
        self.process.terminate()
        _, err = self.process.communicate()
        return self.process.returncode, err

    def close(self) -> None:
        self._watchdog.cancel()
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        self.systemd.close()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    running = Page(tmp_path, more=HUB)
    yield running
    running.close()


def get(port: int, path: str) -> tuple[int, str, bytes]:
    """Return status, type and body as an HTTP client reads them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TOO_LONG_S)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers["Content-Type"], body


def up(port: int) -> dict[str, int]:
    """Return which processes the numbers show as running."""
    _, _, text = get(port, "/metrics")
    found = re.findall(r'^qalqan_process_up{process="(.*)"} (.*)$', text.decode(), re.MULTILINE)
    return {name: int(float(value)) for name, value in found}


def test_the_life_of_the_page(page: Page) -> None:
    port = page.opened()
    status, content_type, text = get(port, "/metrics")
    assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b'qalqan_process_resident_memory_bytes{process="page"}' in text
    page.until("WATCHDOG=1")
    assert not page.run.exists()  # it writes nothing
    code, err = page.end()
    assert page.until("STOPPING=1")
    assert (code, [json.loads(line)["event"] for line in err.splitlines()]) == (0, ["open"])


def test_it_answers_whoever_else_is_there(page: Page) -> None:
    port = page.opened()
    assert up(port) == {"core": 0, "uplink": 0, "page": 1}
    assert get(port, "/healthz")[0] == 503
    write_everything(page.run, "core", "word")
    (page.run / "uplink.numbers").write_bytes(b"\0" * 4096)
    (page.run / "core.fresh").write_bytes(b"{")
    assert up(port) == {"core": 1, "uplink": 0, "page": 1}
    write_everything(page.run, "uplink", "word")
    assert up(port) == {"core": 1, "uplink": 1, "page": 1}
    status, content_type, body = get(port, "/healthz")
    assert (status, content_type) == (200, "application/json")
    health = json.loads(body)
    assert (health["ok"], set(health["processes"])) == (True, {"core", "uplink", "page"})
    assert 0 <= health["processes"]["core"]["age_s"] < 10
    whole = (page.run / "core.numbers").read_bytes()
    (page.run / "core.numbers").write_bytes(whole[: len(whole) // 2])
    assert up(port) == {"core": 0, "uplink": 1, "page": 1}
    assert get(port, "/nothing")[0] == 404
    assert page.end()[0] == 0


@pytest.mark.peer("promtool")
def test_promtool_reads_the_real_answer(page: Page) -> None:
    port = page.opened()
    write_everything(page.run, "core", "word")
    text = get(port, "/metrics")[2]
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_slow_visitors_stop_neither_answers_nor_the_end(page: Page) -> None:
    port = page.opened()
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    for one in slow:
        one.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
    assert up(port)["page"] == 1
    code, err = page.end()
    assert (code, err.count("\n")) == (0, 1)
    for one in slow:
        one.close()


def test_an_address_that_another_holds_is_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        running = Page(tmp_path, f"127.0.0.1:{port}")
        try:
            assert "in use" in running.until("STATUS=page.listen")
            other.close()
            assert running.opened() == port
            assert running.end()[0] == 0
        finally:
            running.close()


@pytest.mark.parametrize("listen", ["0.0.0.0:9464", "[::]:9464"])
def test_every_address_is_refused_in_one_line(listen: str, tmp_path: Path) -> None:
    running = Page(tmp_path, listen)
    _, err = running.process.communicate()
    running.close()
    assert running.process.returncode == 1
    assert err.startswith(f"qalqan: page.listen: {listen}: every address")
    assert err.count("\n") == 1


def test_a_page_without_an_address_is_none(tmp_path: Path) -> None:
    config = parse('[node]\nname = "bench"\n', tmp_path / "edge.toml")
    with pytest.raises(ConfigError, match=r"page\.listen: name the address"):
        run_page(config, Notifier()).send(None)


def test_which_processes_a_box_has(tmp_path: Path) -> None:
    alone = CONFIG.format("127.0.0.1:0")
    assert expected_of(parse(alone, tmp_path / "edge.toml")) == ("core", "page")
    assert "uplink" in expected_of(parse(alone + HUB, tmp_path / "edge.toml"))


def test_it_holds_no_tap_and_no_hub() -> None:
    """Nor does `core`, or a command, hold what speaks HTTP and Prometheus."""
    code = "import sys; import {}; print(*sys.modules)"
    for module, without in (
        (
            "edge.page",
            "aiomqtt tuf cryptography sqlite3 edge.intake.ear edge.core drivers.taps.afpacket",
        ),
        ("edge.cli", "prometheus_client edge.page"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code.format(module)], capture_output=True, text=True, check=True
        )
        assert not set(without.split()) & set(done.stdout.split())


def shown(page: Page) -> int:
    """Wait until people see the page; return its port."""
    for line in page.process.stderr:
        said = json.loads(line)
        if said["event"] == "shown":
            return int(said["places"][0].rpartition(":")[2])
    raise AssertionError("it never was")


def test_people_see_the_page_beside_the_machines(tmp_path: Path) -> None:
    running = Page(tmp_path, more='people = "127.0.0.1:0"\n')
    try:
        port = running.opened()
        status, content_type, body = get(shown(running), "/sign-in")
        assert (status, content_type) == (200, "text/html; charset=utf-8")
        assert "Кіру".encode() in body, "Kazakh where nobody says what they read"
        assert up(port)["page"] == 1
        assert running.end()[0] == 0
    finally:
        running.close()


def test_who_speaks_no_http_fills_no_journal(tmp_path: Path) -> None:
    running = Page(tmp_path, more='people = "127.0.0.1:0"\n')
    try:
        port = shown(running)
        for octets in (b"\x16\x03\x01\x00\x05hello", b"nothing\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), 10) as line:
                line.sendall(octets)
                line.shutdown(socket.SHUT_WR)
                while line.recv(4096):
                    pass
        code, err = running.end()
        assert code == 0
        assert {json.loads(line)["event"] for line in err.splitlines()} <= {"open"}
    finally:
        running.close()


def test_people_see_it_where_no_machine_does(tmp_path: Path) -> None:
    running = Page(tmp_path, more='people = "127.0.0.1:0"\n', listen="")
    try:
        assert get(shown(running), "/sign-in")[0] == 200
        running.until("READY=1")
        assert running.end()[0] == 0
    finally:
        running.close()


@pytest.mark.parametrize(("more", "why"), [
    ('people = "0.0.0.0:1"\n', "page.people: 0.0.0.0:1: every address"),
    ('people = "192.0.2.1:1"\n', "page.people: 192.0.2.1:1: without a certificate"),
    ('people = "127.0.0.1:0"\ncertificate = "a.pem"\n', "page.certificate, page.key: both"),
])  # fmt: skip
def test_a_place_where_people_may_not_see_it_is_refused(
    more: str, why: str, tmp_path: Path
) -> None:
    running = Page(tmp_path, more=more)
    _, err = running.process.communicate()
    running.close()
    assert running.process.returncode == 1
    assert f"qalqan: {why}" in err


def test_a_page_that_is_killed_leaves_its_port(page: Page, tmp_path: Path) -> None:
    port = page.opened()
    get(port, "/healthz")
    page.process.send_signal(signal.SIGKILL)
    page.process.communicate()
    page.close()
    (tmp_path / "notify").unlink()
    again = Page(tmp_path, f"127.0.0.1:{port}")
    try:
        assert again.opened() == port
        assert again.end()[0] == 0
    finally:
        again.close()
