# SPDX-License-Identifier: Apache-2.0
"""What a timeslot carries, told by listening: an SS7 or ISDN link, CAS, nothing (G.704 to Q.921).

Channel-associated signalling is recognised, so that it can be said that it is not supported; it is
not decoded.
"""

from collections import Counter
from enum import Enum

import msgspec

from edge.decode.hdlc import Line, detect
from edge.decode.lapd import parse as parse_lapd
from edge.decode.q931.codes import PROTOCOL
from edge.model.message import Malformed

MULTIFRAME = 16
"Frames of a signalling multiframe; timeslot 16 of the first carries 0000 xyxx (G.704 5.1.3.2)."
SPARE_BITS = 0x0B
"x, x, x of that octet are 1 where not used; y is the alarm of the far end."
MOST_ALIGNED, LEAST_MULTIFRAMES = 0.95, 8
MOST_ALIKE = 0.99
LONG = 63
"A length indicator that means 63 or more (Q.703 2.3.3)."
HEAD = 3
"Octets of a signal unit before what its length indicator counts."
LAPD_SAPIS = frozenset({0, 63})


class Carries(Enum):
    """What a timeslot is used for."""

    MTP2 = "mtp2"
    LAPD = "lapd"
    CAS = "cas"
    "Signalling bits of the speech channels: 2VSK, R2 and their kin."
    IDLE = "idle"
    "The same octet over and over: a line that is there and says nothing."
    NOTHING = "nothing"
    "Octets that are none of these: speech, data, another timeslot than was meant."


class Found(msgspec.Struct, frozen=True, gc=False):
    """What was found, and how the timeslot is wired if it carries frames."""

    carries: Carries | None
    "None: frames, of which none told the one protocol from the other."
    line: Line | None = None


def classify(octets: bytes) -> Found:
    """Return what some time of a timeslot carries; a second (8000 octets) is plenty."""
    if not octets or max(Counter(octets).values()) >= MOST_ALIKE * len(octets):
        return Found(Carries.IDLE)
    if is_cas(octets):
        return Found(Carries.CAS)
    line = detect(octets)
    return Found(None, line) if line else Found(Carries.NOTHING)


def is_cas(octets: bytes) -> bool:
    """Whether these octets are timeslot 16 of a multiframe: the code 0000 stands nowhere else."""
    if len(octets) < MULTIFRAME * LEAST_MULTIFRAMES:
        return False
    aligned = [
        sum(octet < MULTIFRAME and octet & SPARE_BITS == SPARE_BITS for octet in phase) / len(phase)
        for phase in (octets[start::MULTIFRAME] for start in range(MULTIFRAME))
    ]
    best = max(range(MULTIFRAME), key=aligned.__getitem__)
    others = (share for start, share in enumerate(aligned) if start != best)
    return aligned[best] >= MOST_ALIGNED and max(others) <= 1 - MOST_ALIGNED


def protocol_of(frame: bytes) -> Carries | None:
    """Return what a frame without check sequence is; None if it could be either."""
    unit, on_channel = _is_signal_unit(frame), _is_lapd(frame)
    if unit and on_channel:  # a RR and a link status; or a lucky length indicator
        return Carries.LAPD if frame[4:5] == bytes([PROTOCOL]) else None
    if unit:
        return Carries.MTP2
    return Carries.LAPD if on_channel else None


def _is_signal_unit(frame: bytes) -> bool:
    if len(frame) < HEAD:
        return False
    length, left = frame[2] & LONG, len(frame) - HEAD
    return left == length or (length == LONG and left > LONG)


def _is_lapd(frame: bytes) -> bool:
    parsed = parse_lapd(frame)
    return not isinstance(parsed, Malformed) and parsed.sapi in LAPD_SAPIS
