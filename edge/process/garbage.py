# SPDX-License-Identifier: Apache-2.0
"""The collector of cycles, held back while calls wait for an answer.

What a call takes is freed by its count, and makes no cycle; the tests see to that. Left to itself
the collector looks at all that is alive whenever enough was made, which are the calls that are up:
a tenth of a second at thirty thousand, as long as a switch waits.
"""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

EVERY_S = 900.0
"Between two looks: the rest of the process leaves ten objects a second in cycles, measured."


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


async def look_rarely() -> None:
    """Look for cycles once in a while."""
    while True:
        await asyncio.sleep(EVERY_S)
        gc.collect()
