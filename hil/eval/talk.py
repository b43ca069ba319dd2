# SPDX-License-Identifier: Apache-2.0
"""A made-up call as it stands on a trunk: all its messages, and a capture of many calls.

The INVITE is as its device writes it; the rest is as short as RFC 3261 allows.
"""

import random
import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from typing import NamedTuple

from edge.decode.pcapng import PcapngWriter
from edge.model.unit import LinkType, Unit
from hil.eval.scene import NS, Made
from hil.eval.stacks import Drawn, invite
from hil.rig.mirror import Call, frame

OURS = IPv4Address("192.0.2.1")
RINGS_S = 0.4
"After the INVITE."
_LINE = re.compile(r"^(Via|From|To|Call-ID|CSeq)[ \t]*:.*\r\n", re.MULTILINE)


class Said(NamedTuple):
    """A message of a call."""

    at: int
    "Nanoseconds since the epoch."
    is_ours: bool
    "Whether our side says it."
    octets: bytes


def talk(made: Made, rng: random.Random) -> Iterator[Said]:
    """Yield the messages of a SIP call in order. Raises `ValueError` for one on a circuit."""
    if made.place.stack is None:
        raise ValueError("a call on a circuit")
    peer, media = made.place.peer, made.place.media
    ip = peer if made.place.stack.name.startswith("sbc") else media
    first = invite(made.place.stack, Drawn(made.calling, made.called, ip, media), rng)
    course, at = made.course, int(made.at_s * NS)
    over = at + int((course.ring_s + course.talk_s) * NS)
    rung = at + int(course.ring_s * NS)
    yield Said(at, is_ours=False, octets=first)
    if course.ring_s > RINGS_S:
        yield Said(at + int(RINGS_S * NS), is_ours=True, octets=_answer(first, "180 Ringing"))
    if course.talk_s:
        yield Said(rung, is_ours=True, octets=_answer(first, "200 OK"))
        yield Said(rung, is_ours=False, octets=_request(first, "ACK"))
        ours = course.end == "called"
        bye = _request(first, "BYE", backwards=ours)
        yield Said(over, is_ours=ours, octets=bye)
        yield Said(over, is_ours=not ours, octets=_answer(bye, "200 OK"))
        return
    if course.end == "calling":
        cancel = _request(first, "CANCEL")
        yield Said(rung, is_ours=False, octets=cancel)
        yield Said(rung, is_ours=True, octets=_answer(cancel, "200 OK"))
    words = {"calling": "487 Request Terminated", "busy": "486 Busy Here"}
    end = words.get(course.end, "480 Temporarily Unavailable")
    yield Said(rung, is_ours=True, octets=_answer(first, end))
    yield Said(rung, is_ours=False, octets=_request(first, "ACK"))


def _heads(message: bytes) -> dict[str, str]:
    head = message.decode().partition("\r\n\r\n")[0] + "\r\n"
    return {found[1]: found[0] for found in _LINE.finditer(head)}


def _answer(message: bytes, line: str) -> bytes:
    """Return a response (RFC 3261 section 8.2.6)."""
    heads = _heads(message)
    to = heads["To"]
    if ";tag=" not in to and not line.startswith("100"):
        heads["To"] = to.rstrip() + ";tag=ours\r\n"
    return f"SIP/2.0 {line}\r\n{''.join(heads.values())}Content-Length: 0\r\n\r\n".encode()


def _request(message: bytes, method: str, *, backwards: bool = False) -> bytes:
    """Return a request that belongs to an INVITE, of its dialog where it has one."""
    heads = _heads(message)
    number = int(heads["CSeq"].partition(":")[2].split()[0])
    if method != "CANCEL":
        heads["To"] = heads["To"].rstrip() + ";tag=ours\r\n"
    if method == "BYE":
        number += 1
        heads["Via"] = heads["Via"].replace("branch=z9hG4bK", "branch=z9hG4bKb")
    if backwards:
        heads["From"], heads["To"] = (
            "From" + heads["To"].partition("To")[2], "To" + heads["From"].partition("From")[2],
        )  # fmt: skip
    heads["CSeq"] = f"CSeq: {number} {method}\r\n"
    uri = message.decode().split()[1]
    lines = f"{method} {uri} SIP/2.0\r\n{''.join(heads.values())}Max-Forwards: 70\r\n"
    return f"{lines}Content-Length: 0\r\n\r\n".encode()


def capture(calls: Iterable[Made], seed: int) -> bytes:
    """Return a pcapng file of calls, as a mirror port would have heard them."""
    rng = random.Random(seed)  # noqa: S311 - drawn from seeds
    heard = []
    for made in calls:
        there = IPv4Address(made.place.peer)
        for said in talk(made, rng):
            ends = (OURS, there) if said.is_ours else (there, OURS)
            heard.append((said.at, frame(Call("", "", *ends), said.octets)))
    heard.sort(key=lambda one: one[0])
    writer = PcapngWriter()
    units = (Unit("tap", LinkType.ETHERNET, at, octets, 0) for at, octets in heard)
    return writer.header() + b"".join(map(writer.write, units))
