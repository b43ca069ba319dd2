# SPDX-License-Identifier: Apache-2.0
"""Rollouts in the database, as events of appliances move them: canary first, halted, resumed."""

import random

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import ConfigError
from edge.report import topic
from edge.report.event import Class, Event, Moment, encode, numbered
from edge.report.message import Ask, Campaign, Wanted
from hil.hub import outgoing, rollout
from hil.hub.cosign import Cosigner
from hil.hub.ledger import Ledger
from hil.hub.madeup import batch, fresh_stream
from hil.hub.parts import Desk
from hil.hub.rollout import Group, Plan, Rollouts
from hil.hub.store import Store

NOW = 1_900_000_000 * 10**9
SPRING = Campaign(id="spring", version="1.2.0")
PLAN = Plan(SPRING, (Group("canary", ("n0", "n1")), Group("rest", ("n2", "n3", "n4"))))


class Fleet:
    """Made-up appliances that report to a real desk."""

    def __init__(self, store: Store) -> None:
        self.store = store
        ledger = Ledger(store, Cosigner(Ed25519PrivateKey.generate(), "hub"))
        self.desk = Desk(store, [ledger, Rollouts(store)])
        self.streams: dict[str, str] = {}
        self.seqs: dict[str, int] = {}
        self.wanted: dict[str, Campaign | None] = {}

    def event(self, node: str, state: str, why: str = "", campaign: str = "spring") -> bytes:
        self.streams.setdefault(node, fresh_stream())
        seq = self.seqs[node] = self.seqs.get(node, 0) + 1
        fields = {"campaign": campaign, "version_from": "1.1.0", "version": "1.2.0",
                  "state": state, "percent": 40, "why": why, "text": f"{state} {why}"}  # fmt: skip
        moment = Moment(NOW + seq, seq, "b")
        return numbered(seq, encode(Event(Class.AUDIT, "update", moment, fields)))

    def send(self, node: str, *events: bytes) -> None:
        payload = batch(node, self.streams[node], events, "audit")
        assert self.desk.take(topic.up(node, "ev/audit"), payload, NOW)
        self.hear()

    def tell(self, node: str, *states: str, why: str = "") -> None:
        self.send(node, *[self.event(node, state, why) for state in states])

    def hear(self) -> None:
        """Let the herald publish what waits, and each appliance hear it."""
        while waits := outgoing.waiting(self.store):
            for _, message in waits:
                assert message.retain
                node, word = message.topic.split("/")[3:]
                assert word == topic.CAMPAIGN
                self.wanted[node] = Wanted.model_validate_json(message.payload).campaign
            outgoing.done(self.store, [number for number, _ in waits])

    def create(self, plan: Plan = PLAN) -> None:
        rollout.create(self.store, plan, NOW)
        self.hear()

    def ask(self, node: str, **more: bool) -> list[Campaign | None]:
        payload = Ask(epoch=1, **more).model_dump_json().encode()
        answers = self.desk.take(topic.up(node, "ask"), payload, NOW)
        said = [one for one in answers if one.topic == topic.down(node, topic.CAMPAIGN)]
        return [Wanted.model_validate_json(one.payload).campaign for one in said]

    @property
    def spring(self) -> rollout.Rollout:
        [found] = rollout.show(self.store, "spring")
        return found


@pytest.fixture
def fleet(store: Store) -> Fleet:
    return Fleet(store)


def test_the_canary_is_told_first_and_the_rest_when_it_is_confirmed(fleet: Fleet) -> None:
    fleet.create()
    assert fleet.wanted == {"n0": SPRING, "n1": SPRING}
    fleet.tell("n0", "queued", "downloading", "confirmed")
    assert (fleet.spring.open, fleet.spring.state) == (1, "running")
    fleet.tell("n1", "confirmed")
    assert fleet.wanted == dict.fromkeys(("n0", "n1", "n2", "n3", "n4"), SPRING)
    for node in ("n2", "n3", "n4"):
        fleet.tell(node, "confirmed")
    assert (fleet.spring.open, fleet.spring.state) == (2, "done")


