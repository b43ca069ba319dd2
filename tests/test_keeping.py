# SPDX-License-Identifier: Apache-2.0
"""Evidence is on disk while the process runs, a disk that refuses is told of, old days go."""

import asyncio
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.core import run_core
from edge.evidence.journal import Journal
from edge.evidence.merkle import WIDTH
from edge.evidence.shelf import LEAVES, PRUNED
from edge.keeping import prune, sync_alone
from edge.places import places_of
from edge.process.service import Notifier
from edge.report.event import Clock, Moment
from edge.verdict.guardrail import Alarm
from hil.loopback import free_port
from tests.small_core import SPOOFED, TOO_LONG_S, config, hep, invite

pytestmark = pytest.mark.usefixtures("log_as_it_was")


def test_evidence_is_on_disk_while_it_runs_where_no_hub_is_told(tmp_path: Path) -> None:
    port = free_port()
    settings = config(tmp_path, "", tap=f'driver = "hep"\nport = {port}')
    leaves = places_of(settings).evidence / LEAVES

    async def talk() -> int:
        async with asyncio.timeout(TOO_LONG_S), asyncio.TaskGroup() as group:
            running = group.create_task(run_core(settings, Notifier({})))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as switch:
                while not (leaves.exists() and leaves.stat().st_size):
                    switch.sendto(hep(invite(SPOOFED, "bad")), ("127.0.0.1", port))
                    await asyncio.sleep(0.05)
            found = leaves.stat().st_size
            running.cancel()
        return found

    assert asyncio.run(talk()) == WIDTH  # a leaf: the others were repeats


def test_a_disk_that_refuses_evidence_is_said_once_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.keeping.SYNC_EVERY_S", 0)
    answers, said = [True, False, False, True, False], list[Alarm]()

    def sync() -> bool:
        if not answers:
            raise KeyboardInterrupt
        return answers.pop(0)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(sync_alone(sync, said.append))
    assert [alarm.name for alarm in said] == ["evidence-not-on-disk"] * 2


@pytest.mark.parametrize(("quality", "left"), [
    (Clock.SYNCED, ["2026-11-20", "2026-11-21"]),
    (Clock.HOLDOVER, ["2026-11-19", "2026-11-20", "2026-11-21"]),
])  # fmt: skip
def test_days_go_by_a_clock_that_can_be_believed(
    tmp_path: Path, quality: Clock, left: list[str]
) -> None:
    journal = Journal(tmp_path)
    for day in ("2026-11-19", "2026-11-20", "2026-11-21"):
        (tmp_path / day).mkdir()
    noon_ns = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()) * 10**9
    assert prune(journal, Moment(noon_ns, noon_ns, "bench", quality), keep_days=1) is None
    journal.close()
    assert sorted(day.name for day in tmp_path.iterdir() if day.is_dir()) == left


def test_a_disk_that_refuses_to_let_go_ends_nothing_and_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    (tmp_path / "2026-11-19").mkdir()
    (tmp_path / PRUNED).mkdir()  # where the note goes
    noon_ns = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()) * 10**9
    alarm = prune(journal, Moment(noon_ns, noon_ns, "bench", Clock.SYNCED), keep_days=1)
    journal.close()
    assert alarm is not None
    assert (alarm.name, alarm.at) == ("evidence-not-pruned", noon_ns)
    assert (tmp_path / "2026-11-19").exists()
