# SPDX-License-Identifier: Apache-2.0
"""An act is on disk when it is said to be kept."""

from functools import partial
from pathlib import Path
from threading import Thread, Timer

import pytest

from edge.errors import InputError
from edge.evidence.acts import ActLog, ActsHeld
from edge.evidence.audit import audit
from edge.evidence.merkle import WIDTH
from edge.evidence.shelf import find, read_leaves
from tests.evidence.box import DAY_NS, NOW

ACT = {"act": "mode", "by": ["a1b2"], "state": "done", "text": "ALA-INT enforces."}


def test_an_act_has_its_leaf_at_once(tmp_path: Path) -> None:
    acts = ActLog(tmp_path, lambda: NOW)
    assert [acts.keep(ACT), acts.keep({"act": "restart"})] == [0, 1]
    assert len(read_leaves(tmp_path)) == 2 * WIDTH
    ((line, record),) = find(tmp_path, f"{NOW:x}-1", print)
    assert record == {**ACT, "id": f"{NOW:x}-1", "leaf": 0, "at": NOW}
    assert line.path == tmp_path / "2026-11-25" / "acts.jsonl"
    acts.close()


def test_the_number_goes_on_over_runs_and_days(tmp_path: Path) -> None:
    for day in range(3):
        acts = ActLog(tmp_path, partial(int, NOW + day * DAY_NS))
        assert acts.damage == []
        assert acts.keep(ACT) == day
        if day == 2:
            assert acts.prune("2026-11-26") == 1
        acts.close()
    assert list(audit(tmp_path)) == []


def test_from_many_threads(tmp_path: Path) -> None:
    acts, leaves = ActLog(tmp_path), []
    threads = [Thread(target=lambda: leaves.append(acts.keep(ACT))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    acts.close()
    assert sorted(leaves) == list(range(8))
    assert list(audit(tmp_path)) == []


def test_an_act_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    acts = ActLog(tmp_path, lambda: NOW)
    (tmp_path / "2026-11-25").touch()
    with pytest.raises(InputError, match="File exists"):
        acts.keep(ACT)
    (tmp_path / "2026-11-25").unlink()
    assert acts.keep(ACT) == 0
    acts.close()


def test_one_process_at_a_time_holds_the_log(tmp_path: Path) -> None:
    acts = ActLog(tmp_path)
    with pytest.raises(ActsHeld, match="another process"):
        ActLog(tmp_path)
    assert acts.keep(ACT) == 0  # who was refused has harmed nothing
    acts.close()
    ActLog(tmp_path).close()


def test_who_has_patience_gets_the_log_when_it_is_let_go(tmp_path: Path) -> None:
    acts = ActLog(tmp_path)
    let_go = Timer(0.1, acts.close)
    let_go.start()
    later = ActLog(tmp_path, patience_s=30)
    assert later.keep(ACT) == 0
    later.close()
    let_go.join()


def test_a_log_that_cannot_be_is_not_called_held(tmp_path: Path) -> None:
    (tmp_path / "acts").touch()
    with pytest.raises(InputError, match="exists") as refusal:
        ActLog(tmp_path / "acts")
    assert not isinstance(refusal.value, ActsHeld)