def test_a_canary_that_fails_halts_all_and_what_was_told_is_taken_back(fleet: Fleet) -> None:
    fleet.create()
    fleet.tell("n0", "rolled_back", why="taps")
    assert (fleet.spring.state, fleet.spring.why) == ("halted", "group 1: 1 of 2 failed")
    assert fleet.wanted == {"n0": None, "n1": None}
    fleet.tell("n1", "failed", why="withdrawn")
    assert [(box.node, box.state, box.why) for box in fleet.spring.boxes[:2]] == [
        ("n0", "rolled_back", "taps"), ("n1", "failed", "withdrawn"),
    ]  # fmt: skip
    assert fleet.ask("n1") == [None]
    assert fleet.ask("n2") == []


def test_resumed_it_goes_on_and_what_failed_is_forgiven(fleet: Fleet) -> None:
    fleet.create()
    fleet.tell("n0", "failed", why="no-space")
    rollout.resume(fleet.store, "spring")
    fleet.hear()
    assert fleet.spring.state == "running"
    assert fleet.wanted == {"n0": SPRING, "n1": SPRING}
    fleet.tell("n1", "confirmed")
    assert (fleet.spring.open, fleet.spring.state) == (2, "running")
    with pytest.raises(ConfigError, match="spring is running"):
        rollout.resume(fleet.store, "spring")


def test_halted_by_hand_nothing_more_is_begun(fleet: Fleet) -> None:
    fleet.create()
    rollout.halt(fleet.store, "spring", "it snows")
    rollout.halt(fleet.store, "spring", "again")
    fleet.hear()
    assert (fleet.spring.state, fleet.spring.why) == ("halted", "it snows")
    fleet.tell("n0", "confirmed")
    fleet.tell("n1", "confirmed")
    assert fleet.wanted == {"n0": None, "n1": None}
    rollout.resume(fleet.store, "spring")
    fleet.hear()
    assert fleet.wanted["n4"] == SPRING


def test_who_asks_is_told_what_is_wanted_of_it(fleet: Fleet) -> None:
    fleet.create()
    assert fleet.ask("n0") == [SPRING]
    assert fleet.ask("n0", desired=False) == []
    assert fleet.ask("n2") == []
    assert fleet.ask("stranger") == []
    assert fleet.desk.take(topic.up("n0", "ask"), b"no question", NOW) is not None


def test_events_in_any_order_and_number_come_to_the_same_end(fleet: Fleet) -> None:
    fleet.create()
    events = [
        fleet.event("n0", state)
        for state in ("queued", "downloading", "installing", "rebooting", "probation", "confirmed")
    ]
    again = [*events, *events[:4]]
    random.Random(3).shuffle(again)
    for one in again:
        fleet.send("n0", one)
    assert fleet.spring.boxes[0].state == "confirmed"


def test_a_new_stream_of_a_box_is_told_apart_by_its_time(fleet: Fleet) -> None:
    fleet.create()
    fleet.tell("n0", "queued", "downloading")
    fleet.streams["n0"] = fresh_stream()
    fleet.tell("n0", "probation")
    assert fleet.spring.boxes[0].state == "probation"


@pytest.mark.parametrize(
    "body",
    [{"campaign": "spring"}, {"campaign": 1, "state": "confirmed"}, {"campaign": "summer",
     "state": "confirmed"}, {"state": "confirmed"}],
)  # fmt: skip
def test_events_of_no_rollout_are_stored_and_move_nothing(fleet: Fleet, body: dict) -> None:
    fleet.create()
    fleet.tell("n0", "queued")
    seq = fleet.seqs["n0"] + 1
    event = numbered(seq, encode(Event(Class.AUDIT, "update", Moment(NOW, 1, "b"), body)))
    fleet.send("n0", event)
    assert fleet.spring.boxes[0].state == "queued"


