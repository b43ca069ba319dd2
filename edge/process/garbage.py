# SPDX-License-Identifier: Apache-2.0
"""The collector of cycles, held back while calls wait for an answer.

What a call takes is freed by its count, and makes no cycle; the tests see to that. Left to itself
the collector looks at all that is alive whenever enough was made, which are the calls that are up:
a tenth of a second at thirty thousand, as long as a switch waits. What does make cycles are answers
of the kernel about an interface, 250 objects each second: they are found while they are new, among
what that moment has made.
"""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_EVERY_S = 0.1
"Between two looks at what was made since the last. One each second took 4 to 10 ms at a time."
LOOKS = 9_000
"At what is new, before one at everything: what was not let go yet when it was new is rare."


@contextmanager
def held_back() -> Iterator[None]:
    """Let the collector look at nothing by itself, and never at what is there already."""
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


async def look_shortly() -> None:
    """Look for cycles: often at what is new, seldom at everything."""
    while True:
        for _ in range(LOOKS):
            await asyncio.sleep(NEW_EVERY_S)
            gc.collect(0)
        gc.collect()
