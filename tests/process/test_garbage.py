# SPDX-License-Identifier: Apache-2.0
"""Calls leave no cycles behind, so that the collector of them may be held back."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from weakref import ref

import pytest

from edge.config import parse
from edge.decode.pcapfile import CaptureReader
from edge.judging import build
from edge.model.event import CallReleased
from edge.model.unit import Unit
from edge.origin.suspects import suspects_of
from edge.pipeline import Decided
from edge.process import garbage
from edge.process.garbage import held_back, look_shortly
from tests.report.test_telling import HASHING, Desk

VECTORS = Path(__file__).parents[1] / "vectors"
CAPTURES = sorted(path for path in VECTORS.rglob("*.pcap*") if path.stat().st_size < 2_000_000)


class Ring:
    """Holds itself."""

    def __init__(self) -> None:
        self.me = self


def test_the_collector_looks_at_nothing_by_itself() -> None:
    before = gc.get_freeze_count()
    with held_back():
        assert not gc.isenabled()
        assert gc.get_freeze_count() > before
        lost = ref(Ring())
        assert [Ring() for _ in range(10_000)]
        assert lost() is not None
    assert gc.isenabled()
    gc.collect()
    assert lost() is None


@pytest.mark.parametrize(("is_old", "looks"), [(False, 1 << 60), (True, 1)], ids=["new", "old"])
def test_it_looks_often_at_what_is_new_and_seldom_at_everything(
    is_old: bool, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "NEW_EVERY_S", 0.0)
    monkeypatch.setattr(garbage, "LOOKS", looks)

    async def wait_for(gone: Callable[[], object]) -> None:
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            looking = group.create_task(look_shortly())
            while gone() is not None:  # noqa: ASYNC110 - the collector tells nobody
                await asyncio.sleep(0)
            looking.cancel()

    async def lost() -> None:
        with held_back():
            ring = Ring()
            if is_old:
                gc.collect(0)  # it is in use, and no longer new
            gone = ref(ring)
            del ring
            await wait_for(gone)

    asyncio.run(lost())


def test_no_message_and_no_call_makes_a_cycle(tmp_path: Path) -> None:
    """Over all that was recorded for these tests: SIP and E1, sound and broken."""
    text = '[node]\nname = "bench"\nstate_dir = "s"\n[trunk.all]\nclass = "international"\n'
    config = parse(text, tmp_path / "edge.toml")
    suspects = suspects_of(config, tmp_path / "campaigns")
    assert suspects
    pipeline = build(config, lambda _alarm: None, suspects=suspects).pipeline
    teller, events, units = Desk(HASHING).teller, 0, [*heard()]
    gc.collect()
    with held_back():
        for unit in units:
            for finding in pipeline.hear(unit, unit.at):
                events += 1
                if isinstance(finding, CallReleased):
                    suspects.released(finding)
                teller.tell(finding)
                if isinstance(finding, Decided):
                    suspects.settle()
        pipeline.finish(units[-1].at)
        assert gc.collect() == 0
    assert events > 1000


def heard() -> Iterator[Unit]:
    for capture in CAPTURES:
        for one in CaptureReader("tap").feed(capture.read_bytes()):
            if isinstance(one, Unit):
                yield one
