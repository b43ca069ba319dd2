# SPDX-License-Identifier: Apache-2.0
"""Every finding is counted and told; what stops a call is evidence first, and named by it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from pydantic import BaseModel

from edge.blocklist.simple import SimpleBlocklist
from edge.counting import Numbers
from edge.detect.detector import Detector
from edge.enforce.answer import Answers, Terms
from edge.enforce.cap import Cap
from edge.enforce.post import Post
from edge.enforce.rulings import Rulings
from edge.evidence.audit import audit
from edge.evidence.journal import NOT_KEPT, Journal, records
from edge.hand import CoreHand
from edge.judging import build_pipeline
from edge.model.answer import GO_ON
from edge.model.event import CallOffered, CallReleased
from edge.model.number import Party
from edge.model.verdict import Action, Mode
from edge.origin.cases import Cases
from edge.origin.suspects import Suspects
from edge.pipeline import Decided
from edge.report.telling import Teller
from edge.seen.recent import Recent
from edge.settings.keys import Part
from edge.stopping import NS, Ends, Stopping, Times, Way
from edge.verdict.breaker import Limits
from edge.verdict.engine import Engine
from edge.verdict.guardrail import Alarm, Guardrail, Protected
from edge.verdict.policy import Policy
from tests.call.sip_talk import INTERNATIONAL, write
from tests.detect.box import centre
from tests.enforce.talk import called_from, offer
from tests.evidence.box import decided as kept_decided, room
from tests.intake.test_ear import CONFIG
from tests.report.test_telling import HASHING, Desk, decided
from tests.verdict.calls import MOBILE, NOW, entry, no_alarm

if TYPE_CHECKING:
    from edge.report.event import Event


class Nothing(BaseModel):
    """No settings."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "evidence")
    yield made
    made.close()


class House:
    """A hand, the trunk whose switch asks at a gate, and what was told of it all."""

    def __init__(self, journal: Journal, mode: Mode = Mode.ENFORCE, *, hub: bool = True) -> None:
        self.journal = journal
        self.told: list[Event] = []
        self.numbers = Numbers()
        teller = Teller(self.told.append, Desk().teller._moment, HASHING) if hub else None
        self.hand = CoreHand(journal, teller, self.numbers)
        policy = Policy(SimpleBlocklist("national", 42, [entry("447700900123")]))
        guardrail = Guardrail(Protected(), Limits(), no_alarm)
        self.engine = Engine(policy, guardrail, {INTERNATIONAL.name: mode})
        self.now = NOW
        ends = Ends(self.hand.settle, self.hand.alarm, self.engine.enforces, lambda: self.now)
        ways = {INTERNATIONAL.name: Way(gates=True, post=None, cap=Cap(100))}
        times = Times(2 * NS, 10 * NS, 4 * NS)
        self.rulings = Rulings(self.engine, {INTERNATIONAL.name})
        self.hand.stop_by(self.rulings, Stopping(Answers(Terms()), ways, times, ends))

    def decide(self, call: CallOffered) -> Decided:
        return Decided(call, self.rulings.decide(call, self.now), 1500)

    def hear(self, call: CallOffered) -> None:
        self.hand.take(call.message.unit, [call, self.decide(call)])

    def release(self, call: CallOffered) -> None:
        at = self.now = self.now + 250_000_000
        event = CallReleased(at, call.call, call.attempt, "603", "called", False, 0, 603)
        self.hand.take(call.message.unit, [event])

    def settle(self) -> None:
        self.now += 10 * NS
        self.hand.stopping.pass_time()

    def records(self, name: str) -> list[dict[str, Any]]:
        return list(records(self.journal.folder, name, print))

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.told]


def test_evidence_comes_first_and_what_is_told_names_it(journal: Journal) -> None:
    house = House(journal)
    finding = kept_decided(1)
    house.hand.take(finding.offer.message.unit, [finding])
    (event,) = house.told
    (record,) = house.records(finding.offer.call)
    assert (event.fields["record"], event.fields["leaf"]) == (record["id"], 0)
    assert house.hand.tally.calls["blocked"] == 1


