# SPDX-License-Identifier: Apache-2.0
"""Every finding is counted and told; what stops a call is evidence first, and named by it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.counting import Numbers
from edge.evidence.journal import Journal, records
from edge.hand import CoreHand
from edge.model.verdict import Action
from edge.report.event import Event
from edge.report.telling import Teller
from edge.verdict.guardrail import Alarm
from tests.evidence.box import decided as kept_decided
from tests.report.test_telling import HASHING, Desk, decided
from tests.verdict.calls import NOW


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "evidence")
    yield made
    made.close()


def hand_of(journal: Journal) -> tuple[CoreHand, list[Event]]:
    told: list[Event] = []
    teller = Teller(told.append, Desk().teller._moment, HASHING)
    return CoreHand(journal, teller, Numbers()), told


def test_evidence_comes_first_and_what_is_told_names_it(journal: Journal) -> None:
    hand, told = hand_of(journal)
    finding = kept_decided(1)
    hand.take(finding.offer.message.unit, [finding])
    (event,) = told
    (record,) = records(journal.folder, finding.offer.call, print)
    assert (event.fields["record"], event.fields["leaf"]) == (record["id"], 0)
    assert hand.tally.calls["blocked"] == 1


def test_a_call_that_is_let_through_leaves_no_evidence(journal: Journal) -> None:
    hand, told = hand_of(journal)
    finding = decided(Action.ALLOW)
    hand.take(kept_decided(1).offer.message.unit, [finding])
    assert (told, journal.records) == ([], 0)


def test_an_alarm_is_counted_and_told(journal: Journal) -> None:
    hand, told = hand_of(journal)
    hand.alarm(Alarm("breaker-open", "world", NOW, "too many"))
    assert [event.kind for event in told] == ["alarm"]
    assert hand.tally.by_alarm["breaker-open"] == 1


def test_without_a_hub_nobody_is_told(journal: Journal) -> None:
    hand = CoreHand(journal, None, Numbers())
    finding = kept_decided(1)
    hand.take(finding.offer.message.unit, [finding])
    hand.alarm(Alarm("breaker-open", "world", NOW, "too many"))
    assert journal.records == 1
