# SPDX-License-Identifier: Apache-2.0
"""The E1 side of DESIGN section 12: the deframer alone, and sixteen timeslots to their verdicts.

The line is that of a busy link: calls a second apart, fill-in units between. The peer of the
deframer is the textbook's way, bit by bit.
"""

from itertools import cycle, islice
from pathlib import Path
from time import process_time

from edge.config import parse
from edge.decode.hdlc import Deframer
from edge.judging import build_pipeline
from edge.model.unit import Direction, LinkType, Unit
from hil.e1.bits import FISU_HEAD, FLAG, blocks, frame, octets_of
from hil.e1.calls import Call, Link, Number, isup_frames, timeslots

Row = dict[str, object]

SECONDS = 20
RATE = 8000
TIMESLOTS = 16
CONFIG = '[node]\nname = "bench"\n[trunk.all]\nclass = "international"\n'


def rows() -> list[Row]:
    """Return the deframer's ratio to real time, and the share of a core that 16 timeslots take."""
    octets = _line()
    ours, theirs = _times_real(Deframer().feed, octets), _times_real(bit_by_bit(), octets)
    share = _sixteen(octets) * 100
    deframing = {
        "name": "HDLC deframing, one 64 kbit/s direction",
        "value": round(ours),
        "unit": "x real time",
        "target": ">= 300",
        "peer": "bit by bit",
        "peer_value": round(theirs),
        "ratio": round(ours / theirs, 1),
        "ok": ours >= 300,
    }
    whole = {
        "name": f"{TIMESLOTS} timeslot directions, octets to verdicts, one core",
        "value": round(share, 1),
        "unit": "%",
        "target": "< 15",
        "peer": "",
        "peer_value": None,
        "ratio": None,
        "ok": share < 15,
    }
    return [deframing, whole]


def _line() -> bytes:
    """Return one direction of a link for some seconds."""
    call = Call(Number("442079460123"), Number("77172000001"))
    steps = isup_frames((call, Link(cic=cic)) for cic in range(1, 16))
    bits, _ = timeslots(steps, octets_apart=RATE // 5, fill=FLAG + frame(FISU_HEAD))
    return bytes(islice(cycle(octets_of(bits)), SECONDS * RATE))


def _times_real(feed, octets: bytes) -> float:
    began = process_time()
    for block in blocks(octets):
        feed(block)
    return len(octets) / RATE / (process_time() - began)


def _sixteen(octets: bytes) -> float:
    """Return the share of a core that the whole pipeline takes for 16 directions."""
    pipeline = build_pipeline(parse(CONFIG, Path("bench.toml")), lambda _: None)
    pieces = list(blocks(octets))
    began = process_time()
    for n, block in enumerate(pieces):
        for slot in range(TIMESLOTS):
            at, direction = n * 20_000_000, (Direction.A_TO_B, Direction.B_TO_A)[slot % 2]
            channel = f"{slot // 2}:16"
            unit = Unit("e1", LinkType.E1_RAW, at, block, n, direction=direction, channel=channel)
            pipeline.hear(unit, at)
    return (process_time() - began) / SECONDS


def bit_by_bit():
    """Return a deframer that looks at each bit, without a check sequence even."""
    ones, frame_bits, frames = 0, [], 0

    def feed(octets: bytes) -> None:
        nonlocal ones, frames
        for octet in octets:
            for place in range(7, -1, -1):
                if octet >> place & 1:
                    ones += 1
                    frame_bits.append(1)
                    continue
                if ones == 6:
                    frames += len(frame_bits) > 40
                    frame_bits.clear()
                elif ones != 5:
                    frame_bits.append(0)
                ones = 0

    return feed
