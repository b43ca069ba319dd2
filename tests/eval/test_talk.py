# SPDX-License-Identifier: Apache-2.0
"""A made-up call is a whole call: our own decoders and tracker hear how it begins and ends."""

import random
from pathlib import Path

import pytest

from edge.config import parse
from edge.decode.pcapfile import CaptureReader
from edge.judging import build_pipeline
from edge.model.event import CallAnswered, CallOffered, CallReleased
from edge.model.message import Malformed
from edge.pipeline import Finding
from hil.eval import scene, stacks
from hil.eval.scene import Course, Made, Place
from hil.eval.talk import capture, talk

STACKS = [value for value in vars(stacks).values() if isinstance(value, stacks.Stack)]
WHOLE = [
    stacks.behind(one, stacks.MEDIA[0]) if one.name.startswith("sbc") else one for one in STACKS
]
FILE = '[node]\nname = "a"\n[trunk.abroad]\nclass = "international"\n'


def made(stack: stacks.Stack, course: Course) -> Made:
    place = Place("international", "192.0.2.20", "203.0.113.120", stack)
    return Made(scene.BEGAN_S, "x", "", place, "447700900123", "77172009001", course)


def heard(*calls: Made) -> list[Finding]:
    pipeline = build_pipeline(parse(FILE, Path("edge.toml")), lambda _: None)
    found: list[Finding] = []
    for unit in CaptureReader("tap").feed(capture(calls, 1)):
        assert not isinstance(unit, Malformed)
        found += pipeline.hear(unit, unit.at)
    return found


@pytest.mark.parametrize("stack", WHOLE, ids=lambda stack: stack.name)
@pytest.mark.parametrize(
    ("course", "answered", "by", "cause"),
    [
        (Course(5, 30, "called"), True, "called", "BYE"),
        (Course(5, 4, "calling"), True, "calling", "BYE"),
        (Course(2, 0, "calling"), False, "calling", "CANCEL"),
        (Course(2, 0, "busy"), False, "called", "486"),
        (Course(0.1, 0, "called"), False, "called", "480"),
    ],
    ids=["hung up on", "hangs up", "gives up", "busy", "nobody"],
)
def test_it_ends_as_its_course_says(stack, course: Course, answered, by, cause) -> None:
    found = heard(made(stack, course))
    assert not [one for one in found if isinstance(one, Malformed)]
    (offered,) = [one for one in found if isinstance(one, CallOffered)]
    assert offered.calling.number.e164 == "447700900123"
    assert [isinstance(one, CallAnswered) for one in found].count(True) == answered
    (end,) = [one for one in found if isinstance(one, CallReleased)]
    assert (end.answered, end.by) == (answered, by)
    assert end.cause.startswith(cause) or (cause == "CANCEL" and end.cause == "487")
    assert abs(end.lasted_ns / scene.NS - course.talk_s) < 0.01


def test_a_call_on_a_circuit_is_none_of_these() -> None:
    circuit = made(stacks.PBX, Course(5, 30))._replace(place=Place("international", "", "", None))
    with pytest.raises(ValueError, match="circuit"):
        next(talk(circuit, random.Random(1)))


def test_calls_that_overlap_stand_in_the_order_they_were_heard() -> None:
    first, second = made(stacks.PBX, Course(5, 30)), made(stacks.PHONE, Course(5, 1))
    found = heard(first, second._replace(at_s=first.at_s + 1))
    assert [type(one) for one in found].index(CallReleased) > 3
    at = [one.at for one in found if isinstance(one, CallOffered | CallReleased)]
    assert at == sorted(at)
