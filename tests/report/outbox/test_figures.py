# SPDX-License-Identifier: Apache-2.0
"""What the writer counts of its outbox is shown under the labels of the table."""

from pathlib import Path

import pytest

from edge.counting import Numbers
from edge.report.event import Class, Event, Moment
from edge.report.outbox.figures import OutboxFigures
from edge.report.outbox.quota import Limits
from edge.report.outbox.scribe import Statistics
from edge.report.outbox.writer import Writer

AT = 1_900_000_000 * 10**9


def test_a_new_outbox_shows_every_class(tmp_path: Path) -> None:
    numbers = Numbers()
    writer = Writer(tmp_path / "o.db", Limits(8 << 20), tmp_path / "acked.json").start()
    figures = OutboxFigures(numbers, writer, lambda: Moment(AT, 1, "b"))
    event = Event(Class.BLOCK, "alarm", Moment(AT - 5 * 10**9, 1, "b"), {"name": "n"})
    writer.record(event).result(30)
    writer.close()
    figures.look()
    found = numbers.flat()
    assert found['qalqan_outbox_recorded_total{class="block"}'] == 1
    assert found['qalqan_outbox_events{class="block"}'] == 1
    assert found['qalqan_outbox_oldest_seconds{class="block"}'] == 5
    assert found['qalqan_outbox_events{class="audit"}'] == 0
    assert found["qalqan_outbox_bytes"] > 0


def test_what_was_dropped_is_shown_by_class_and_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = Numbers()
    writer = Writer(tmp_path / "o.db", Limits(8 << 20), tmp_path / "acked.json").start()
    counted = Statistics(dropped={(Class.DEBUG, "quota"): 9})
    monkeypatch.setattr(writer._scribe, "statistics", counted)
    OutboxFigures(numbers, writer, lambda: Moment(AT, 1, "b")).look()
    assert numbers.flat()['qalqan_outbox_dropped_total{class="debug",reason="quota"}'] == 9
    writer.close()
