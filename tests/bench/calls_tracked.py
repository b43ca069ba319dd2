# SPDX-License-Identifier: Apache-2.0
"""A process that follows many calls by decoder and tracker alone, and says its private memory, MB.

python -m tests.bench.calls_tracked COUNT
"""

import sys

from tests.bench.private import private_mb
from tests.call.sip_talk import Talk, write


def tracked(count: int) -> float:
    """Offer calls to a tracker."""
    talk = Talk(limit=count)
    for number in range(count):
        talk.hear(write("INVITE", call=f"{number:032x}@192.0.2.1", tags=(f"{number:016x}", "")))
    return private_mb()


if __name__ == "__main__":
    print(tracked(int(sys.argv[1])))