def test_a_call_that_is_let_through_leaves_no_evidence(journal: Journal) -> None:
    house = House(journal)
    finding = decided(Action.ALLOW)
    house.hand.take(kept_decided(1).offer.message.unit, [finding])
    assert (house.told, journal.records) == ([], 0)


def test_an_alarm_is_counted_and_told(journal: Journal) -> None:
    house = House(journal)
    house.hand.alarm(Alarm("breaker-open", "world", NOW, "too many"))
    assert house.kinds == ["alarm"]
    assert house.hand.tally.by_alarm["breaker-open"] == 1


def test_without_a_hub_nobody_is_told(journal: Journal) -> None:
    house = House(journal, hub=False)
    house.hear(offer())
    house.hand.alarm(Alarm("breaker-open", "world", NOW, "too many"))
    house.settle()
    assert journal.records == 2


@pytest.mark.parametrize("first", ["gate", "tap"])
def test_a_call_that_a_gate_asked_and_a_tap_heard_is_one_verdict_and_one_outcome(
    journal: Journal, first: str
) -> None:
    house, asked = House(journal), offer(tap="sbc")
    heard = offer(write("INVITE", via=("p", "a")))
    if first == "tap":
        house.hear(heard)
    answer = house.hand.asked(house.decide(asked))
    assert answer.stops
    if first == "gate":
        house.hear(heard)
    house.release(heard)
    house.settle()
    verdict, outcome = house.records(heard.call)
    assert answer.redress == verdict["id"] == outcome["of"]
    assert (outcome["outcome"], outcome["after_ms"], outcome["by"]) == ("stopped", 250, "sbc")
    assert house.kinds == ["verdict", "outcome"]
    said = house.told[1].fields
    assert (said["record"], said["leaf"], said["result"]) == (verdict["id"], 1, "stopped")
    flat = house.numbers.flat()
    assert flat['qalqan_outcomes_total{outcome="stopped",trunk="intl"}'] == 1
    assert flat["qalqan_stop_seconds_sum"] == 0.25


def test_a_second_question_about_a_call_is_the_same_evidence(journal: Journal) -> None:
    house = House(journal)
    answers = {house.hand.asked(house.decide(offer(tap="sbc"))).redress for _ in range(3)}
    assert len(answers) == journal.records == len(house.told) == 1


def test_a_gate_that_asks_of_an_honest_call_lets_it_go_on(journal: Journal) -> None:
    house = House(journal)
    found = house.decide(offer(called_from("+447700900777"), tap="sbc"))
    assert house.hand.asked(found) is GO_ON
    assert (journal.records, house.told) == (0, [])


@pytest.mark.parametrize("ear", ["gate", "tap"])
def test_a_trunk_that_is_only_observed_leaves_evidence_and_no_outcome(
    journal: Journal, ear: str
) -> None:
    house = House(journal, Mode.OBSERVE)
    if ear == "gate":
        assert house.hand.asked(house.decide(offer(tap="sbc"))) is GO_ON
    house.hear(offer())
    house.release(offer())
    house.settle()
    (record,) = house.records("c1")
    assert (record["action"], record["wanted"]) == ("observe", "block")
    assert house.kinds == ["verdict"]


def test_what_fails_is_an_alarm_after_its_outcome(journal: Journal) -> None:
    house = House(journal)
    house.hear(offer())
    house.settle()
    assert house.kinds == ["verdict", "outcome", "alarm"]
    assert house.told[1].fields["result"] == "failed"
    assert house.told[2].fields["name"] == "call-failed"


