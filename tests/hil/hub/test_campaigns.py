# SPDX-License-Identifier: Apache-2.0
"""Campaigns of several regions in one table: any order, any copies, joined by what cannot lie."""

import itertools
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from edge.detect.case import Case, Mark, Member, case_of
from edge.detect.countries import Nowhere
from edge.detect.origin import Evidence
from edge.report.event import Class, Event, Moment, encode, numbered
from edge.report.suspicion import State, campaign_event, clue_events
from hil.hub.campaigns import Group, groups
from hil.hub.cosign import Cosigner
from hil.hub.ledger import Ledger
from hil.hub.madeup import batch, fresh_stream
from hil.hub.store import Store
from tests.detect.test_case import WHOSE, found

NOW = 1_900_000_000 * 10**9
PLAIN = case_of(found(), Nowhere())
SIGNED = case_of(found(extra=WHOSE), Nowhere())


class Regions:
    """Appliances that tell a real ledger."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._ledger = Ledger(store, Cosigner(Ed25519PrivateKey.generate(), "hub"))
        self._streams: dict[str, str] = {}
        self._seqs = itertools.count(1)

    def tell(self, node: str, *events: Event) -> None:
        stream = self._streams.setdefault(node, fresh_stream())
        bodies = [numbered(next(self._seqs), encode(event)) for event in events]
        payload = batch(node, stream, bodies, "block")
        assert self._ledger.take(node, "ev/block", payload, NOW)

    def case(self, node: str, case: Case, at: int = NOW, state: State = "open") -> None:
        moment = Moment(at, 1, "b")
        self.tell(node, campaign_event(case, state, moment), *clue_events(case, 0, moment))

    @property
    def groups(self) -> list[Group]:
        return groups(self.store)


@pytest.fixture
def regions(store: Store) -> Regions:
    return Regions(store)


def elsewhere(case: Case, media: str, key: str = "s1|other|key", name: str = "c1") -> Case:
    """Return a campaign of another place."""
    members = (Member("source", f"{media} {key}"), Member("media", media))
    return replace(case, id=name, members=members, lines=(), first=case.first + 1)


def test_a_campaign_is_kept_as_told_with_its_dossier(regions: Regions) -> None:
    regions.case("astana-1", SIGNED)
    (group,) = regions.groups
    (one,) = group.campaigns
    assert (one.node, one.campaign, one.state) == ("astana-1", SIGNED.id, "open")
    assert (one.score, one.calls, one.callers) == (SIGNED.score, SIGNED.calls, SIGNED.callers)
    assert [reason.code for reason in one.reasons] == [r.code for r in SIGNED.reasons]
    assert {(m.kind, m.value) for m in one.members} == {(m.kind, m.value) for m in SIGNED.members}
    assert len(group.clues) == len(SIGNED.lines)
    clue = next(clue for clue in group.clues if clue.clue == "stir-origid")
    assert clue.evidence[0].record == "r" + str(clue.evidence[0].leaf)
    assert clue.evidence[0].frame


def test_any_order_and_any_copies_leave_the_same_table(regions: Regions) -> None:
    later = replace(PLAIN, calls=PLAIN.calls + 100, members=PLAIN.members[:1])
    told = [(PLAIN, NOW), (later, NOW + 9)] * 3
    random.Random(1).shuffle(told)
    for case, at in told:
        regions.case("astana-1", case, at)
    ((one,),) = [group.campaigns for group in regions.groups]
    assert one.calls == later.calls
    assert len(one.members) == 1


@pytest.mark.parametrize(
    ("second", "mark"),
    [
        (elsewhere(PLAIN, "198.51.100.7"), "media"),
        (replace(SIGNED, id="c1", members=(), first=SIGNED.first + 1), "origid"),
    ],
)
def test_campaigns_of_two_regions_are_one_by_what_only_one_place_has(
    regions: Regions, second: Case, mark: str
) -> None:
    first = SIGNED if mark == "origid" else PLAIN
    regions.case("astana-1", first)
    regions.case("aktau-1", second)
    (group,) = regions.groups
    assert group.id == first.id
    assert {(one.node, one.campaign) for one in group.campaigns} == {
        ("astana-1", first.id), ("aktau-1", "c1"),
    }  # fmt: skip
    assert [joined.kind for joined in group.joined_by] == [mark]


def test_a_chain_of_marks_leads_through_three_regions(regions: Regions) -> None:
    bridge = elsewhere(PLAIN, "203.0.113.9", name="c1")
    members = (*bridge.members, Member("media", "198.51.100.7"))
    regions.case("oral-1", elsewhere(PLAIN, "203.0.113.9", name="c2"))
    regions.case("astana-1", PLAIN)
    assert len(regions.groups) == 2
    regions.case("aktau-1", replace(bridge, members=members))
    (group,) = regions.groups
    assert [one.node for one in group.campaigns] == ["astana-1", "aktau-1", "oral-1"]


def test_who_only_writes_alike_is_not_one(regions: Regions) -> None:
    (key,) = {mark for mark in PLAIN.marks() if mark.kind == "key"}
    regions.case("astana-1", PLAIN)
    regions.case("aktau-1", elsewhere(PLAIN, "203.0.113.9", key.value))
    regions.case("oral-1", elsewhere(PLAIN, "203.0.113.10", name="c3"))
    found = {group.id: group.alike for group in regions.groups}
    assert found == {PLAIN.id: ["c1"], "c1": [PLAIN.id], "c3": []}


def test_a_private_address_is_no_mark(regions: Regions) -> None:
    for node in ("astana-1", "aktau-1"):
        case = elsewhere(PLAIN, "intl 192.0.2.20 10.0.0.1", f"s1|{node}", name=f"c{node}")
        assert case.marks() == [Mark("key", f"s1|{node}")]
        regions.case(node, case)
    assert len(regions.groups) == 2


def test_one_that_is_withdrawn_says_so(regions: Regions) -> None:
    regions.case("astana-1", PLAIN)
    regions.case("astana-1", PLAIN, NOW + 1, "withdrawn")
    ((one,),) = [group.campaigns for group in regions.groups]
    assert one.state == "withdrawn"


WRONG: list[dict[str, Any]] = [
    {}, {"campaign": 5}, {"campaign": "c" * 100}, {"calls": -1}, {"reasons": [{"code": 1}]},
    {"members": "x"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_read_is_an_event_like_any_other(
    regions: Regions, wrong: dict[str, Any]
) -> None:
    whole = campaign_event(PLAIN, "open", Moment(NOW, 1, "b")).fields
    fields = {**whole, **wrong} if wrong else {}
    regions.tell("astana-1", Event(Class.BLOCK, "campaign", Moment(NOW, 1, "b"), fields))
    regions.tell("astana-1", Event(Class.BLOCK, "clue", Moment(NOW, 1, "b"), fields))
    assert regions.groups == []


def test_what_a_device_writes_does_not_stop_the_hub(regions: Regions) -> None:
    evidence = (Evidence("c\0", 1, "tap", 1, 1, "r1", 1),)
    line = replace(PLAIN.lines[0], value="a\0b", evidence=evidence)
    long = replace(PLAIN.lines[0], value="\u0436" * 2000)
    members = (Member("source", "x" * 5000), Member("source", "x\0y"))
    regions.case("astana-1", replace(PLAIN, lines=(line, long), members=members))
    (group,) = regions.groups
    assert [clue.value for clue in group.clues] == ["a\N{REPLACEMENT CHARACTER}b"]
    assert [m.value for m in group.campaigns[0].members] == ["x\N{REPLACEMENT CHARACTER}y"]
