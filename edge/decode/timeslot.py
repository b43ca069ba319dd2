# SPDX-License-Identifier: Apache-2.0
"""One timeslot of an E1, one direction: raw octets to frames, whatever way it was wired.

As long as frames are not good it listens to a second, finds out what it carries and reads that
second again, so nothing of it is missed. What it cannot read it looks at anew once a minute.
"""

from edge.decode.classify import Carries, classify
from edge.decode.hdlc import ENOUGH, STANDARD, Deframer, Line
from edge.model.message import Malformed

SECOND = 8000
"Octets of a timeslot in a second."
LOOK_AGAIN = 60 * SECOND
"Until it looks again at what it could not read, or doubts its wiring: LAPD speaks every 10 s."
GOOD = ("frames", "fill", "repeats")
BAD = ("aborts", "bad_fcs", "unaligned", "overlong")


class Timeslot:
    """Finds out what it carries, and yields its frames."""

    def __init__(self) -> None:
        """Expect frames, wired by the standard."""
        self.line = STANDARD
        self.carries: Carries | None = None
        "What it was last found to carry; None: nothing known, or frames not yet told apart."
        self.looks = 0
        "How often it was looked at, and no frame found."
        self._deframer = Deframer()
        self._good = 0
        self._quiet = 0
        "Octets since the last good frame."
        self._window = bytearray()
        self._pause = 0
        "Octets until it is looked at again."
        self._votes = {Carries.MTP2: 0, Carries.LAPD: 0}

    @property
    def bad(self) -> int:
        """Frames lost to errors, under the present wiring."""
        return sum(map(self._deframer.counts.__getitem__, BAD)) if self._good >= ENOUGH else 0

    def feed(self, octets: bytes) -> list[bytes | Malformed]:
        """Consume octets; return new frames without check sequence, oldest first."""
        frames = self._deframer.feed(octets)
        self._count(len(octets))
        if self._good >= ENOUGH:
            return frames
        return self._listen(octets) or [one for one in frames if not isinstance(one, Malformed)]

    def _count(self, octets: int) -> None:
        """Note whether frames are good; doubt the wiring if none is for too long."""
        good = sum(map(self._deframer.counts.__getitem__, GOOD))
        self._quiet = 0 if good > self._good else self._quiet + octets
        self._good = good
        if self._quiet > LOOK_AGAIN:
            self._rewire(STANDARD)

    def _listen(self, octets: bytes) -> list[bytes | Malformed]:
        """Collect a second, then find out what it is; return the frames in it."""
        if self._pause > 0:
            self._pause -= len(octets)
            return []
        self._window += octets
        if len(self._window) < SECOND:
            return []
        window = bytes(self._window)
        self._window.clear()
        found = classify(window)
        self.carries = found.carries
        if found.line is None:
            self.looks, self._pause = self.looks + 1, LOOK_AGAIN
            return []
        self._rewire(found.line)
        frames = self._deframer.feed(window)
        self._count(len(window))
        return frames

    def _rewire(self, line: Line) -> None:
        self.line, self._deframer = line, Deframer(line)
        self._good = self._quiet = self._pause = 0

    def vote(self, protocol: Carries | None) -> Carries | None:
        """Take what one frame seems to be; return what the frames here are, if that is known."""
        if protocol:
            self._votes[protocol] += 1
            self.carries = max(self._votes, key=self._votes.__getitem__)
        return self.carries if self.carries in self._votes else None
