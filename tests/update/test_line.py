# SPDX-License-Identifier: Apache-2.0
"""The window follows what the line carries; an urgent word does not wait behind a bundle."""

import socket

import pytest

from edge.update.line import FIRST, LEAST, MOST, Line, Pace
from tests.update.narrow import run


def test_the_window_holds_a_short_time_of_the_line() -> None:
    line = Line(Pace(queue_s=0.1))
    assert line.window == FIRST
    for _ in range(8):
        line.carried(250_000, 1.0)  # 2 Mbit/s
    assert line.window == 25_000
    assert line.kbit == 2000


def test_it_opens_step_by_step_and_closes_at_once() -> None:
    line = Line()
    for _ in range(3):
        line.carried(100_000_000, 1.0)
    assert line.window == 8 * FIRST
    line.carried(60_000, 1.0)
    assert line.window == 6_000
    line.carried(1, 100.0)
    assert line.window == LEAST
    for _ in range(30):
        line.carried(1 << 40, 1.0)
    assert line.window == MOST


def test_what_was_not_measured_changes_nothing() -> None:
    line = Line()
    line.carried(0, 1.0)
    line.carried(1000, 0.0)
    assert line.window == FIRST


def test_the_kernel_is_told_and_a_new_socket_begins_anew() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = Line()
        with socket.create_connection(server.getsockname()) as one:
            line.tune(one)
            first = one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            for _ in range(4):
                line.carried(10_000_000, 1.0)
            assert one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) > 4 * first
            assert one.getsockopt(socket.IPPROTO_TCP, 10) == line.window
        line.carried(1000, 1.0)  # it is closed: no matter
        with socket.create_connection(server.getsockname()) as other:
            line.tune(other)
            assert line.window == FIRST
            assert other.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == first


@pytest.mark.asyncio
async def test_a_bound_of_its_own_is_kept() -> None:
    slept: list[float] = []
    now_s = [0.0]

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now_s[0] += seconds

    line = Line(Pace(kbit=1000), now_s=lambda: now_s[0], sleep=sleep)
    for _ in range(5):
        await line.leave_room(125_000)
    assert slept == [1.0] * 4
    now_s[0] += 60
    await line.leave_room(125_000)
    assert slept == [1.0] * 4  # what was left before is not made up for
    free = Line(sleep=sleep)
    await free.leave_room(1 << 40)
    assert slept == [1.0] * 4


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.peer("mosquitto", "tc", "nsenter")
def test_an_urgent_word_does_not_wait_behind_a_bundle() -> None:
    waited = run(2000, Line(), 6.0)
    assert waited.words > 50
    assert waited.p99_ms <= 250, waited
    assert waited.kbit > 1000, waited
