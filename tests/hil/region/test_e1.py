# SPDX-License-Identifier: Apache-2.0
"""The exchange of the region: what it is told at its port is heard on its line."""

import os
from collections.abc import Iterator

import pytest

from hil.region.e1 import Exchange, Life
from hil.region.serial import Pty
from hil.region.tables import DPC, HELP, HONEST, LISTED, OPC, PHONE

SHORT = Life(rings_s=0.1, answered_s=0.1, talks_s=0.1)
FOREVER = Life(rings_s=30)
ORDER = f"RELCALL:CIC=6,OPC={OPC},DPC={DPC},CAUSE=21;"


class Operator:
    """Types at the command port."""

    def __init__(self, port: str) -> None:
        self._line = os.open(port, os.O_RDWR | os.O_NOCTTY)

    def say(self, line: str) -> str:
        os.write(self._line, line.encode() + b"\r")
        said = ""
        while not said.endswith("<"):
            said += os.read(self._line, 4096).decode()
        return said

    def close(self) -> None:
        os.close(self._line)


@pytest.fixture
def exchange() -> Iterator[tuple[Exchange, Operator]]:
    probe, port = Pty(), Pty()
    made, operator = Exchange(probe, port), Operator(port.port)
    yield made, operator
    operator.close()
    made.close()


def test_a_call_that_nobody_releases(exchange: tuple[Exchange, Operator]) -> None:
    call = exchange[0].call(HONEST[1:], PHONE, 5, SHORT)
    helped = exchange[0].call(LISTED[1:], HELP, 7, SHORT)
    assert call.ended.wait(10)
    assert helped.ended.wait(10)
    for one in (call, helped):
        assert [step.label for step in one.steps] == ["IAM", "ACM", "CPG", "ANM", "REL 16", "RLC"]
    assert exchange[0].counts() == {"ended": 2}


def test_a_call_that_is_released(exchange: tuple[Exchange, Operator]) -> None:
    made, operator = exchange
    other = made.call(HONEST[1:], PHONE, 5, FOREVER)
    call = made.call(LISTED[1:], PHONE, 6, FOREVER)
    assert "EXECUTED" in operator.say(ORDER)
    assert call.ended.wait(10)
    assert not other.ended.is_set()
    assert not call.said("ACM")
    assert [step.label for step in call.steps if step.destination == "abroad"] == ["REL 21"]
    assert call.after_ms("REL") >= 0
    assert made.counts() == {"called": 1, "stopped": 1}


@pytest.mark.parametrize(
    ("line", "fault"),
    [("HELLO;", "FAULT 1"), (ORDER, "FAULT 12"), (ORDER.replace("CIC=6", "CIC=5"), "FAULT 12")],
    ids=["no command", "an idle circuit", "one whose call is over"],
)
def test_an_order_that_is_refused(
    line: str, fault: str, exchange: tuple[Exchange, Operator]
) -> None:
    made, operator = exchange
    assert made.call(HONEST[1:], PHONE, 5, SHORT).ended.wait(10)
    said = operator.say(line)
    assert "NOT ACCEPTED" in said
    assert fault in said
