# SPDX-License-Identifier: Apache-2.0
"""A process that records events and says which it was told are recorded, until it is killed.

python -m tests.report.recorder OUTBOX ACKED FIRST
"""

import sys
from itertools import count
from pathlib import Path

from edge.report.event import CLASSES
from edge.report.outbox.writer import Writer
from tests.report.kept import ROOMY, event


def main(outbox: str, acked: str, first: str) -> None:
    writer = Writer(Path(outbox), ROOMY, Path(acked)).start()
    for start in count(int(first), 10):
        wanted = [(CLASSES[n % 5], n) for n in range(start, start + 10)]
        futures = [(cls, n, writer.record(event(cls, n))) for cls, n in wanted]
        for cls, n, future in futures:
            place = future.result()
            sys.stdout.write(f"{cls.value} {place.stream} {place.seq} {n}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