def test_one_appliance_does_not_speak_for_another(fleet: Fleet) -> None:
    fleet.create()
    fleet.tell("n9", "confirmed")
    assert [box.state for box in fleet.spring.boxes] == [""] * 5


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ((), "has groups"),
        ((Group("a", ()),), "an appliance or more"),
        ((Group("a", ("n0", "n0")),), "n0: stands in two groups"),
        ((Group("a", ("n0",)), Group("b", ("n1", "n0"))), "n0: stands in two groups"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    fleet: Fleet, groups: tuple[Group, ...], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        fleet.create(Plan(SPRING, groups))
    assert rollout.show(fleet.store) == []


def test_two_at_once_are_refused_and_after_a_halt_the_later_counts(fleet: Fleet) -> None:
    fleet.create()
    summer = Campaign(id="summer", version="1.3.0")
    other = Plan(summer, (Group("all", ("n1", "n5")),))
    with pytest.raises(ConfigError, match="n1 is within the rollout spring"):
        fleet.create(other)
    with pytest.raises(ConfigError, match="there is a rollout spring already"):
        fleet.create()
    rollout.halt(fleet.store, "spring", "summer comes")
    fleet.create(other)
    assert fleet.ask("n1") == [summer]
    assert fleet.ask("n0") == [None]
    assert [one.id for one in rollout.show(fleet.store)] == ["summer", "spring"]
    for name in ("autumn", ""):
        if name:
            with pytest.raises(ConfigError, match="no rollout autumn"):
                rollout.show(fleet.store, name)


def test_it_is_shown_as_json(fleet: Fleet) -> None:
    fleet.create()
    found = msgspec.json.decode(msgspec.json.encode(fleet.spring))
    assert found.keys() == {
        "id", "version", "state", "why", "open", "groups", "success", "error", "boxes",
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_version_is_halted_after_the_canary_of_a_hundred(fleet: Fleet, seed: int) -> None:
    """Of a hundred appliances, those that were told try at once; a bad version is always undone."""
    names = [f"n{at}" for at in range(100)]
    groups = (Group("canary", tuple(names[:5])), Group("tenth", tuple(names[5:20])),
              Group("all", tuple(names[20:])))  # fmt: skip
    chance = random.Random(seed)
    fleet.create(Plan(SPRING, groups, success=1.0, error=0.2))
    tried: set[str] = set()
    for _ in range(500):
        ready = [node for node in names if fleet.wanted.get(node) and node not in tried]
        if not ready:
            break
        node = chance.choice(ready)
        tried.add(node)
        fleet.tell(node, "queued", "downloading", "installing", "rebooting", "probation")
        fleet.tell(node, "rolled_back", why="taps")
    assert fleet.spring.state == "halted"
    assert tried <= set(names[:5])
    assert 1 <= len(tried) <= 5
    assert not any(fleet.wanted.values())


@pytest.mark.parametrize("seed", range(2))
def test_a_good_version_reaches_all_hundred_though_some_lines_fail(fleet: Fleet, seed: int) -> None:
    names = [f"n{at}" for at in range(100)]
    groups = (Group("canary", tuple(names[:5])), Group("all", tuple(names[5:])))
    chance = random.Random(seed)
    unlucky = set(chance.sample(names[5:], 4))
    fleet.create(Plan(SPRING, groups, success=0.9, error=0.1))
    opened = {node for node in names if fleet.wanted.get(node)}
    assert opened == set(names[:5])
    left = list(names)
    while left:
        ready = [node for node in left if fleet.wanted.get(node)]
        node = chance.choice(ready)
        left.remove(node)
        fleet.tell(node, "installing", "failed" if node in unlucky else "confirmed",
                   why="no-space" if node in unlucky else "")  # fmt: skip
    assert fleet.spring.state == "done"
    assert sum(box.state == "confirmed" for box in fleet.spring.boxes) == 96
