# SPDX-License-Identifier: Apache-2.0
"""An act is in the log that is signed and on its way to the hub, or the act is not to be done."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.evidence.acts import ActLog
from edge.report.command.minutes import Minutes
from edge.report.event import Class, Event
from edge.report.outbox.quota import LEAST_OCTETS, Limits
from edge.report.outbox.reader import OutboxReader
from edge.report.outbox.writer import Writer
from tests.report.test_alarms import NOW

ACT = {"act": "mode", "by": ("aa",), "command": "", "state": "done", "text": "world enforced"}


class Desk:
    def __init__(self, folder: Path, octets: int = 8 << 20) -> None:
        self.acts = ActLog(folder / "acts")
        self.writer = Writer(folder / "o.db", Limits(octets), folder / "acked.json").start()
        self.minutes = Minutes(self.acts, self.writer, lambda: NOW)
        self.reader = OutboxReader(folder / "o.db")

    def reported(self) -> list[dict[str, object]]:
        (stream,) = [one for one in self.reader.streams() if one.cls is Class.AUDIT]
        return [json.loads(row.body) for row in self.reader.read(stream.stream, 0, 1 << 20, 1000)]

    def logged(self) -> list[dict[str, object]]:
        lines = sorted(self.acts.folder.rglob("acts.jsonl"))
        return [json.loads(line) for path in lines for line in path.read_text().splitlines()]

    def close(self) -> None:
        self.reader.close()
        self.writer.close()
        self.acts.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


def test_an_act_is_logged_and_reported_before_it_is_said_to_be(desk: Desk) -> None:
    assert desk.minutes.record(ACT)
    (logged,), (reported,) = desk.logged(), desk.reported()
    assert (logged["act"], logged["text"]) == ("mode", "world enforced")
    assert (reported["kind"], reported["by"]) == ("act", ["aa"])
    assert desk.minutes.room()


def test_what_others_report_is_logged_if_it_is_an_act(desk: Desk) -> None:
    desk.minutes.put(Event(Class.AUDIT, "act", NOW, dict(ACT)))
    desk.minutes.put(Event(Class.AUDIT, "alarm", NOW, {"name": "n", "trunk": "", "text": "t"}))
    assert desk.minutes.record(ACT)  # behind both, in order
    assert [line["act"] for line in desk.logged()] == ["mode", "mode"]
    assert [event["kind"] for event in desk.reported()] == ["act", "alarm", "act"]


def test_an_act_that_cannot_be_logged_is_not_to_be_done(desk: Desk, tmp_path: Path) -> None:
    assert desk.minutes.record(ACT)
    desk.acts._log.leave()
    for folder in (path for path in (tmp_path / "acts").iterdir() if path.is_dir()):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        folder.write_text("a file where a folder was")
    assert not desk.minutes.record(ACT)


def test_an_outbox_that_is_full_of_acts_takes_no_more(tmp_path: Path) -> None:
    desk = Desk(tmp_path, octets=LEAST_OCTETS)
    long = {**ACT, "text": "x" * 20_000}
    kept = 0
    while desk.minutes.record(long) and kept < 1000:
        kept += 1
    assert 0 < kept < 1000
    assert len(desk.reported()) == len(desk.logged()) == kept  # none was dropped for another
    desk.close()
