# SPDX-License-Identifier: Apache-2.0
"""An outbox lives through anything in any order, beside a model that forgets nothing.

Numbers have no holes, nothing is dropped in silence or twice, no audit record ever, and no bound is
exceeded.
"""

import tempfile
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from edge.report.event import CLASSES, Class, Moment
from edge.report.outbox.outbox import Outbox, OutboxFull
from edge.report.outbox.quota import PAGE, Limits, cost, plan
from tests.report.kept import AT, SHM, held, on_disk, row

groups = st.lists(
    st.tuples(st.sampled_from(CLASSES), st.sampled_from([0, 30, 300, 300, 1900, 5000])),
    min_size=1, max_size=12,
)  # fmt: skip


class Life(RuleBasedStateMachine):
    """An outbox beside a model that forgets nothing."""

    limits: ClassVar[Limits] = Limits(1 << 19, call=0.5)

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory(dir=SHM if SHM.is_dir() else None)
        self.path = Path(self.folder.name) / "outbox.db"
        self.outbox = Outbox(self.path, self.limits, AT)
        self.streams = dict(self.outbox.streams)
        self.clock = 0
        self.kept: dict[Class, dict[int, bytes]] = {cls: {} for cls in CLASSES}
        self.given = dict.fromkeys(CLASSES, 0)
        self.gone = dict.fromkeys(CLASSES, 0)
        self.through = dict.fromkeys(CLASSES, 0)

    @override
    def teardown(self):
        self.outbox.close()
        self.folder.cleanup()

    @rule(group=groups, times=st.integers(1, 6))
    def keep(self, group, times):
        for _ in range(times):
            rows = []
            for cls, size in group:
                self.clock += 1
                rows.append(row(cls, self.clock, size))
            before = self.outbox.waiting()
            try:
                places = self.outbox.keep(rows)
            except OutboxFull:
                assert any(cls is Class.AUDIT for cls, _ in group)
                assert self.outbox.waiting() == before
                continue
            for (cls, _, body), place in zip(rows, places, strict=True):
                self.given[cls] += 1
                if place is not None:
                    assert place.stream == self.streams[cls]
                    assert place.seq > max(self.kept[cls], default=0)
                    self.kept[cls][place.seq] = body

    @rule(cls=st.sampled_from(CLASSES), share=st.floats(0, 1))
    def retire(self, cls, share):
        before = held(self.path)[cls]
        seq = int(before.last * share)
        self.through[cls] = max(self.through[cls], seq)
        self.outbox.retire({self.streams[cls]: seq}, AT + self.clock)
        after = held(self.path)[cls]
        self.gone[cls] += told(before) - told(after)

    @rule(cls=st.sampled_from(CLASSES), n=st.integers(1, 100))
    def drop(self, cls, n):
        self.clock += 1
        self.given[cls] += n
        moment = Moment(AT + self.clock, self.clock, "b")
        self.outbox.drop(cls, n, AT + self.clock, moment, "queue-full")

    @rule()
    def reopen(self):
        self.outbox.close()
        self.outbox = Outbox(self.path, self.limits, AT)
        assert self.outbox.fresh == ""

    @rule(back=st.integers(1, 10**6))
    def step_clock(self, back):
        self.clock -= back

    @invariant()
    def holds(self):
        for cls, here in held(self.path).items():
            assert here.stream == self.streams[cls] == self.outbox.streams[cls]
            assert here.last >= max(self.kept[cls], default=0)
            assert all(here.covered(seq) for seq in range(self.through[cls] + 1, here.last + 1))
            assert here.events.items() <= self.kept[cls].items()
            assert self.outbox.waiting()[cls] == len(here.events) + len(here.gaps)
            assert told(here) + self.gone[cls] == self.given[cls]
            if cls is Class.AUDIT:
                wait = {seq for seq in self.kept[cls] if seq > self.through[cls]}
                assert wait == here.events.keys()

    @invariant()
    def bounded(self):
        assert self.path.stat().st_size <= plan(self.limits).pages * PAGE
        # A group that is larger than the log may be goes beyond by itself.
        assert on_disk(self.path) <= self.limits.octets + 24 * PAGE
        book = self.outbox._streams
        link = self.outbox._link
        for cls in CLASSES:
            lengths = link.execute(f"SELECT length(body) FROM {cls.value}").fetchall()  # noqa: S608
            assert book[cls].octets == sum(cost(length) for (length,) in lengths)


def told(here) -> int:
    """Return how many events rows tell of, those that were dropped included."""
    return len(here.events) + sum(gap.n for gap in here.gaps)


@pytest.mark.slow
def test_a_long_life():
    calm = settings(
        max_examples=40, stateful_step_count=40, deadline=None,
        phases=[Phase.reuse, Phase.generate],  # to make one smaller takes minutes
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Life, settings=calm)
