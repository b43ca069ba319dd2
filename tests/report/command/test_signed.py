# SPDX-License-Identifier: Apache-2.0
"""Who may command, what, and until when; each refusal has its name."""

import json
import random

import pytest

from edge.model.verdict import Mode
from edge.modes import read_modes
from edge.report.command.register import SIGNED_TIME
from edge.report.command.signed import Why
from tests.report.orders import Site, body, why
from tests.trust.centre import DAY, NOW

ENFORCE = {"trunk": "intl", "mode": "enforce"}
OBSERVE = {"trunk": "intl", "mode": "observe"}


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        ((), Why.NOT_SIGNED),
        (("stranger",), Why.WRONG_KEY),
        (("operator",), Why.ONE_SIDE_ONLY),
        (("engineer", "stranger"), Why.ONE_SIDE_ONLY),
        (("operator", "operator"), Why.ONE_SIDE_ONLY),
    ],
)
def test_who_may_not_command_is_named(site, by, reason):
    payload = site.order("update", by=by)
    assert why(site.take(payload)) == ("refused", reason.value)
    assert site.take(payload).state == "refused"
    assert site.done == []
    assert site.states() == ["refused"], "recorded once"


def test_a_changed_order_is_signed_by_nobody(site):
    command = json.loads(site.order("mode", OBSERVE))
    command["body"] = command["body"].replace("observe", "enforce")
    assert why(site.take(json.dumps(command).encode())) == ("refused", "wrong-key")


def test_a_refusal_takes_no_id_from_the_genuine_command(site):
    text = body("update")
    assert why(site.take(site.signed(text, by=("operator",))))[1] == "one-side-only"
    assert site.take(site.signed(text)).state == "done"


def test_another_node_kind_or_version_is_refused_by_name(site):
    for more, reason in (
        ({"node": "astana-2"}, Why.WRONG_NODE),
        ({"kind": "format"}, Why.UNKNOWN_KIND),
        ({"v": 2}, Why.VERSION),
        ({"args": []}, Why.BAD_ARGS),
        ({"expires": "soon"}, Why.BAD_ARGS),
    ):
        text = json.dumps({**json.loads(body("update")), **more})
        assert why(site.take(site.signed(text))) == ("refused", reason.value), more
    newer = {**json.loads(site.order("update")), "v": 2}
    assert why(site.take(json.dumps(newer).encode())) == ("refused", "version")
    assert site.done == []


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"null", b"[]", b'{"body": 1}', b'{"body": "{}"}', b"\xff", b"[" * 100_000,
     b'{"body": "\\ud800"}', b'{"body": "{\\"id\\": \\"../..\\"}"}', b" " * 600_000],
)  # fmt: skip
def test_what_has_no_id_is_counted_and_not_answered(site, payload):
    assert site.take(payload) is None
    assert site.commands.denials.unread == 1
    assert site.states() == ["refused"]


def test_time_judges(site):
    for more, expected in (
        ({"issued": NOW - 3600, "life": 3600}, ("expired", "expired")),
        ({"issued": NOW, "life": 7 * DAY + 1}, ("refused", "long-life")),
        ({"issued": NOW + DAY + 1}, ("refused", "early")),
        ({"issued": NOW + DAY - 1}, ("done", None)),
        ({"issued": NOW - 3599}, ("done", None)),
    ):
        assert why(site.take(site.order("mode", OBSERVE, **more))) == expected, more


def test_a_clock_without_battery_does_not_call_a_command_early(site):
    assert site.take(site.order("mode", OBSERVE, issued=NOW + 30 * DAY), now_s=1).state == "done"


def test_trusted_time_never_goes_back(site):
    late = site.order("mode", OBSERVE, by=("operator",), issued=NOW, life=3600)
    assert site.take(site.order("mode", ENFORCE, issued=NOW + 4000), now_s=NOW + 4000)
    assert site.register.number(SIGNED_TIME) == NOW + 4000
    for now_s in (NOW + 4001, NOW, 1):
        assert why(site.take(late, now_s)) == ("expired", "expired")
    assert read_modes(site.modes) == {"intl": Mode.ENFORCE}


def test_a_signer_whose_clock_is_ahead_makes_nobody_late(site):
    assert site.take(site.order("update", issued=NOW + DAY)).state == "done"
    assert site.register.number(SIGNED_TIME) == NOW
    assert site.take(site.order("mode", OBSERVE, life=60)).state == "done"


def test_one_stolen_key_does_not_move_time(site):
    for kind, args in (("mode", OBSERVE), ("restart", {"process": "core"})):
        payload = site.order(kind, args, by=("operator",), issued=NOW + 1000 * DAY)
        assert site.take(payload, now_s=1).state == "done"
    assert site.take(site.block(issued=NOW + 1000 * DAY), now_s=1).state == "done"
    assert site.register.number(SIGNED_TIME) == 0


def test_no_octets_whatever_raise(site):
    """A genuine command and a record, each with some octets changed, cut out or put in."""
    rng = random.Random(7)
    for payload in (
        site.order("mode", OBSERVE),
        site.block(),
        site.order("explain", {"call": "x"}),
    ):
        for _ in range(150):
            octets = bytearray(payload)
            for _ in range(rng.randrange(1, 4)):
                at = rng.randrange(len(octets))
                octets[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
            result = site.take(bytes(octets))
            assert result is None or result.state in {"done", "refused", "expired"}
    assert read_modes(site.modes) in ({}, {"intl": Mode.OBSERVE})
