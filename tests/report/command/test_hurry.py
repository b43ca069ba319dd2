# SPDX-License-Identifier: Apache-2.0
"""Urgent records that come as commands: signed by the list's own sides, in force at once, once."""

import pytest

from edge.blocklist.entry import Listed
from edge.model.event import UNKNOWN_TRUNK
from edge.report.command.signed import Why
from tests.blocklist.images import entry
from tests.report.orders import LISTED, OTHER, Site, why
from tests.trust.centre import NOW, Box


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


def blocked(site, digits):
    records = site.box.store.urgent(NOW)
    return any(one.text() == f"+{digits}" for record in records for one in record.added)


def test_a_number_is_blocked_by_its_record_alone(site):
    result = site.take(site.block(OTHER))
    assert (result.state, result.data) == ("done", {"list": "fraud", "urgent": 1})
    assert blocked(site, OTHER)
    assert site.done == ["lists"]
    [said] = site.said
    assert len(said["by"]) == 2
    assert (said["act"], said["state"], said["command"]) == ("block", "done", result.id)


def test_one_side_lifts_and_does_not_block(site):
    assert why(site.take(site.block(OTHER, by=("operator",)))) == ("refused", "one-role-only")
    assert not blocked(site, OTHER)
    lifting = site.urgent(lifted=(entry(LISTED),), by=("operator",))
    assert site.take(site.order("unblock", lifting, by=())).state == "done"
    assert site.box.store.open().find(LISTED, Listed.CALLING, UNKNOWN_TRUNK, NOW)
    assert site.box.store.urgent(NOW)[0].lifted == (entry(LISTED),)


def test_a_record_that_came_by_another_way_is_in_force(site):
    args = site.urgent(added=(entry(OTHER),))
    assert site.take(site.order("block", args, by=())).text.endswith("is in force")
    again = site.take(site.order("block", args, by=()))
    assert (again.state, again.text[-10:]) == ("done", "was before")


def test_what_is_wrong_with_a_record_is_named(site):
    adding = site.urgent(added=(entry(OTHER),))
    for kind, args, reason in (
        ("unblock", adding, Why.BAD_ARGS),
        ("block", {**adding, "record": "?"}, Why.BAD_ARGS),
        ("block", {**adding, "record": "e30="}, Why.BAD_ARGS),
        ("block", {**adding, "list": "spam"}, Why.UNKNOWN_LIST),
        ("block", {**adding, "signatures": ()}, Why.WRONG_KEY),
        ("block", {"list": "fraud"}, Why.BAD_ARGS),
    ):
        assert why(site.take(site.order(kind, args, by=()))) == ("refused", reason.value)
    assert site.done == []
    expired = site.urgent(added=(entry(OTHER),), expires=NOW - 1)
    assert why(site.take(site.order("block", expired, by=()))) == ("refused", "freeze")


def test_keys_that_never_came_sign_nothing(site, tmp_path):
    """A box that has seen no metadata trusts nobody."""
    box = Box(tmp_path / "new", site.centre)
    site.box = box
    site.close()
    site.start()
    assert why(site.take(site.block())) == ("refused", "wrong-key")
    assert why(site.take(site.order("update"))) == ("refused", "wrong-key")
