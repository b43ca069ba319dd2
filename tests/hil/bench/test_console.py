# SPDX-License-Identifier: Apache-2.0
"""A console with a real shell behind it, on a pseudo-terminal as a serial line would be."""

import os
import pty
import select
import subprocess
from collections.abc import Callable, Iterator

import pytest

from hil.bench.box import NotSeen, Refused
from hil.bench.console import PROMPT, STARTS, Console

S = 20


def read_of(descriptor: int) -> Callable[[], bytes | None]:
    def read() -> bytes | None:
        ready, _, _ = select.select([descriptor], [], [], 0.05)
        return (os.read(descriptor, 4096) or None) if ready else b""

    return read


@pytest.fixture
def shell() -> Iterator[Console]:
    """A shell as the image's profile `hil` has it, a machine that has just been started before."""
    ours, theirs = pty.openpty()
    console = Console()
    console.plug(read_of(ours), lambda octets: os.write(ours, octets))
    os.write(theirs, f"{STARTS} A\n".encode())
    running = subprocess.Popen(
        ["sh", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={"PS1": PROMPT, "PATH": os.environ["PATH"]},
    )  # fmt: skip
    os.close(theirs)
    yield console
    running.kill()
    running.wait()
    console.unplug()
    os.close(ours)


@pytest.fixture
def line() -> Iterator[tuple[Console, Callable[[str], object]]]:
    """A console, and what is said on it."""
    ours, theirs = os.pipe()
    console = Console()
    console.plug(read_of(ours), lambda _: None)
    yield console, lambda text: os.write(theirs, text.encode())
    os.close(theirs)
    console.unplug()
    os.close(ours)


def test_what_a_command_says_is_returned(shell):
    assert shell.ask("echo one; echo two", S) == "one\ntwo\n"
    assert shell.ask("true", S) == ""


def test_a_command_that_fails_says_so(shell):
    with pytest.raises(Refused, match="3\nnot today"):
        shell.ask("(echo not today; exit 3)", S)
    assert shell.ask("echo well", S) == "well\n", "and the next one is asked as before"


def test_lines_of_systemd_in_between_are_left_out(shell):
    assert shell.ask("echo a; echo '[  OK  ] Started thing.'; echo b", S) == "a\nb\n"


def test_what_was_waited_for_is_not_found_again(line):
    console, say = line
    say("starting slot A\nstarting slot B\n")
    assert [console.until("slot ([AB])", S)[1] for _ in range(2)] == ["A", "B"]
    with pytest.raises(NotSeen, match="no 'slot"):
        console.until("slot ([AB])", 0.1)


def test_colours_are_left_out_though_torn(line):
    console, say = line
    say("one \x1b[1;3")
    console.until("one ", S)
    say("2mtwo\x1b[0m\r\n")
    console.until("two", S)
    assert console.said == "one two\n"


def test_a_line_that_ends_ends_the_waiting(line):
    console, say = line
    say("so far\n")
    console.until("far", S)
    console.unplug()
    with pytest.raises(NotSeen, match=r"it is off\nso far"):
        console.until("further", S)
