# SPDX-License-Identifier: Apache-2.0
"""The page's certificate, from the request to a browser: by a real broker, uplink and page."""

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from edge import clock
from edge.errors import DriverLost
from edge.report import topic
from edge.report.enrol.page import EVERY_S, PageAsk, PageGiven, PageRenewal
from edge.report.enrol.renewal import LOOK_EVERY_S
from edge.report.hub.dial import dial, identity
from edge.trust.page import PageIdentity
from hil.hub.parts import Desk
from tests.hil.hub.boxes import NOW, NS, Box, Hub
from tests.hil.hub.brokers import WAIT_S, Rig
from tests.report.small_box import eventually
from tests.test_page import Page, shown

HOST = "10.0.0.5"
YEAR = 365 * 86_400


@pytest.fixture
def hub(tmp_path):
    hub = Hub(tmp_path)
    yield hub
    hub.store.close()


@pytest.fixture
def box(tmp_path, hub):
    box = Box(tmp_path / "identity")
    box.enrol(hub)
    return box


def page_of(box, host=HOST):
    return PageIdentity(box.identity.folder, box.node, host)


def answered(hub, asked, now_s=NOW):
    _, node, rest = topic.split(asked.topic)
    (answer,) = hub.pages.take(node, rest, asked.payload, now_s * NS)
    assert topic.split(answer.topic) == ("dn", "astana-1", topic.PAGE)
    return answer.payload


def test_a_page_gets_its_certificate_and_does_not_ask_again(hub, box):
    page = page_of(box)
    renewal = PageRenewal(page)
    asked = renewal.due(NOW, 5.0)
    assert asked.topic == "qalqan/v1/up/astana-1/page"
    assert renewal.take(answered(hub, asked), NOW)
    assert page.shown().ends_s == NOW + YEAR
    assert renewal.due(NOW, 5.0 + EVERY_S) is None
    assert renewal.refused == ""


def test_it_is_looked_at_once_a_minute_and_asked_for_where_it_is_due(hub, box):
    renewal = PageRenewal(page_of(box))
    assert renewal.take(answered(hub, renewal.due(NOW, 0.0)), NOW)
    late = NOW + YEAR * 2 // 3
    assert renewal.due(NOW, EVERY_S) is None
    assert renewal.due(late, EVERY_S + LOOK_EVERY_S - 1) is None
    assert renewal.due(late, EVERY_S + LOOK_EVERY_S) is not None


def test_a_hub_that_gives_none_is_asked_now_and_then_and_nothing_changes(hub, box):
    """One of an earlier version settles what it does not know, and says nothing."""
    earlier = Desk(hub.store, [hub.enrolment, hub.renewals])
    page = page_of(box)
    renewal = PageRenewal(page)
    asked = renewal.due(NOW, 5.0)
    assert earlier.take(asked.topic, asked.payload, NOW * NS) == []
    assert renewal.due(NOW, 5.0 + EVERY_S - 1) is None
    assert renewal.due(NOW, 5.0 + EVERY_S).topic == asked.topic
    assert page.shown() is None


def test_a_lost_answer_is_given_again_and_the_first_takes_nothing_away(hub, box):
    renewal = PageRenewal(page_of(box))
    first = answered(hub, renewal.due(NOW, 0.0))
    again = answered(hub, renewal.due(NOW, EVERY_S), NOW + EVERY_S)
    assert first == again
    assert renewal.take(again, NOW + EVERY_S)
    assert not renewal.take(first, NOW + EVERY_S)
    assert renewal.refused.startswith("expired")


@pytest.mark.parametrize("payload", [
    b"", b"{}", b"\xff", b'{"certificate":"torn"}', b'{"certificate":"torn","authority":"torn"}',
])  # fmt: skip
def test_what_is_no_certificate_is_named_and_changes_nothing(hub, box, payload):
    renewal = PageRenewal(page_of(box))
    renewal.due(NOW, 0.0)
    assert not renewal.take(payload, NOW)
    assert renewal.refused
    assert page_of(box).shown() is None


