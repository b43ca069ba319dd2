# SPDX-License-Identifier: Apache-2.0
"""The messages of a call are read again from its evidence, and drawn between their ends."""

from itertools import pairwise

import pytest

from edge.config import Config
from edge.console.ladder import LETTER, MOST_ENDS, MOST_STEPS, Step, ladder_of, steps_of
from edge.decode.pcapng import PcapngWriter
from edge.evidence.shelf import capture_of, find
from edge.places import places_of
from tests.call.sip_talk import write
from tests.console.site_house import SPOOFED
from tests.decode.test_signalling import udp


def section(*octets: bytes) -> bytes:
    writer = PcapngWriter()
    return writer.header() + b"".join(writer.write(udp(one), "") for one in octets)


def test_a_real_call_is_drawn(heard: Config) -> None:
    ((line, record), *_) = find(places_of(heard).evidence, SPOOFED, lambda _line: None)
    capture = capture_of(record)
    assert capture is not None
    (step,) = steps_of([capture.read(line.path.parent)])
    assert (step.proto, step.type, step.source) == ("sip", "INVITE", "198.51.100.10:5060")
    drawn = ladder_of([step])
    assert [name for _, name in drawn.ends] == ["198.51.100.10:5060", "198.51.100.1:5060"]
    (arrow,) = drawn.arrows
    assert (arrow.text, arrow.x1 < arrow.tip < arrow.x2) == ("INVITE", True)


def test_messages_stand_in_the_order_in_which_they_were_heard() -> None:
    one, other = section(write("INVITE")), section(write("BYE"))
    assert [step.type for step in steps_of([one, other])] == ["INVITE", "BYE"]
    assert [step.type for step in steps_of([one, one])] == ["INVITE"], "kept twice, heard once"


def test_what_is_no_capture_has_no_messages() -> None:
    for octets in (b"", b"nothing", section(b"nothing"), section(write("INVITE"))[:-9]):
        assert steps_of([octets]) == []
    assert ladder_of([]).arrows == ()


def test_a_circuit_has_no_ends_to_draw() -> None:
    drawn = ladder_of([Step(1.0, "IAM", "isup", "", "")])
    assert (len(drawn.steps), drawn.ends, drawn.arrows) == (1, (), ())


def test_there_is_an_end_to_what_is_drawn() -> None:
    many = [Step(float(n), "INVITE", "sip", f"10.0.0.{n}:5060", "10.1.0.1:5060") for n in range(50)]
    drawn = ladder_of(many)
    assert len(drawn.ends) == MOST_ENDS
    assert len(drawn.arrows) == MOST_ENDS - 1
    messages = [write("INVITE", call=f"c{number}") for number in range(MOST_STEPS + 9)]
    assert len(steps_of([section(*messages)])) <= MOST_STEPS


PHONE = 336
"Points between the margins of a screen of 360."


@pytest.mark.parametrize(("ends", "fits"), [
    (("192.0.2.1:5060", "198.51.100.10:5060"), True),
    (("[2001:db8:51:ffff:ffff:ffff:ffff:10]:5060", "192.0.2.1:5060"), False),
    (("192.0.2.1:5060", "198.51.100.10:5060", "203.0.113.5:5060"), False),
])  # fmt: skip
def test_no_address_is_cut_off_or_runs_into_the_next(ends: tuple[str, ...], *, fits: bool) -> None:
    drawn = ladder_of([Step(0.0, "INVITE", "sip", *pair) for pair in pairwise(ends)])
    spans = [(x - len(name) * LETTER / 2, x + len(name) * LETTER / 2) for x, name in drawn.ends]
    assert [name for _, name in drawn.ends] == list(ends)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    assert spans[0][0] >= 0
    assert spans[-1][1] <= drawn.width
    assert (drawn.width <= PHONE) is fits
