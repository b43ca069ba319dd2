# SPDX-License-Identifier: Apache-2.0
"""Processes that die are started again, a second later, by a clock that is given."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.hour.services import AGAIN_S, Service, below, with_word
from hil.region.world import Program, until

WAITS = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)", "a-word")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    one = Service("one", lambda: Program(tmp_path / "log", WAITS, tmp_path))
    yield one
    one.kill()


def test_what_runs_is_left_alone(service):
    pid = service.pid
    service.tend(0.0)
    service.tend(100.0)
    assert (service.is_alive, service.pid, service.deaths) == (True, pid, 0)


def test_what_died_is_started_again_after_a_second(service):
    pid = service.pid
    service.kill()
    alive = []
    for at_s in (5.0, 5.0 + AGAIN_S / 2, 5.0 + AGAIN_S, 5.0 + 2 * AGAIN_S):
        service.tend(at_s)
        alive.append(service.is_alive)
    assert alive == [False, False, True, True]
    assert (service.pid != pid, service.deaths) == (True, 1)


def test_it_dies_as_often_as_it_is_killed(service):
    for at_s in (0.0, 10.0, 20.0):
        service.tell(signal.SIGKILL)
        until(lambda: not service.is_alive, "it is dead")
        service.tend(at_s)
        service.tend(at_s + AGAIN_S)
    assert (service.is_alive, service.deaths) == (True, 3)


def test_what_is_gone_is_told_nothing(service):
    service.stop()
    service.tell(signal.SIGTERM)
    assert not service.is_alive


def test_processes_below_one_are_found_by_a_word():
    words = [sys.executable, "-c", f"import subprocess; subprocess.run({WAITS!r})"]
    with subprocess.Popen(words, start_new_session=True) as parent:
        try:
            until(lambda: with_word(below(parent.pid), "a-word"), "the child is there")
            found = with_word(below(os.getpid()), "a-word")
            assert found not in {None, parent.pid}
            assert with_word(below(parent.pid), "another-word") is None
        finally:
            os.killpg(parent.pid, signal.SIGKILL)


def test_below_a_process_that_is_gone_is_nothing():
    assert list(below(2**22 + 1)) == []
