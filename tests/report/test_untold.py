# SPDX-License-Identifier: Apache-2.0
"""What a kill came before is found, oldest first, and no more than may be told at once."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.report.event import Class, Event, encode
from edge.report.outbox.outbox import Outbox
from edge.report.untold import Untold, untold
from tests.evidence.box import DAY_NS, Box
from tests.report.kept import AT, ROOMY, event


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


@pytest.fixture
def outbox(memory: Path) -> Iterator[Outbox]:
    with closing(Outbox(memory / "outbox.db", ROOMY, AT)) as made:
        yield made


def tell(outbox: Outbox, leaf: int) -> None:
    moment = event(Class.BLOCK, leaf).moment
    outbox.keep([(Class.BLOCK, AT, encode(Event(Class.BLOCK, "verdict", moment, {"leaf": leaf})))])


def test_records_beyond_the_last_that_was_told(box: Box, outbox: Outbox, memory: Path) -> None:
    path = memory / "outbox.db"
    box.keep(1, 2)
    assert untold(path, box.log) == Untold([], 0)  # it cannot be known
    tell(outbox, 0)
    assert [one["call"] for one in untold(path, box.log).records] == ["c2"]
    box.now_ns += DAY_NS
    box.keep(3, 4)
    left = untold(path, box.log)
    assert ([one["leaf"] for one in left.records], left.more) == ([1, 2, 3], 0)
    tell(outbox, 3)
    assert untold(path, box.log) == Untold([], 0)


def test_the_newest_are_told_and_the_others_counted(box: Box, outbox: Outbox, memory: Path) -> None:
    box.keep(*range(10))
    tell(outbox, 2)
    for most, more in ((3, 4), (6, 1), (7, 0), (8, 0)):
        left = untold(memory / "outbox.db", box.log, most)
        assert left.more == more
        assert [one["leaf"] for one in left.records] == [3, 4, 5, 6, 7, 8, 9][-most:]
