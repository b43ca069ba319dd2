# SPDX-License-Identifier: Apache-2.0
"""One pass from a unit to its verdict: everything that came of it, in order."""

from collections.abc import Sequence
from itertools import count

import pytest

from edge.blocklist.simple import SimpleBlocklist
from edge.call.tracker import Tracker
from edge.decode.signalling import Signalling
from edge.model.event import CallOffered, CallReleased
from edge.model.message import Malformed
from edge.model.unit import LinkType, Unit
from edge.pipeline import Decided, Finding, Pipeline
from edge.verdict.breaker import Limits
from edge.verdict.engine import Engine
from edge.verdict.guardrail import Guardrail, Protected
from edge.verdict.policy import Policy
from tests.call.sip_talk import Talk, write
from tests.decode.test_signalling import udp


@pytest.fixture
def pipeline() -> Pipeline:
    """A whole pipeline whose finest clock moves 100 ns each time it is read."""
    guardrail = Guardrail(Protected(), Limits(10**9, 10, 0.5, 5, 10**9), lambda _: None)
    engine = Engine(Policy(SimpleBlocklist("none", 0)), guardrail)
    return Pipeline(Signalling(), Tracker(Talk().calls), engine, count(0, 100).__next__)


def kinds(found: Sequence[Finding]) -> list[type]:
    return [type(one) for one in found]


def test_every_offer_is_followed_by_its_verdict(pipeline: Pipeline) -> None:
    refused = write("INVITE") + write("486", tags=("caller", "callee"))
    found = pipeline.hear(udp(refused), 0)
    assert kinds(found) == [CallOffered, Decided, CallReleased]
    offer, decided, _ = found
    assert decided.offer is offer
    assert decided.took_ns == 200  # the clock was read for `now` and for this, one step each


def test_what_cannot_be_read_is_a_finding(pipeline: Pipeline) -> None:
    assert kinds(pipeline.hear(Unit("t", LinkType.IPV4, 0, b"\x45"), 0)) == [Malformed]


def test_nothing_comes_of_nothing(pipeline: Pipeline) -> None:
    assert pipeline.hear(udp(b"\r\n\r\n"), 0) == []


def test_the_decision_knows_how_late_it_is() -> None:
    class Clerk:
        def decide(self, offer: CallOffered, now_ns: int) -> None:
            self.now_ns = now_ns

    clerk = Clerk()
    pipeline = Pipeline(Signalling(), Tracker(Talk().calls), clerk, count(5000, 100).__next__)  # type: ignore[arg-type]
    pipeline.hear(udp(write("INVITE")), 1_000_000)
    assert clerk.now_ns == 1_000_100
