# SPDX-License-Identifier: Apache-2.0
"""Epoch time of what a probe stamped with its count of E1 frames.

The count is exact but begins anywhere; when a record arrives is known only late, by buffers and
USB polls. The least late record tells how the two belong together.
"""

FRAME_NS = 125_000
"An E1 has 8000 frames a second (G.704 2.3)."
WRAP = 1 << 32
"The count returns to zero after 6.2 days."
DRIFT = 1e-4
"Both clocks together: E1 is within 50 ppm (G.703 11.1), so is any oscillator of ours."
STEP_NS = 2_000_000_000
"Later than that is no delay: our clock was set, or the probe began to count anew."


class FrameClock:
    """One probe."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._last = 0
        self._since_ns = 0
        "Time of the probe since its first record, never wrapping."
        self._base_ns = 0
        "Epoch time of that record."
        self._heard_ns = 0
        "When the last record arrived."

    def at(self, ticks: int, now_ns: int) -> int:
        """Return when a record with such a count was stamped, given that it arrived `now_ns`."""
        ahead = (ticks - self._last + WRAP // 2) % WRAP - WRAP // 2
        self._last = ticks
        self._since_ns += ahead * FRAME_NS
        late = now_ns - self._base_ns - self._since_ns
        if 0 <= late <= STEP_NS:
            # Follow the drift, so that a probe which runs slow is not held late for ever.
            self._base_ns += min(late, int((now_ns - self._heard_ns) * DRIFT))
        else:
            self._base_ns += late
        self._heard_ns = now_ns
        return self._base_ns + self._since_ns