def test_an_outcome_that_cannot_be_kept_is_told_all_the_same(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    house = House(journal)
    house.hear(offer())
    with room(0):
        house.settle()
    assert (house.told[1].kind, house.told[1].fields["leaf"]) == ("outcome", NOT_KEPT)
    assert journal.lost == 1


def test_a_call_whose_verdict_cannot_be_kept_goes_on(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is stopped who could not be told why; that is said."""
    house = House(journal)
    with room(0):
        assert house.hand.asked(house.decide(offer(tap="sbc"))) is GO_ON
    assert house.told[-1].fields["name"] == "evidence-lost"
    assert house.hand.stopping.pending == 0


def test_what_waits_at_the_end_is_settled_before_the_log_is_closed(tmp_path: Path) -> None:
    house = House(Journal(tmp_path))
    house.hear(offer())
    house.hand.close(build_pipeline(CONFIG, no_alarm), ())
    assert [record.get("outcome") for record in house.records("c1")] == [None, "unproven"]
    assert list(audit(tmp_path)) == []


def test_an_answer_about_roaming_stops_the_call_that_waited_for_it(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by its switch alone: a gate that has said go on is asked no more about this call."""
    house = House(journal)
    at_home: list[str] = []
    house.engine.policy = Policy(
        SimpleBlocklist("national", 42, []), roaming=lambda digits: False if at_home else None
    )
    told = Post("pbx", Part(driver="x", settings=Nothing()), lambda *_: None, bool)
    ways = house.hand.stopping._ways
    monkeypatch.setitem(ways, INTERNATIONAL.name, Way(gates=False, post=told, cap=Cap(100)))
    monkeypatch.setattr("edge.hand.clock.now_ns", lambda: house.now)
    calling = Party("from", MOBILE)
    house.hear(replace(offer(), calling=calling, identities=(calling, offer().called)))
    assert (journal.records, len(told._orders)) == (0, 0)
    at_home.append(MOBILE.e164)
    house.hand.known(MOBILE.e164, house.engine)
    (order,) = told._orders._items
    assert order.verdict.rule == "spoof.mobile-cli-not-roaming"
    assert house.kinds == ["verdict"]
    house.hand.known(MOBILE.e164, house.engine)
    assert journal.records == 1, "it waits no more"


def test_a_call_of_a_campaign_is_kept_and_stands_in_its_dossier(journal: Journal) -> None:
    house = House(journal)
    suspects = house.hand.suspects = Suspects(Detector(), Cases(journal.folder / "campaigns"))
    house.engine.policy = Policy(SimpleBlocklist("national", 42), suspect=suspects.suspected)
    house.rulings = house.hand.rulings = Rulings(
        suspects.before(house.engine), {INTERNATIONAL.name}
    )
    for one, end in centre(60):
        house.now = one.at
        house.hand.take(one.message.unit, [one, house.decide(one), end])
    (campaign,) = suspects.detector.campaigns
    assert campaign.dossier.calls == suspects.touched == journal.records > 20
    lines = campaign.dossier.lines()
    for stands in (evidence for line in lines for evidence in line.evidence):
        (record,) = records(journal.folder, stands.record, pytest.fail)
        assert (record["leaf"], record["call"], record["basis"]) == (
            stands.leaf, stands.call, "analytics",
        )  # fmt: skip
    told = [event for event in house.told if event.kind == "verdict"]
    assert len(told) == suspects.touched
    assert {event.fields["action"] for event in told} == {"observe"}


def test_what_could_not_be_kept_stands_in_no_dossier(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    house = House(journal)
    suspects = house.hand.suspects = Suspects(Detector(), Cases(journal.folder / "campaigns"))
    house.engine.policy = Policy(SimpleBlocklist("national", 42), suspect=suspects.suspected)
    house.rulings = house.hand.rulings = Rulings(
        suspects.before(house.engine), {INTERNATIONAL.name}
    )
    with room(0):
        for one, end in centre(60):
            house.now = one.at
            house.hand.take(one.message.unit, [one, house.decide(one), end])
    assert journal.lost == suspects.touched > 20
    (campaign,) = suspects.detector.campaigns
    assert campaign.dossier.calls == 0
    assert not suspects._open, "what nobody asks for again is not kept in memory"


def test_the_latest_calls_are_those_that_a_gate_asked_about_too(
    journal: Journal, tmp_path: Path
) -> None:
    house = House(journal)
    recent = house.hand.recent = Recent(tmp_path)
    heard = offer(write("INVITE", via=("p", "a")))
    house.hand.asked(house.decide(offer(tap="sbc")))
    house.hear(heard)
    house.release(heard)
    house.settle()
    honest = write("INVITE", call="honest")
    house.hand.asked(house.decide(offer(called_from("+447700900777", honest), tap="sbc")))
    stopped, other = recent.calls().calls
    assert (stopped.action, stopped.fate, stopped.calling) == ("block", "stopped", "+447700900123")
    assert stopped.record
    assert (other.call, other.action, other.record) == ("honest", "allow", "")
