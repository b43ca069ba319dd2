# SPDX-License-Identifier: Apache-2.0
"""The control line of a real QEMU, which has no machine to run."""

import subprocess
from collections.abc import Iterator

import pytest

from hil.bench.box import Refused
from hil.bench.qmp import Qmp

pytestmark = pytest.mark.peer("qemu-system-x86_64")


@pytest.fixture
def qemu() -> Iterator[tuple[Qmp, subprocess.Popen[bytes]]]:
    qmp = Qmp()
    words = ["qemu-system-x86_64", "-S", "-machine", "none", "-display", "none", *qmp.words]
    running = subprocess.Popen(words, pass_fds=(qmp.theirs.fileno(),))
    qmp.handed_over()
    yield qmp, running
    running.kill()
    running.wait()
    qmp.close()


def test_commands_are_answered(qemu):
    qmp, _ = qemu
    assert qmp.do("query-status")["status"] == "prelaunch"
    assert qmp.do("query-version")["qemu"]["major"] >= 7


def test_events_in_between_are_passed_over(qemu):
    qmp, _ = qemu
    for command in ("cont", "stop", "cont"):  # each is told of by an event as well
        qmp.do(command)
    assert qmp.do("query-status")["running"] is True


def test_what_qemu_does_not_do_is_refused_by_its_words(qemu):
    qmp, _ = qemu
    with pytest.raises(Refused, match=r"set_link: Device 'mirror' not found"):
        qmp.do("set_link", name="mirror", up=False)
    assert qmp.do("query-name") == {}, "and the line is as before"


def test_a_qemu_that_is_gone_is_an_error_and_no_endless_wait(qemu):
    qmp, running = qemu
    qmp.do("query-status")
    running.kill()
    running.wait()
    with pytest.raises(Refused, match="QEMU does not answer"):
        qmp.do("query-status")
