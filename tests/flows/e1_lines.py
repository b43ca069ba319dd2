# SPDX-License-Identifier: Apache-2.0
"""Plays generated calls to the pipeline, as taps would hear them, and sums up what came of it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import pack

from edge.config import parse
from edge.judging import build_pipeline
from edge.model.event import CallAnswered, CallOffered, CallProgressed, CallReleased, shown
from edge.model.unit import Direction, LinkType, Unit
from edge.pipeline import Decided, Finding, Pipeline
from hil.e1.bits import blocks, octets_of
from hil.e1.calls import Call, Link, Number, Step, isup_frames, q931_frames

START = 1_700_000_000_000_000_000
BLOCK_NS = 20_000_000
SIDES = (Direction.A_TO_B, Direction.B_TO_A)

CONFIG = """
[node]
name = "astana"
[numbering]
area = "7172"
[tap.e1]
driver = "memory"
[trunk.intl]
class = "international"
opc = [2057]
dpc = [4114]
cics = ["1-15", "17-31"]
[trunk.prime]
class = "international"
channels = ["1:16"]
[trunk.sip]
class = "international"
peers = ["192.0.2.0/24"]
"""

LONDON, ASTANA, HIDDEN = Number("442079460123"), Number("77172000001"), Number("", 2, 2)
SPOOFED = Number("77172000009")
CALLS = {
    "answered": Call(LONDON, ASTANA),
    "national": Call(LONDON, Number("7172000001", 3)),
    "spoofed": Call(SPOOFED, ASTANA),
    "forwarded": Call(SPOOFED, ASTANA, redirecting=Number("447700900456")),
    "refused": Call(LONDON, ASTANA, answered=False, cause=17, by=1),
    "overlap": Call(LONDON, ASTANA, overlap=4),
    "emergency": Call(SPOOFED, Number("112", 2), overlap=2),
}


def pipeline(tmp_path: Path) -> Pipeline:
    return build_pipeline(parse(CONFIG, tmp_path / "edge.toml"), lambda _: None)


def isup_steps(call: Call) -> list[Step]:
    return isup_frames([(call, Link())])


def q931_steps(call: Call) -> list[Step]:
    return q931_frames([call])


def raw_units(bits: tuple[str, str], channel: str = "1:16", tap: str = "e1") -> Iterator[Unit]:
    """Yield both directions of a timeslot as a tap would, 20 ms at a time."""
    both = [list(blocks(octets_of(side))) for side in bits]
    for n in range(max(map(len, both))):
        for side, direction in zip(both, SIDES, strict=True):
            if n < len(side):
                at = START + n * BLOCK_NS
                yield Unit(
                    tap, LinkType.E1_RAW, at, side[n], n, direction=direction, channel=channel
                )


def told(found: Iterable[Finding]) -> list[str]:
    """Return the findings of one call in words that no signalling has for itself."""
    words = []
    for one in found:
        if isinstance(one, CallOffered):
            numbers = f"{shown(one.calling.number)} > {shown(one.called.number)}"
            words.append(f"offered {one.attempt}: {numbers} on {one.trunk.kind.value}")
        elif isinstance(one, Decided):
            verdict = one.verdict
            words.append(f"{verdict.action.value}, wanted {verdict.wanted.value}: {verdict.rule}")
        elif isinstance(one, CallProgressed) and one.stage == "alerting":
            words.append("alerting")
        elif isinstance(one, CallAnswered):
            words.append("answered")
        elif isinstance(one, CallReleased):
            words.append(f"released by {one.by}, {'' if one.answered else 'not '}answered")
    return words


def hear(pipe: Pipeline, units: Iterable[Unit]) -> list[Finding]:
    return [finding for unit in units for finding in pipe.hear(unit, unit.at)]


def sip_units(call: Call) -> Iterator[Unit]:
    """Yield the SIP twin of a call, of the caller's gateway and the switch, as IPv4 units."""
    called = call.called.digits
    uri = (
        called
        if len(called) < 4
        else f"+{called if called[0] == '7' and len(called) == 11 else '7' + called}"
    )
    head = f"From: <sip:+{call.calling.digits}@a>;tag=a\r\nCall-ID: twin\r\n"
    if call.redirecting:
        head += f"Diversion: <sip:+{call.redirecting.digits}@a>;reason=unconditional\r\n"
    answers = ("180 Ringing", "200 OK") if call.answered else ("486 Busy Here",)
    said = [(0, f"INVITE sip:{uri}@b SIP/2.0", "1 INVITE")]
    said += [(1, f"SIP/2.0 {answer}", "1 INVITE") for answer in answers]
    said += [(0, f"ACK sip:{uri}@b SIP/2.0", "1 ACK")]
    if call.answered:
        said += [(call.by, f"BYE sip:{uri}@b SIP/2.0", "2 BYE")]
    for n, (side, first, cseq) in enumerate(said):
        tag = ";tag=b" * bool(n)
        via = "Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
        text = f"{first}\r\n{via}{head}To: <sip:{uri}@b>{tag}\r\nCSeq: {cseq}\r\n\r\n"
        yield Unit("sip", LinkType.IPV4, START + n * BLOCK_NS, packet(side, text.encode()), n)


def packet(side: int, payload: bytes) -> bytes:
    """Return a UDP datagram in IPv4, from one of two ends to the other."""
    ends = (bytes([192, 0, 2, 1]), bytes([203, 0, 113, 1]))
    datagram = pack("!HHHH", 5060, 5060, 8 + len(payload), 0) + payload
    head = pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, 64, 17, 0)
    return head + ends[side] + ends[1 - side] + datagram
