# SPDX-License-Identifier: Apache-2.0
"""What the wires show: each call once, of its kind, harmed or not."""

import pytest

from hil.hour.wire import LASTS_NS, SETTLES_NS, SWITCH_WAITS_MS, Wire, kind_of
from hil.region.tables import (
    ABROAD,
    ABROAD2,
    BOX,
    CONTROL,
    DIVERTED,
    HELP,
    HONEST,
    LISTED,
    PHONE,
    SPOOFED,
    SWITCH,
)
from hil.region.watch import Message, Seen

MS = 1_000_000
ASKED = ("INVITE", CONTROL, BOX)
RINGS, ANSWER, REFUSAL = (
    (label, SWITCH, ABROAD) for label in ("180 Ringing", "200 OK", "603 Decline")
)
GOES_ON, STOP, DIVERT = (
    (label, BOX, CONTROL) for label in ("404 Not Found", "603 Decline", "302 Moved Temporarily")
)


def seen(
    calling: str, called: str, *steps: tuple[str, str, str], at_ns: int = 1, source: str = ABROAD
) -> Seen:
    """Make a call: its INVITE, and 4 ms apart what follows."""
    rows = [("INVITE", source, SWITCH), *steps]
    name = f"{calling}-{called}-{at_ns}"
    return Seen(name, calling, called, [
        Message(at_ns + 4 * MS * number, begins, ends, label, name, calling, called, "INVITE")
        for number, (label, begins, ends) in enumerate(rows)
    ])  # fmt: skip


def taken(*calls: Seen) -> Wire:
    wire = Wire()
    wire.take(calls, 2 * SETTLES_NS)
    return wire


@pytest.mark.parametrize(
    ("calling", "called", "kind"),
    [
        (HONEST, PHONE, "honest"), (LISTED, PHONE, "listed"), (DIVERTED, PHONE, "diverted"),
        (f"{SPOOFED[:-1]}4", PHONE, "spoofed"), (LISTED, HELP, "help"), (HONEST, HELP, "help"),
    ],
)  # fmt: skip
def test_kinds(calling, called, kind):
    assert kind_of(seen(calling, called)) == kind


@pytest.mark.parametrize(
    ("call", "harmed", "help_stopped", "rang", "unasked", "refused"),
    [
        (seen(HONEST, PHONE, ASKED, GOES_ON, RINGS, ANSWER), [], 0, 0, 0, 0),
        (seen(HONEST, PHONE, ASKED, STOP, REFUSAL), ["stopped"], 0, 0, 0, 1),
        (seen(HONEST, PHONE, ASKED, GOES_ON, ("503 Full", SWITCH, ABROAD)), ["503"], 0, 0, 0, 0),
        (seen(LISTED, PHONE, ASKED, STOP, REFUSAL), [], 0, 0, 0, 1),
        (seen(LISTED, PHONE, ASKED, STOP, RINGS, REFUSAL), [], 0, 1, 0, 1),
        (seen(LISTED, PHONE, ASKED, RINGS, ANSWER), [], 0, 0, 1, 0),
        (seen(LISTED, PHONE, ASKED, GOES_ON, RINGS, ANSWER), [], 0, 0, 1, 0),
        (seen(LISTED, HELP, ASKED, GOES_ON, RINGS, ANSWER), [], 0, 0, 0, 0),
        (seen(LISTED, HELP, ASKED, STOP, REFUSAL), [], 1, 0, 0, 1),
        (seen(DIVERTED, PHONE, ASKED, DIVERT, RINGS, ANSWER), [], 0, 0, 0, 1),
    ],
    ids=["goes through", "honest and stopped", "honest and failed", "stopped", "stopped late",
         "no answer", "let through", "for help", "for help and stopped", "diverted"],
)  # fmt: skip
def test_what_becomes_of_a_call(call, harmed, help_stopped, rang, unasked, refused):
    wire = taken(call)
    assert (wire.harmed, wire.help_stopped, wire.rang, wire.unasked, len(wire.refused)) == (
        harmed, help_stopped, rang, unasked, refused,
    )  # fmt: skip


def test_the_wait_of_the_switch_is_from_asking_to_answer():
    assert taken(seen(HONEST, PHONE, ASKED, GOES_ON, RINGS, ANSWER)).waits_ms == [4.0]


def test_each_call_counts_once_and_not_before_it_has_gone_its_way():
    wire, calls = Wire(), [seen(HONEST, PHONE, at_ns=at_ns * SETTLES_NS) for at_ns in (1, 2, 3)]
    found = []
    for now in (1, 2, 3, 3, 4):
        wire.take(calls, now * SETTLES_NS)
        found.append(wire.kinds["honest"])
    assert found == [0, 1, 2, 2, 3]


def test_calls_that_are_cut_off_with_their_caller_harm_nobody_and_are_witnesses_still():
    wire = Wire()
    wire.over_ns = SETTLES_NS
    late = SETTLES_NS - LASTS_NS + 1
    cut_off = [seen(HONEST, PHONE, at_ns=late), seen(LISTED, HELP, at_ns=late)]
    refused = seen(LISTED, PHONE, ASKED, STOP, REFUSAL, at_ns=late)
    wire.take([*cut_off, refused, seen(HONEST, PHONE)], 3 * SETTLES_NS)
    assert (wire.harmed, wire.help_stopped, wire.waits_ms) == (["called"], 0, [])
    assert wire.refused == {refused.call}
    assert wire.kinds.total() == 4


def test_an_answer_that_came_after_the_switch_went_on_is_none():
    slow = seen(LISTED, PHONE, ASKED, RINGS, ANSWER)
    said = Message(
        SWITCH_WAITS_MS * 10**6 + slow.at_ns, BOX, CONTROL, "603 Decline", "", "", "", ""
    )
    assert taken(slow).unasked == 1
    slow.messages.append(said._replace(at_ns=said.at_ns + 8 * MS))
    assert (taken(slow).rang, taken(slow).unasked) == (0, 1)
    slow.messages[-1] = said
    assert (taken(slow).rang, taken(slow).unasked) == (1, 0)


def test_calls_of_others_are_no_witness():
    assert not taken(seen(HONEST, PHONE, source=ABROAD2)).kinds
