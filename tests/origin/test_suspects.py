# SPDX-License-Identifier: Apache-2.0
"""Every call that is decided is counted once; a campaign is told, filed, and known again."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge import clock
from edge.blocklist.simple import SimpleBlocklist
from edge.config import parse
from edge.detect.detector import Detector
from edge.errors import ConfigError
from edge.model.event import CallOffered, CallReleased
from edge.model.verdict import Action, Basis, Mode
from edge.origin import suspects as room
from edge.origin.cases import Cases
from edge.origin.suspects import LONGEST_S, Suspects, Tell, suspects_of
from edge.report.event import Clock, Event, Moment
from edge.verdict.breaker import Limits
from edge.verdict.engine import Engine
from edge.verdict.guardrail import Alarm, Guardrail, Protected
from edge.verdict.policy import Policy
from edge.verdict.rule import CAMPAIGN, RulePolicy
from tests.detect.box import AT, NS, centre, offer, over
from tests.report.small_box import eventually
from tests.verdict.calls import no_alarm


class House:
    """All that stands around suspects in `core`, and what was told."""

    def __init__(self, folder: Path, action: Action = Action.OBSERVE) -> None:
        self.folder = folder
        self.told: list[Event] = []
        self.alarms: list[Alarm] = []
        self.suspects = Suspects(Detector(), Cases(folder / "campaigns"))
        self.suspects.tell = Tell(self.told.append, lambda at: Moment(at, 1, "b", Clock.SYNCED))
        self.suspects.alarm = self.alarms.append
        self.suspects.restore()
        rules = RulePolicy({CAMPAIGN.id: action})
        policy = Policy(
            SimpleBlocklist("national", 42), rules=rules, suspect=self.suspects.suspected
        )
        limits = Limits(most=100_000, floor=10_000)
        engine = Engine(policy, Guardrail(Protected(), limits, no_alarm), {"intl": Mode.ENFORCE})
        self.judge = self.suspects.before(engine)
        self.records = 0

    def hear(self, one: CallOffered, end: CallReleased | None = None):
        """Hear a call as the hand does; return its verdict."""
        verdict = self.judge.decide(one, one.at)
        if verdict.basis is Basis.ANALYTICS:
            self.records += 1
            self.suspects.note(one, f"r-{self.records}", self.records)
        self.suspects.settle()
        if end:
            self.suspects.released(end)
        return verdict

    def play(self, count: int = 60, first: int = 1) -> list[Basis]:
        return [self.hear(one, end).basis for one, end in centre(count, first=first)]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.told]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_campaign_is_told_the_moment_it_is_found_and_its_calls_are_marked(house: House) -> None:
    bases = house.play()
    found = bases.index(Basis.ANALYTICS)
    assert found <= 30
    assert set(bases[found:]) == {Basis.ANALYTICS}
    (event,) = house.told
    (campaign,) = house.suspects.detector.campaigns
    assert (event.kind, event.fields["campaign"]) == ("campaign", campaign.id)
    assert house.suspects.touched == len(bases) - found == campaign.dossier.calls
    verdict = house.hear(offer(900, AT + 900 * NS))
    assert (verdict.action, verdict.rule) == (Action.OBSERVE, CAMPAIGN.id)
    assert dict(verdict.reasons[0].facts)["campaign"] == campaign.id


def test_an_honest_call_says_nothing_and_costs_nothing_of_its_verdict(house: House) -> None:
    one = offer()
    assert house.hear(one).basis is Basis.NONE
    assert house.suspects.suspected(one) == ()
    assert house.told == []


def test_what_was_not_kept_stands_in_no_dossier(house: House) -> None:
    house.play()
    (campaign,) = house.suspects.detector.campaigns
    before = campaign.dossier.calls
    one = offer(900, AT + 900 * NS)
    house.judge.decide(one, one.at)  # nobody keeps it
    assert campaign.dossier.calls == before
    assert house.suspects.suspected(one)
    house.suspects.note(one, "r", 1)
    house.suspects.note(one, "r", 1)  # and each once
    assert campaign.dossier.calls == before + 1


def test_a_call_that_is_judged_again_is_not_counted_again(house: House) -> None:
    house.play()
    (campaign,) = house.suspects.detector.campaigns
    one = offer(900, AT + 900 * NS)
    house.judge.decide(one, one.at)
    house.suspects.settle()
    calls = campaign.calls
    again = house.judge._engine.decide(one, one.at)
    assert again.basis is Basis.ANALYTICS
    house.suspects.settle()
    assert campaign.calls == calls


def test_no_verdict_waits_for_the_counting_of_its_call(house: House) -> None:
    behaviour = house.suspects.detector.behaviour
    one, other = offer(1), offer(2, AT + NS)
    house.judge.decide(one, one.at)
    assert behaviour.up == 0
    house.judge.decide(other, other.at)  # the latest when the next one comes
    assert behaviour.up == 1
    house.suspects.released(over(other))  # and before its own end
    assert (behaviour.up, behaviour.unknown) == (1, 0)


def test_a_campaign_that_is_stopped_stays_one(tmp_path: Path) -> None:
    house = House(tmp_path, Action.BLOCK)
    house.play()
    for number in range(500, 700):
        one = offer(number, AT + number * 60 * NS, calling=f"+447700900{number}")
        verdict = house.hear(one, over(one, 0.1, 0.0, "called"))
        assert (verdict.action, verdict.basis) == (Action.BLOCK, Basis.ANALYTICS)
    assert len(house.suspects.detector.campaigns) == 1


def test_at_the_end_all_is_filed_and_told_and_known_again(house: House, tmp_path: Path) -> None:
    house.play()
    house.suspects.close()
    assert house.kinds()[:2] == ["campaign", "campaign"]
    assert set(house.kinds()[2:]) == {"clue"}
    (case,) = Cases(tmp_path / "campaigns").read(pytest.fail)
    assert case.lines
    assert all(one.record for line in case.lines for one in line.evidence)
    told = len(house.told)
    house.suspects.close()
    assert len(house.told) == told  # nothing is new
    again = House(tmp_path)
    assert again.hear(offer(900, AT + 900 * 60 * NS)).basis is Basis.ANALYTICS
    assert again.told == []  # nothing is found anew
    again.suspects.close()
    (after,) = Cases(tmp_path / "campaigns").read(pytest.fail)
    assert (after.id, after.calls, after.noted) == (case.id, case.calls + 1, case.noted + 1)


def test_one_that_turns_out_to_be_none_is_told_and_its_file_goes(
    house: House, tmp_path: Path
) -> None:
    house.play(40)
    house.suspects.close()
    assert list((tmp_path / "campaigns").iterdir())
    for one, end in centre(500, bad=0.02, first=100):
        house.hear(one, end)
    house.suspects.look()
    assert house.told[-1].fields["state"] == "withdrawn"
    assert list((tmp_path / "campaigns").iterdir()) == []


def test_the_silent_are_forgotten_by_the_time_of_what_is_heard(house: House) -> None:
    house.play()  # AT lies a year behind this machine's clock
    house.suspects.look()
    assert len(house.suspects.detector.campaigns) == 1
    assert len(house.suspects.detector.behaviour) > 0
    house.hear(offer(5, AT + 40 * 86_400 * NS, media="203.0.113.9", host="203.0.113.9"))
    house.suspects.look()
    assert house.told[-1].fields["state"] == "silent"


def test_it_is_told_after_one_minute_then_two_at_most_every_quarter_hour(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(clock, "monotonic_s", lambda: now)
    house.play()
    times = []
    for minute in range(1, 91):
        now = minute * 60.0
        house.hear(offer(1000 + minute, AT + (1000 + minute) * NS))
        for campaign in house.suspects._due(now):
            house.suspects._case(campaign)
            times.append(minute)
    assert times == [1, 2, 4, 8, 16, 31, 46, 61, 76]
    assert LONGEST_S == 15 * 60


def test_a_bug_in_detection_costs_no_verdict(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = house.suspects.detector
    house.play()
    one = offer(900, AT + 900 * NS)
    suspicion = detector.offered(one)
    assert suspicion is not None

    def stumble(*_: object) -> None:
        raise IndexError("a bug")

    for name in ("suspect", "count", "released", "note"):
        monkeypatch.setattr(detector, name, stumble)
    assert house.hear(one, over(one)).basis is Basis.NONE
    house.suspects._open[one.call, 1] = suspicion
    house.suspects.note(one, "r", 1)
    assert house.suspects.failed == 4


def test_what_cannot_be_filed_alarms_once_and_is_tried_again(house: House, tmp_path: Path) -> None:
    (tmp_path / "campaigns").write_text("no folder")
    house.play()
    house.suspects.close()
    house.hear(offer(900, AT + 900 * NS))
    house.suspects.close()
    assert [alarm.name for alarm in house.alarms] == ["campaigns-unfiled"]
    (tmp_path / "campaigns").unlink()
    house.hear(offer(901, AT + 901 * NS))
    house.suspects.close()
    assert list((tmp_path / "campaigns").iterdir())


def test_damage_is_told_and_the_rest_known(house: House, tmp_path: Path) -> None:
    house.play()
    house.suspects.close()
    (path,) = (tmp_path / "campaigns").iterdir()
    case = Cases(tmp_path / "campaigns").get(path.stem)
    assert case is not None
    strange = replace(case.members[0], kind="planet")
    Cases(tmp_path / "campaigns").write(replace(case, id="c0123456789ab", members=(strange,)))
    (tmp_path / "campaigns" / "cba9876543210.json").write_text("{")
    again = House(tmp_path)
    assert [alarm.name for alarm in again.alarms] == ["campaigns-damaged"] * 2
    assert [one.id for one in again.suspects.detector.campaigns] == [case.id]


@pytest.mark.asyncio
async def test_it_files_beside_the_ears(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "EVERY_S", 0.01)
    house.play()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(house.suspects.forever())
        await eventually(lambda: list(house.folder.glob("campaigns/*.json")))
        task.cancel()
    assert "clue" in house.kinds()


HEAD = '[node]\nname = "a"\n[detect]\n'


def built(text: str, folder: Path) -> Suspects | None:
    return suspects_of(parse(HEAD + text, folder / "edge.toml"), folder / "campaigns")


def test_it_is_built_as_configured(tmp_path: Path) -> None:
    assert built("on = false\n", tmp_path) is None
    (tmp_path / "4.csv").write_text("3405803520,3405803775,FR\n")
    text = 'keys = 100\nplaces4 = "4.csv"\n[[detect.allowed]]\nname = "b"\nranges = ["+4477"]\n'
    suspects = built(text, tmp_path)
    assert suspects is not None
    assert suspects.detector.behaviour.bounds.keys == 100
    for one, end in centre(60):
        suspects.look_at(one)
        suspects.decided(one, acts=False)
        suspects.released(end)
    assert suspects.touched == 0  # whom the centre knows
    other = built("", tmp_path)
    assert other is not None
    assert other.detector._secret != suspects.detector._secret


def test_places_are_found_in_the_tables(tmp_path: Path) -> None:
    (tmp_path / "4.tsv").write_text("8.8.8.0\t8.8.8.255\t15169\tUS\tGOOGLE\n")
    suspects = built('places4 = "4.tsv"\n', tmp_path)
    assert suspects is not None
    place = suspects._places.find("8.8.8.8")
    assert place is not None
    assert place.text() == "US, AS15169 GOOGLE"
    assert suspects._places.find("2001:4860::1") is None


@pytest.mark.parametrize("made", [False, True], ids=["missing", "empty"])
def test_a_table_that_is_not_there_is_said(tmp_path: Path, made: bool) -> None:
    if made:
        (tmp_path / "4.csv").touch()
    with pytest.raises(ConfigError, match=r"4\.csv"):
        built('places4 = "4.csv"\n', tmp_path)


def test_calls_of_which_nothing_is_kept_do_not_fill_memory(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_OPEN", 5)
    house.play()
    for number in range(900, 920):
        one = offer(number, AT + number * NS)
        house.judge.decide(one, one.at)
    assert len(house.suspects._open) == 5
