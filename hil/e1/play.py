# SPDX-License-Identifier: Apache-2.0
"""Plays generated calls as a probe on a pseudo-terminal: `python -m hil.e1.play [isup|q931]`.

Says which port to open, then tells one call after the other in real time until it is stopped.
"""

import os
import pty
import sys
import threading
import tty
from collections.abc import Iterator
from itertools import zip_longest

from hil.e1.bits import FISU_HEAD, FLAG, blocks, frame, octets_of
from hil.e1.calls import Call, Link, Number, isup_frames, q931_frames, timeslots
from hil.e1.probe import A_TO_B, B_TO_A, RAW_BLOCK, Probe

BLOCK_S = 0.02
CALLS = (
    Call(Number("442079460123"), Number("77172000001")),
    Call(Number("77172000009"), Number("77172000001")),
    Call(Number("447700900123"), Number("77172000002"), answered=False, cause=17, by=1),
    Call(Number("12025550123"), Number("77172000003"), overlap=4),
)
"Answered, with a Kazakh number from abroad, busy, and dialled digit by digit."


def played(probe: Probe, bits: tuple[str, str], span: int = 1, slot: int = 16) -> Iterator[None]:
    """Send both directions of a timeslot, 20 ms at a time; yields when those are over."""
    forth, back = (blocks(octets_of(side), RAW_BLOCK) for side in bits)
    for one, other in zip_longest(forth, back):
        for direction, octets in ((A_TO_B, one), (B_TO_A, other)):
            if octets:
                probe.raw(span, slot, direction, octets)
        probe.ticks += RAW_BLOCK
        yield


def lines(signalling: str) -> tuple[str, str]:
    """Return all calls as both directions of a timeslot, a second between two messages."""
    if signalling == "q931":
        return timeslots(q931_frames(CALLS), octets_apart=8000)
    links = (Link(cic=cic) for cic in (1, 2, 3, 4))
    steps = isup_frames(zip(CALLS, links, strict=True))
    return timeslots(steps, octets_apart=8000, fill=FLAG + frame(FISU_HEAD))


def main() -> None:
    """Play until stopped."""
    far, near = pty.openpty()
    tty.setraw(near)
    sys.stdout.write(f"a probe on {os.ttyname(near)}\n")
    sys.stdout.flush()
    probe = Probe(lambda octets: os.write(far, octets))
    bits, pause = lines(sys.argv[1] if len(sys.argv) > 1 else "isup"), threading.Event()
    while True:
        for n, _ in enumerate(played(probe, bits)):
            if n % round(1 / BLOCK_S) == 0:
                probe.hello()
            pause.wait(BLOCK_S)


if __name__ == "__main__":
    main()
