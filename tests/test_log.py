# SPDX-License-Identifier: Apache-2.0
"""No subscriber's number is in a log; everything else is."""

import io
import json
import os
from collections.abc import Iterator
from datetime import datetime

import pytest
import structlog

from edge import log
from edge.model.number import Number


@pytest.fixture(autouse=True)
def _own_set_up() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+77172001234", "+7717*******"),
        ("77030001234", "7703*******"),
        ("87172001234", "8717*******"),
        ("+442079460123", "+44207*******"),
        ("<sip:+77172001234@192.0.2.1:5060>", "<sip:+7717*******@192.0.2.1:5060>"),
        ("from 77172001234 to 77172001235", "from 7717******* to 7717*******"),
        ("It rang at +77172001234.", "It rang at +7717*******."),
        ("+77172001234.wav", "+7717*******.wav"),
        ("77172001234.wav", "7717*******.wav"),
        ("/srv/recordings/in_77172001234_1.wav", "/srv/recordings/in_7717*******_1.wav"),
        ("77172001234-20261126.wav", "7717*******-2*******.wav"),
        ("call.77172001234.pcap", "call.7717*******.pcap"),
        ("+77172001234.2.wav", "+7717*******.2.wav"),
        ("x+77172001234x", "x+7717*******x"),
        ("of 12345678.25 seconds", "of 12345678.25 seconds"),
        ("of 0.123456789 seconds", "of 0.123456789 seconds"),
        ("12345678-1234-4234-8234-123456789abc", "12345678-1234-4234-8234-123456789abc"),
        ("112", "112"),
        ("60000 units", "60000 units"),
        ("192.168.100.200", "192.168.100.200"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("1795464000123456789", "1795464000123456789"),
        ("a84b4c76e66710", "a84b4c76e66710"),
    ],
)
def test_the_subscriber_is_masked_and_nothing_else(text: str, masked: str) -> None:
    assert log.mask(text) == masked


@pytest.mark.parametrize(
    ("number", "masked"), [("200123", "******"), ("112", "112"), ("+77172001234", "+7717*******")]
)
def test_under_the_key_of_a_number_local_ones_are_masked_too(number: str, masked: str) -> None:
    assert log.mask_numbers(None, "info", {"calling": number, "units": "200123"}) == {
        "calling": masked,
        "units": "200123",
    }


def test_a_line_in_a_pipe_is_json_without_a_number_at_any_depth() -> None:
    pipe = io.StringIO()
    log.set_up(stream=pipe)
    structlog.get_logger().info(
        "call from +77172001234",
        calling={"number": Number("77172001234"), "identities": ["+77172001234"]},
        octets=b"From: <tel:+77172001234>",
        lasted_ns=77172001234,
    )
    line = json.loads(pipe.getvalue())
    assert "001234" not in pipe.getvalue().replace(str(line["lasted_ns"]), "")
    assert line["level"] == "info"
    assert line["event"] == "call from +7717*******"
    assert datetime.fromisoformat(line["at"]).tzinfo is not None


def test_a_traceback_is_masked() -> None:
    pipe = io.StringIO()
    log.set_up(stream=pipe)
    try:
        int("x+77172001234")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "'x+7717*******'" in json.loads(pipe.getvalue())["exception"]


def test_a_terminal_gets_no_json_and_less_is_not_shown() -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        log.set_up("warning", terminal)
        structlog.get_logger().info("quiet")
        structlog.get_logger().warning("loud")
        shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert "loud" in shown
    assert "quiet" not in shown
    assert not shown.startswith("{")
