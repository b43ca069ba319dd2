# SPDX-License-Identifier: Apache-2.0
"""A process that follows many calls by all that `core` remembers them by: its private memory, MB.

python -m tests.bench.calls_suspected COUNT: logs what it finds; the figure is the last line.
"""

import sys
import tempfile
from pathlib import Path

import edge.core  # noqa: F401 - what a process is whatever it follows
from edge import config as config_file
from edge.judging import build
from edge.model.unit import LinkType, Unit
from edge.origin.suspects import suspects_of
from edge.pipeline import Decided
from edge.report.event import Moment
from edge.report.telling import Hashing, Teller
from hil.hour.play import CALLER, MARK, PHONE, call
from tests.bench.private import private_mb

HOUSE = '[node]\nname = "bench"\n[trunk.west]\nclass = "international"\n'
AT_NS, MS = 1_800_000_000 * 10**9, 1_000_000


def suspected(count: int) -> float:
    """Offer calls to the pipeline, to detection, and to what tells the hub of them."""
    folder = Path(tempfile.gettempdir())  # nothing is written there
    config = config_file.parse(HOUSE, folder / "edge.toml")
    suspects = suspects_of(config, folder / "campaigns")
    assert suspects is not None
    pipeline = build(config, lambda _alarm: None, suspects=suspects).pipeline
    hashing = Hashing(lambda _text, _at: "x" * 32, lambda _at: "2026Q4-bench")
    teller = Teller(lambda _event: None, lambda at: Moment(at, at, "bench"), hashing, count)
    invite = call(CALLER, PHONE, "busy")[0].frame
    for number in range(count):
        frame = invite.replace(MARK, b"m%011d" % number).replace(PHONE, b"7600%07d" % number)
        unit = Unit("mirror", LinkType.ETHERNET, AT_NS + number * MS, frame, number)
        for finding in pipeline.hear(unit, unit.at):
            teller.tell(finding)
            if isinstance(finding, Decided):
                suspects.settle()
    return private_mb()


if __name__ == "__main__":
    print(suspected(int(sys.argv[1])))
