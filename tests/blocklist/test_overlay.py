# SPDX-License-Identifier: Apache-2.0
"""Urgent records: in force at once, by the right signatures only, gone when folded or expired."""

import pytest

from edge.blocklist.entry import Listed
from edge.blocklist.manifest import Guards, Record, Signed
from edge.blocklist.overlay import UrgentOverlay, overlaid
from edge.errors import ListError
from edge.model.event import UNKNOWN_TRUNK
from edge.model.verdict import Action
from edge.trust.alarm import Alarm, Refused
from edge.trust.urgent import sign_record
from tests.blocklist.images import entry, snapshot
from tests.trust.centre import HOSPITAL, NOW, Box, Centre

UNDER = snapshot([entry("77172000001"), entry("4477009*", action=Action.OBSERVE), entry("4477*")])


def record(seq, added=(), lifted=(), expires=NOW + 1000, name="fraud"):
    return Record(name, seq, NOW, expires, tuple(added), tuple(lifted))


def action(one, digits, at_s=NOW):
    hit = one.find(digits, Listed.CALLING, UNKNOWN_TRUNK, at_s)
    return hit.entry.action if hit else None


def test_without_urgent_records_a_list_is_itself():
    assert overlaid(UNDER, []) is UNDER


def test_what_is_added_speaks_first_and_ends_with_its_record():
    one = overlaid(UNDER, [record(1, added=[entry("77172000001", action=Action.ALLOW)])])
    assert action(one, "77172000001") is Action.ALLOW
    assert action(one, "77172000001", NOW + 1000) is Action.BLOCK
    assert (one.name, one.version, len(one)) == ("fraud", 1, 4)


def test_what_is_lifted_gives_way_to_the_next_wider():
    one = overlaid(UNDER, [record(1, lifted=[entry("4477009*", action=Action.OBSERVE)])])
    assert action(one, "447700900001") is Action.BLOCK
    both = [record(1, lifted=[entry("4477009*", action=Action.OBSERVE), entry("4477*")])]
    assert action(overlaid(UNDER, both), "447700900001") is None
    assert action(overlaid(UNDER, both), "77172000001") is Action.BLOCK


def test_the_later_record_counts():
    added, lifted = record(1, added=[entry("15550100")]), record(2, lifted=[entry("15550100")])
    again = record(3, added=[entry("15550100")])
    assert action(overlaid(UNDER, [added]), "15550100") is Action.BLOCK
    assert action(overlaid(UNDER, [added, lifted]), "15550100") is None
    assert action(overlaid(UNDER, [added, lifted, again]), "15550100") is Action.BLOCK


def test_an_entry_lifted_and_added_again_speaks():
    records = [record(1, lifted=[entry("77172000001")]), record(2, added=[entry("77172000001")])]
    assert action(UrgentOverlay(UNDER, records), "77172000001") is Action.BLOCK


@pytest.fixture
def world(tmp_path):
    centre = Centre(tmp_path / "centre")
    centre.add("77172000001")
    centre.publish()
    box = Box(tmp_path / "box", centre)
    box.update()
    return centre, box


def signed(centre, one, *sides, name="fraud"):
    return sign_record(one, [centre.keys[name, side] for side in sides])


def listed(box, digits, now_s=NOW):
    return action(overlaid(box.store.open(), box.store.urgent(now_s)), digits)


BOTH = ("operator", "prosecutor")


def test_an_addition_by_both_is_in_force_until_it_is_folded(world):
    centre, box = world
    box.updates.take_urgent(signed(centre, record(1, [entry("15550100")]), *BOTH), NOW)
    assert listed(box, "15550100") is Action.BLOCK
    assert listed(box, "15550100", NOW + 1000) is None
    desk = centre.desk()
    manifest = desk.prepare(NOW, 30, Guards(), urgent=1)
    centre.forge(urgent=manifest.urgent)
    box.update()
    assert box.store.urgent(NOW) == []


@pytest.mark.parametrize("side", BOTH)
def test_one_side_may_lift(world, side):
    centre, box = world
    assert listed(box, "77172000001") is Action.BLOCK
    one = record(1, lifted=[entry("77172000001")])
    box.updates.take_urgent(signed(centre, one, side), NOW)
    assert listed(box, "77172000001") is None


@pytest.mark.parametrize(
    ("one", "sides", "alarm"),
    [
        pytest.param(record(2, [entry("15550100")]), ["operator"], Alarm.ONE_ROLE_ONLY, id="one"),
        pytest.param(
            record(2, [entry("15550100")]), ["operator", "operator"], Alarm.ONE_ROLE_ONLY,
            id="two operators",
        ),
        pytest.param(record(2, [entry("15550100")]), [], Alarm.WRONG_KEY, id="nobody"),
        pytest.param(record(1, [entry("15550100")]), BOTH, Alarm.ROLLBACK, id="played again"),
        pytest.param(record(2, expires=NOW), BOTH, Alarm.FREEZE, id="expired"),
        pytest.param(record(2, name="spam"), BOTH, Alarm.WRONG_LIST, id="other list"),
        pytest.param(record(2, [entry(HOSPITAL)]), BOTH, Alarm.CANARY, id="canary"),
        pytest.param(record(2, [entry("77*")]), BOTH, Alarm.WIDE_PREFIX, id="wide"),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing(world, one, sides, alarm):
    centre, box = world
    box.updates.take_urgent(signed(centre, record(1), *BOTH), NOW)
    before = box.everything()
    with pytest.raises(Refused) as caught:
        box.updates.take_urgent(signed(centre, one, *sides), NOW)
    assert caught.value.alarm is alarm
    assert box.everything() == before


def test_a_record_that_was_altered_is_signed_by_nobody(world):
    centre, box = world
    good = signed(centre, record(1, [entry("15550100")]), *BOTH)
    forged = Signed(good.record.replace(b"15550100", b"15550101"), good.signatures)
    with pytest.raises(Refused) as caught:
        box.updates.take_urgent(forged, NOW)
    assert caught.value.alarm is Alarm.WRONG_KEY


def test_keys_of_another_list_do_not_count(world):
    centre, box = world
    other = signed(centre, record(1, [entry("15550100")]), *BOTH, name="spam")
    with pytest.raises(Refused) as caught:
        box.updates.take_urgent(other, NOW)
    assert caught.value.alarm is Alarm.WRONG_KEY


def test_a_record_that_is_none(world):
    _, box = world
    with pytest.raises(Refused) as caught:
        box.updates.take_urgent(Signed(b"{}", ()), NOW)
    assert caught.value.alarm is Alarm.BAD_LIST


def test_a_damaged_journal_is_named(world):
    _, box = world
    (box.store.current.parent / "fraud.urgent").write_bytes(b"\xff")
    with pytest.raises(ListError, match=r"fraud\.urgent"):
        box.store.urgent(NOW)