def test_names_that_no_hub_gives_are_said_once_and_not_asked_for(box):
    renewal = PageRenewal(page_of(box, "box.example"))
    with capture_logs() as lines:
        assert renewal.due(NOW, 0.0) is None
        assert renewal.due(NOW, EVERY_S) is None
    assert [(line["event"], line["what"]) for line in lines] == [("not certified", "page")]
    assert "wrong-name: a page of astana-1 may not be called 'box.example'" in renewal.refused


def test_what_is_damaged_does_not_end_the_process_that_asks(box):
    (box.identity.folder / "page.crt").write_text("torn")
    renewal = PageRenewal(page_of(box))
    assert renewal.due(NOW, 0.0) is None
    assert "page.crt: unreadable" in renewal.refused
    said = PageGiven(certificate="", authority="")
    assert not renewal.take(said.model_dump_json().encode(), NOW)


# By a real broker -------------------------------------------------------------

CONFIG = """
[node]
name = "astana-1"
state_dir = "{state}"
[hub]
brokers = ["127.0.0.1:{port}"]
[page]
people = "{host}:8443"
"""


@pytest.fixture
def rig(tmp_path):
    (tmp_path / "hub").mkdir()
    rig = Rig(tmp_path / "hub")
    yield rig
    rig.hub.store.close()


@pytest.fixture
def enrolled(rig, tmp_path):
    box = Box(tmp_path / "state" / "identity")
    box.enrol(rig.hub, clock.now_ns() // NS)
    return box


@contextmanager
def uplink(folder, port):
    """Run the process."""
    config = folder / "edge.toml"
    config.write_text(CONFIG.format(state=folder / "state", port=port, host=HOST))
    command = [sys.executable, "-m", "edge", "uplink", "--config", str(config)]
    process = subprocess.Popen(command, env=os.environ | {"LC_ALL": "C.UTF-8"})
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(WAIT_S) == 0


def believing(authority):
    return ssl.create_default_context(cafile=authority)


def greet(port, context):
    """Speak with the page as a browser that was sent to its address; return the first line."""
    with (
        socket.create_connection(("127.0.0.1", port), WAIT_S) as wire,
        context.wrap_socket(wire, server_hostname=HOST) as secured,
    ):
        secured.sendall(b"GET /sign-in HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return secured.recv(4096).partition(b"\r\n")[0]


@pytest.mark.slow
@pytest.mark.peer("mosquitto")
def test_a_box_that_is_enrolled_shows_its_page_to_who_believes_the_hub_s_pages(
    rig, enrolled, tmp_path, monkeypatch
):
    folder = enrolled.identity.folder
    with rig.mosquitto(), rig.at_work() as talk, uplink(tmp_path, rig.ports.boxes):
        talk.until("qalqan/v1/up/astana-1/page")
        asyncio.run(eventually((folder / "page.crt").exists, WAIT_S))
    assert (folder / "pages.pem").read_text() == rig.hub.pages_authority.pem
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    running = Page(tmp_path, more='people = "127.0.0.1:0"\n', listen="")
    try:
        port = shown(running)
        assert greet(port, believing(folder / "pages.pem")) == b"HTTP/1.1 200 OK"
        with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
            greet(port, believing(folder / "authority.pem"))
        assert running.end()[0] == 0
    finally:
        running.close()


@pytest.mark.peer("mosquitto")
def test_a_box_speaks_with_no_broker_that_shows_the_certificate_of_a_page(rig, enrolled):
    now_s = clock.now_ns() // NS
    page = page_of(enrolled, "127.0.0.1")
    said = PageAsk(request=page.request()).model_dump_json().encode()
    (answer,) = rig.hub.pages.take("astana-1", topic.PAGE, said, now_s * NS)
    given = PageGiven.model_validate_json(answer.payload)
    page.take(given.certificate, given.authority, now_s)
    folder, broker = enrolled.identity.folder, rig.brokers.folder
    shutil.copy(folder / "page.crt", broker / "broker.pem")
    shutil.copy(folder / "page.key", broker / "broker.key.pem")
    place = f"127.0.0.1:{rig.ports.boxes}"
    with rig._one(rig.brokers.main, " running"):
        context = identity(folder)
        with pytest.raises(DriverLost, match="certificate verify failed"):
            asyncio.run(dial(place, context, WAIT_S, WAIT_S))
        context.load_verify_locations(folder / "pages.pem")
        asyncio.run(dial(place, context, WAIT_S, WAIT_S)).close()
