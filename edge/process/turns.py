# SPDX-License-Identifier: Apache-2.0
"""How long the threads of a process may keep each other waiting.

A thread that has let go of the interpreter, as every call to the kernel does, gets it back when
another one has had its turn: 5 ms by itself. The threads that write beside the loop would then cost
a switch that asks as much as all else together (99 of 100 answers in 5.3 ms, measured beside one
that is busy a fifth of its time; with turns of half a millisecond in 0.8).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

TURN_S = 0.0005


@contextmanager
def short_turns() -> Iterator[None]:
    """Let no thread have the interpreter for longer than `TURN_S` while another waits for it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
