# SPDX-License-Identifier: Apache-2.0
"""What no list may do, whoever signed it."""

from array import array

import pytest

from edge.blocklist.delta import Change
from edge.blocklist.entry import Listed, Shape
from edge.blocklist.guards import check_change, check_list
from edge.blocklist.manifest import Guards
from edge.blocklist.sheet import Block
from edge.model.verdict import Action
from edge.trust.alarm import Alarm, Refused
from tests.blocklist.images import entry, snapshot

CANARY = "77172000999"
GUARDS = Guards(most_additions=2, least_prefix=4, canaries=(CANARY,))


@pytest.mark.parametrize(
    ("listed", "alarm"),
    [
        pytest.param(entry(CANARY), Alarm.CANARY, id="blocked"),
        pytest.param(entry(CANARY, action=Action.DIVERT), Alarm.CANARY, id="diverted"),
        pytest.param(entry(CANARY, party=Listed.CALLED), Alarm.CANARY, id="as called"),
        pytest.param(entry(CANARY, valid_from=250_000_000_000), Alarm.CANARY, id="in a far future"),
        pytest.param(entry(CANARY, scope="trunk:none"), Alarm.CANARY, id="on no trunk"),
        pytest.param(entry("771720009*"), Alarm.CANARY, id="by a prefix"),
        pytest.param(entry("77172000900..77172000999"), Alarm.CANARY, id="by a range"),
        pytest.param(entry("103"), Alarm.CANARY, id="ambulance"),
        pytest.param(entry("447*"), Alarm.WIDE_PREFIX, id="prefix"),
        pytest.param(entry("44770000..44780000"), Alarm.WIDE_PREFIX, id="range"),
    ],
)
def test_what_is_refused(listed, alarm):
    with pytest.raises(Refused) as caught:
        check_list(snapshot([listed]), GUARDS)
    assert caught.value.alarm is alarm


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(entry(CANARY, action=Action.ALLOW), id="allowed"),
        pytest.param(entry(CANARY, action=Action.OBSERVE), id="observed"),
        pytest.param(entry("4477*"), id="prefix"),
        pytest.param(entry("44770000..44779999"), id="range as wide as a prefix"),
    ],
)
def test_what_may_be(listed):
    check_list(snapshot([listed]), GUARDS)


@pytest.mark.parametrize(("set_to", "refused"), [([1, 1, 0, 0], False), ([1, 1, 1, 0], True)])
def test_what_is_removed_is_no_addition(set_to, refused):
    change = Change(
        [b"x"], [Block(Shape.EXACT, array("Q", [1, 2, 3, 4]), array("Q"), array("I", set_to))]
    )
    if refused:
        with pytest.raises(Refused) as caught:
            check_change(change, GUARDS)
        assert caught.value.alarm is Alarm.MANY_ADDITIONS
    else:
        check_change(change, GUARDS)
