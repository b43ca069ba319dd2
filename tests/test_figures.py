# SPDX-License-Identifier: Apache-2.0
"""What comes of calls is counted under the labels that dashboards know."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge.counting import Numbers
from edge.evidence.journal import Journal
from edge.figures import CoreFigures, Counted
from edge.model.event import CallReleased, TapBlind
from edge.model.message import Malformed
from edge.model.verdict import Action, Basis, Mode, Verdict
from edge.pipeline import Decided, Finding
from edge.verdict.guardrail import Alarm
from tests.verdict.calls import NOW, call

OFFER = call()
VERDICT = Verdict(Action.OBSERVE, Action.BLOCK, Basis.LIST, "list.calling", Mode.OBSERVE)


def released(cause: str, *, answered: bool) -> CallReleased:
    return CallReleased(NOW, "c", 1, cause, "calling", answered, 0)


@pytest.mark.parametrize(
    ("finding", "series"),
    [
        (OFFER, 'qalqan_calls_offered_total{trunk="ALA-INT"}'),
        (
            Decided(OFFER, VERDICT, 1_000_000_000),
            'qalqan_verdicts_total{action="observe",wanted="block",rule="list.calling",trunk="ALA-INT"}',
        ),
        (Decided(OFFER, VERDICT, 1_000_000_000), "qalqan_verdict_seconds_sum"),
        (released("BYE", answered=True), 'qalqan_calls_total{outcome="answered"}'),
        (released("486", answered=False), 'qalqan_calls_total{outcome="unanswered"}'),
        (released("evicted", answered=True), 'qalqan_calls_total{outcome="forgotten"}'),
        (Malformed("sip", 0, "x", b""), 'qalqan_malformed_total{layer="sip"}'),
        (
            TapBlind(NOW, "mirror", (), "kernel ring full", 1),
            'qalqan_units_lost_total{tap="mirror",cause="kernel ring full"}',
        ),
    ],
)
def test_a_finding_is_counted(finding: Finding, series: str) -> None:
    numbers = Numbers()
    counted = Counted(numbers)
    counted.take(finding)
    assert numbers.flat()[series] == 1


def test_an_alarm_is_counted_by_name_and_trunk() -> None:
    numbers = Numbers()
    Counted(numbers).alarm(Alarm("breaker-open", "world", NOW, "text"))
    assert numbers.flat()['qalqan_alarms_total{alarm="breaker-open",trunk="world"}'] == 1


def test_how_the_parts_stand_is_taken_over(tmp_path: Path) -> None:
    numbers, journal = Numbers(), Journal(tmp_path)
    ear: Any = SimpleNamespace(name="mirror", heard=7)
    decoder = SimpleNamespace(became={"messages": 5, "other": 2})
    pipeline: Any = SimpleNamespace(decoder=decoder, tracker=SimpleNamespace(up=3))
    figures = CoreFigures(numbers, pipeline, [ear], journal)
    ear.heard += 1
    figures.look()
    found = numbers.flat()
    assert found['qalqan_units_total{tap="mirror"}'] == 8
    assert found['qalqan_units_became_total{fate="messages"}'] == 5
    assert (found["qalqan_calls_up"], found["qalqan_evidence_records_total"]) == (3, 0)
    journal.close()
