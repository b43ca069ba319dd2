# SPDX-License-Identifier: Apache-2.0
"""What comes of calls is counted under the labels that dashboards know."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge.counting import Numbers
from edge.detect.detector import Detector
from edge.evidence.journal import Journal
from edge.intake.gatehouse import Gatehouse
from edge.model.answer import GO_ON
from edge.model.event import CallReleased, TapBlind
from edge.model.message import Malformed
from edge.model.outcome import STOPS, Outcome, Result
from edge.model.verdict import Action, Basis, Mode, Verdict
from edge.origin.cases import Cases
from edge.origin.suspects import Suspects
from edge.pipeline import Decided, Finding
from edge.seen.figures import CoreFigures, Counted, DetectFigures, LoadedFigures, StopFigures
from edge.settings.keys import Part
from edge.verdict.guardrail import Alarm
from tests.detect.box import centre
from tests.test_stopping import GATED, KEPT, House, Nothing, on
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
    ear: Any = SimpleNamespace(name="mirror", heard=7, is_open=True)
    decoder = SimpleNamespace(became={"messages": 5, "other": 2})
    pipeline: Any = SimpleNamespace(decoder=decoder, tracker=SimpleNamespace(up=3))
    figures = CoreFigures(numbers, pipeline, [ear], journal)
    ear.heard += 1
    figures.look()
    found = numbers.flat()
    assert found['qalqan_units_total{tap="mirror"}'] == 8
    assert found['qalqan_units_became_total{fate="messages"}'] == 5
    assert found['qalqan_part_up{part="mirror"}'] == 1
    assert (found["qalqan_calls_up"], found["qalqan_evidence_records_total"]) == (3, 0)
    assert found["qalqan_disk_bytes"] == shutil.disk_usage(tmp_path).total
    assert 0 < found["qalqan_disk_free_bytes"] <= found["qalqan_disk_bytes"]
    journal.close()


def outcome(result: Result, after_ns: int = 250_000_000) -> Outcome:
    return Outcome(NOW, result, "c", 1, "ALA-INT", "r-1", "pbx", "done", "603", after_ns)


@pytest.mark.parametrize("result", Result)
def test_an_outcome_is_counted_and_only_a_stop_is_timed(result: Result) -> None:
    numbers = Numbers()
    Counted(numbers).outcome(outcome(result))
    found = numbers.flat()
    assert found[f'qalqan_outcomes_total{{outcome="{result.value}",trunk="ALA-INT"}}'] == 1
    assert found["qalqan_stop_seconds_sum"] == (0.25 if result in STOPS else 0)
    assert found["qalqan_stop_seconds_count"] == (result in STOPS)


def test_a_stop_whose_time_nobody_heard_is_not_timed() -> None:
    numbers = Numbers()
    Counted(numbers).outcome(outcome(Result.DIVERTED, after_ns=0))
    assert numbers.flat()["qalqan_stop_seconds_count"] == 0


def test_how_those_who_stop_calls_stand() -> None:
    numbers, house = Numbers(), House()
    gate = Gatehouse("sbc", Part(driver="x", settings=Nothing()), lambda _: GO_ON)
    figures = StopFigures(numbers, house.stopping, (gate, house.post))
    gate.counts["asked"] += 3
    house.stopping.asked(on(GATED), KEPT)
    house.post.part.lost, house.post.part.restarts = "away", 2
    for _ in range(2):  # what was looked at twice is not counted twice
        figures.look()
    found = numbers.flat()
    assert found['qalqan_gate_total{part="sbc",fate="asked"}'] == 3
    assert found['qalqan_orders_total{fate="answered"}'] == 1
    assert found["qalqan_stops_pending"] == 1
    assert [found[f'qalqan_part_up{{part="{name}"}}'] for name in ("sbc", "pbx")] == [1, 0]
    assert found['qalqan_part_restarts_total{part="pbx"}'] == 2
    house.wait()
    figures.look()
    assert numbers.flat()["qalqan_stops_pending"] == 0


def test_what_is_loaded_of_each_list_is_shown() -> None:
    numbers, held = Numbers(), {"fraud": 3}
    watch: Any = SimpleNamespace(entries=lambda: held)
    figures = LoadedFigures(numbers, watch)
    figures.look()
    held["fraud"] = 0
    figures.look()
    assert numbers.flat()['qalqan_list_entries{list="fraud"}'] == 0


def test_detection_is_looked_at_as_it_stands() -> None:
    numbers, suspects = Numbers(), Suspects(Detector(), Cases(Path("nowhere")))
    for one, end in centre(60):
        suspects.look_at(one)
        suspects.decided(one, acts=False)
        suspects.released(end)
    suspects.released(end)  # known no more
    DetectFigures(numbers, suspects).look()
    flat = numbers.flat()
    assert flat["qalqan_campaigns"] == 1
    assert flat["qalqan_campaign_calls_total"] == suspects.touched > 0
    assert flat["qalqan_detect_keys"] == len(suspects.detector.behaviour) > 3
    assert flat["qalqan_detect_unknown_total"] == 1
