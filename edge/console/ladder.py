# SPDX-License-Identifier: Apache-2.0
"""The messages of a call as a ladder, read again from the frames of its evidence. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from edge.decode.pcapfile import CaptureReader
from edge.decode.signalling import Signalling
from edge.model.message import Flow, Malformed, Message, socket_text

MOST_STEPS = 60
MOST_ENDS = 6
"Ends that are drawn beside each other; a message between others is only in the table."
COLUMN, STEP, TOP, SIDE = 190, 34, 46, 72
"Of the drawing of two ends with an address of IPv4, which fits a telephone; more needs more."
LETTER = 8
"How wide one of an address is."
NS = 1_000_000_000


class Step(NamedTuple):
    """A message."""

    at_s: float
    type: str
    proto: str
    source: str
    destination: str


class Arrow(NamedTuple):
    """A message as it is drawn."""

    x1: int
    x2: int
    tip: int
    "Where the head of the arrow begins."
    y: int
    text: str


class Ladder(NamedTuple):
    """All of them."""

    steps: tuple[Step, ...]
    ends: tuple[tuple[int, str], ...]
    "Where each end stands, and its address."
    arrows: tuple[Arrow, ...]
    width: int
    height: int


def steps_of(sections: Iterable[bytes]) -> list[Step]:
    """Return the messages in sections of evidence, as they came."""
    found: list[Step] = []
    for section in sections:
        reader, signalling = CaptureReader("evidence"), Signalling()
        for unit in reader.feed(section):
            if not isinstance(unit, Malformed):
                found += [
                    _step(one) for one in signalling.feed(unit) if not isinstance(one, Malformed)
                ]
    once = dict.fromkeys(found)  # an end is kept with frames that its verdict has, too
    return sorted(once, key=lambda step: step.at_s)[:MOST_STEPS]


def _step(message: Message) -> Step:
    flow = message.flow
    source, destination = _ends(flow)
    return Step(message.unit.at / NS, message.type, message.proto, source, destination)


def _ends(flow: Flow) -> tuple[str, str]:
    if not flow.source:
        return "", ""  # a circuit has no addresses
    return (
        socket_text(flow.source, flow.source_port),
        socket_text(flow.destination, flow.destination_port),
    )


def ladder_of(steps: list[Step]) -> Ladder:
    """Return the drawing of messages."""
    names: dict[str, int] = {}
    lengths = (len(name) for one in steps for name in (one.source, one.destination))
    longest = LETTER * max(lengths, default=0)
    side, column = max(SIDE, longest // 2), max(COLUMN, longest + LETTER)
    for step in steps:
        for name in (step.source, step.destination):
            if name and name not in names and len(names) < MOST_ENDS:
                names[name] = side + column * len(names)
    arrows = [
        _arrow(step, names[step.source], names[step.destination], TOP + STEP * (number + 1))
        for number, step in enumerate(_drawn(steps, names))
    ]
    return Ladder(
        tuple(steps), tuple((x, name) for name, x in names.items()), tuple(arrows),
        2 * side + column * max(len(names) - 1, 0), TOP + STEP * (len(arrows) + 1),
    )  # fmt: skip


def _drawn(steps: list[Step], names: dict[str, int]) -> list[Step]:
    return [one for one in steps if one.source in names and one.destination in names]


def _arrow(step: Step, x1: int, x2: int, y: int) -> Arrow:
    return Arrow(x1, x2, x2 - 8 if x2 > x1 else x2 + 8, y, step.type)
