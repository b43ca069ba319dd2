# SPDX-License-Identifier: Apache-2.0
"""A call that three regions heard is put together again from what each told of it."""

import json
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from edge.errors import InputError
from edge.model.number import Number
from edge.model.verdict import Action
from edge.report.event import Event, Moment
from edge.report.pseudonym import Pseudonyms
from edge.report.telling import Hashing, Teller
from edge.report.trace import labels_of
from hil.hub.__main__ import app
from hil.hub.enrolment import shared_by_all
from hil.hub.store import Store, sqlite_url
from hil.hub.traces import LONGEST_NS, hops
from tests.hil.hub.test_campaigns import Regions
from tests.report.test_telling import decided, released
from tests.verdict.calls import FIXED, FIXED_2, GB_2, NOW

S = 10**9
CALLED = "+" + FIXED.e164
KEYED = Pseudonyms(b"k" * 32)
WHEN = "2026-01-01T00:00:00Z"


def told(
    keyed: Pseudonyms, action: Action, at_s: int = 0, calling: Number | None = None,
    called: Number = FIXED, lasted_s: int = 9,
) -> list[Event]:  # fmt: skip
    """Return what an appliance tells of a call that it hears some seconds after `NOW`."""
    events: list[Event] = []
    hashing = Hashing(keyed.of, keyed.key_id)
    teller = Teller(events.append, lambda at: Moment(at, 1, "b"), hashing)
    made = decided(action)
    party = replace(made.offer.called, number=called)
    offer = replace(made.offer, at=NOW + at_s * S, called=party)
    if calling:
        offer = replace(offer, calling=replace(offer.calling, number=calling))
    teller.tell(replace(made, offer=offer), "r-1" if action is Action.BLOCK else "")
    teller.tell(replace(released(), at=offer.at + lasted_s * S))
    return events


@pytest.fixture
def regions(store: Store) -> Regions:
    one = Regions(store)
    fill(one, KEYED)
    return one


def fill(regions: Regions, keyed: Pseudonyms) -> None:
    """Tell of a call by three hops, and of two that have nothing to do with it."""
    regions.tell("oral-1", *told(keyed, Action.ALLOW, 0, lasted_s=3600))
    regions.tell("aktobe-1", *told(keyed, Action.ALLOW, 1))
    regions.tell("astana-1", *told(keyed, Action.BLOCK, 2, calling=GB_2))
    regions.tell("astana-1", *told(keyed, Action.BLOCK, 2, called=FIXED_2))
    regions.tell("astana-1", *told(keyed, Action.ALLOW, 600))


def test_the_hops_of_a_call_come_in_their_order_and_no_others(regions: Regions) -> None:
    labels = labels_of(CALLED, NOW, KEYED.of)
    found = hops(regions.store, labels, NOW - 60 * S, NOW + 60 * S)
    assert [(hop.node, hop.became, hop.record) for hop in found] == [
        ("oral-1", "allow", ""), ("aktobe-1", "allow", ""), ("astana-1", "block", "r-1"),
    ]  # fmt: skip
    assert [hop.at for hop in found] == [NOW, NOW + S, NOW + 2 * S]
    assert {hop.peer for hop in found} == {"192.0.2.20"}
    assert [hop.calling for hop in found[1:]] == ["+447700900123", "+" + GB_2.e164]


def test_what_was_told_twice_is_one_hop(regions: Regions) -> None:
    regions.tell("oral-1", *told(KEYED, Action.ALLOW, 0, lasted_s=3600))
    labels = labels_of(CALLED, NOW, KEYED.of)
    assert len(hops(regions.store, labels, NOW - 60 * S, NOW + 60 * S)) == 3


def test_a_call_that_lasted_for_hours_is_found_by_when_it_began(regions: Regions) -> None:
    late = LONGEST_NS // S - 60
    regions.tell("kostanay-1", *told(KEYED, Action.ALLOW, 3, lasted_s=late))
    found = hops(regions.store, labels_of(CALLED, NOW, KEYED.of), NOW, NOW + 60 * S)
    assert found[-1].node == "kostanay-1"


@pytest.mark.parametrize(
    "body", [b'"trace":"LABEL"', b'"trace":[["LABEL"]]', b'"trace":["LABEL"],"trunk":7', b'"x":1']
)
def test_an_event_that_cannot_be_read_is_no_hop(regions: Regions, body: bytes) -> None:
    label = labels_of(CALLED, NOW, KEYED.of)[0]
    event = Event(next(iter(told(KEYED, Action.BLOCK))).cls, "verdict", Moment(NOW, 1, "b"), {})
    raw = msgspec.Raw(b"{" + body.replace(b"LABEL", label.encode()) + b"}")
    regions.tell("semey-1", replace(event, fields=msgspec.json.decode(raw)))
    found = hops(regions.store, [label], NOW, NOW + 60 * S)
    assert "semey-1" not in {hop.node for hop in found}


def typed(folder: Path, *words: str) -> str:
    done = CliRunner().invoke(app, ["trace", *words, "--folder", str(folder)])
    if done.exception:
        raise done.exception
    return done.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    fill(Regions(store), Pseudonyms(bytes.fromhex(shared_by_all(tmp_path)["pseudonym"])))
    store.close()
    return tmp_path


def test_a_number_and_a_time_show_the_way_of_the_call(folder: Path) -> None:
    said = typed(folder, CALLED, "--at", WHEN).splitlines()
    assert len(said) == 3
    assert said[0].startswith("2026-01-01T00:00:00Z.000  oral-1, trunk ")
    assert said[0].endswith("from 192.0.2.20 by sip: allow")
    assert "no longer the number before" in said[2]
    assert "no longer" not in said[1]
    assert said[2].endswith("block, record r-1")


def test_an_hour_of_another_zone_is_the_same_moment(folder: Path) -> None:
    assert len(typed(folder, CALLED, "--at", "2026-01-01T05:00+05:00").splitlines()) == 3
    assert typed(folder, CALLED, "--at", "2026-01-01T05:00+00:00") == (
        "no call to it was told of at that time\n"
    )


def test_machines_read_the_same_and_the_number_is_not_in_it(folder: Path) -> None:
    said = typed(folder, CALLED, "--at", WHEN, "--json")
    found = json.loads(said)
    assert [hop["node"] for hop in found["hops"]] == ["oral-1", "aktobe-1", "astana-1"]
    assert all(set(hop["labels"]) & set(found["labels"]) for hop in found["hops"])
    assert FIXED.e164 not in said


def test_a_number_is_digits(folder: Path) -> None:
    with pytest.raises(InputError, match="a number is"):
        typed(folder, "77172", "--at", WHEN)
