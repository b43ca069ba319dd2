# SPDX-License-Identifier: Apache-2.0
"""What systemd would hear on its socket, by sd_notify(3), and which signals do what."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.process.service import (
    Notifier,
    Vigil,
    Watchdog,
    credentials,
    halting,
    signals,
    watchdog_s,
)


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    abstract = f"qalqan-test-{os.getpid()}"
    bound, name = (
        (str(tmp_path / "notify"), str(tmp_path / "notify"))
        if request.param == "file"
        else (f"\0{abstract}", f"@{abstract}")
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(bound)
        listener.setblocking(False)
        yield listener, name


def heard(listener: socket.socket) -> list[str]:
    lines = []
    while True:
        try:
            lines.append(listener.recv(4096).decode())
        except BlockingIOError:
            return lines


def test_the_life_of_a_service(systemd: tuple[socket.socket, str]) -> None:
    listener, name = systemd
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.ready()
    notifier.status("2 taps\nhear")
    notifier.status("2 taps\nhear")
    notifier.alive()
    notifier.stopping()
    assert heard(listener) == ["READY=1", "STATUS=2 taps hear", "WATCHDOG=1", "STOPPING=1"]


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nonexistent/notify"}])
def test_nobody_listens_and_nothing_happens(environ: dict[str, str]) -> None:
    notifier = Notifier(environ)
    notifier.ready()
    assert watchdog_s(environ) == 0


@pytest.mark.parametrize(
    ("environ", "every_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_half_of_the_patience_is_used(environ: dict[str, str], every_s: float) -> None:
    assert watchdog_s(environ, pid=7) == every_s


@pytest.mark.parametrize(("every_s", "fed_at"), [(10.0, [0.0, 10.0, 25.0]), (0.0, [])])
def test_the_watchdog_is_fed_by_ticks_alone_and_no_oftener_than_asked(
    every_s: float, fed_at: list[float]
) -> None:
    now_s: list[float] = []
    fed: list[float] = []
    watchdog = Watchdog(lambda: fed.append(now_s[-1]), every_s)
    for at_s in (0.0, 1.0, 9.9, 10.0, 25.0, 34.9):
        now_s.append(at_s)
        watchdog.tick(at_s)
    assert fed == fed_at


@pytest.mark.asyncio
async def test_signals_call_what_they_should_and_are_given_back() -> None:
    said: list[str] = []
    news = asyncio.Event()

    def say(word: str) -> None:
        said.append(word)
        news.set()

    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    with signals(lambda: say("stop"), lambda: say("reload")):
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            news.clear()
            os.kill(os.getpid(), number)
            async with asyncio.timeout(5):
                await news.wait()
    assert said == ["reload", "stop", "stop"]
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before


@pytest.mark.asyncio
async def test_sigusr1_halts_and_is_given_back() -> None:
    halted, before = asyncio.Event(), signal.getsignal(signal.SIGUSR1)
    with halting(halted.set):
        os.kill(os.getpid(), signal.SIGUSR1)
        async with asyncio.timeout(5):
            await halted.wait()
    assert signal.getsignal(signal.SIGUSR1) == before


def test_who_watches_feeds_only_while_each_part_of_the_work_goes_on(
    systemd: tuple[socket.socket, str],
) -> None:
    listener, name = systemd
    trouble = {"writer": "", "tap": ""}
    vigil = Vigil(
        Notifier({"NOTIFY_SOCKET": name}), 10.0,
        [lambda _now_s: trouble["writer"], lambda now_s: f"deaf at {now_s}" * bool(trouble["tap"])],
        lambda: "1 of 1 taps hear",
    )  # fmt: skip
    vigil.tick(0.0)
    vigil.show()
    assert heard(listener) == ["WATCHDOG=1", "STATUS=1 of 1 taps hear"]
    trouble["writer"], trouble["tap"] = "the writer has ended", "yes"
    vigil.tick(5.0)
    assert vigil.trouble == "", "it is asked no oftener than the watchdog wants to be fed"
    vigil.tick(10.0)
    vigil.show()
    assert heard(listener) == ["STATUS=HANGS: the writer has ended; deaf at 10.0; 1 of 1 taps hear"]
    trouble["writer"] = trouble["tap"] = ""
    vigil.tick(20.0)
    assert heard(listener) == ["WATCHDOG=1"]


def test_what_systemd_loaded_for_us_alone() -> None:
    assert credentials({}) is None
    assert credentials({"CREDENTIALS_DIRECTORY": "/run/c"}) == Path("/run/c")
