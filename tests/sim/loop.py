# SPDX-License-Identifier: Apache-2.0
"""An event loop without an outside world: when nobody has anything to do, time jumps ahead.

One seed, one story: tasks hash by number, since task groups keep them in sets; what would go to a
thread is done at once, and its result arrives after a time that the simulation may set.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple

from typing_extensions import override

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
START_S = 1000.0
MOST_AT_ONCE = 100_000
"Rounds of the loop at one moment: beyond it somebody runs in circles."


class Stuck(Exception):
    """Nothing will ever happen again, or everything happens at one moment."""


class _Selector(selectors.SelectSelector):
    """Asked to wait, it says that the time is over."""

    now_s = START_S
    _rounds = 0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("nothing will ever happen")
        before_s, self.now_s = self.now_s, self.now_s + max(timeout, 0.0)
        self._rounds = self._rounds + 1 if self.now_s == before_s else 0
        if self._rounds > MOST_AT_ONCE:
            raise Stuck(f"it runs in circles at {self.now_s} s")
        return []


class NumberedTask(asyncio.Task):
    """A task whose place in a set is the same in every run."""

    made = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        NumberedTask.made += 1
        self._number = NumberedTask.made
        super().__init__(*args, **kwargs)

    @override
    def __hash__(self) -> int:
        return self._number


class VirtualLoop(asyncio.SelectorEventLoop):
    """`asyncio.run` with it returns after no time at all."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        self.thread_s: Callable[[], float] = lambda: 0.0
        "How long a thread takes for its work."
        NumberedTask.made = 0
        super().__init__(self._virtual)
        self.set_task_factory(_numbered)

    @override
    def time(self) -> float:
        return self._virtual.now_s

    @override
    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> "asyncio.Future[T]":
        """Do the work at once; whoever waits gets its result when the time is over."""
        future: asyncio.Future[T] = self.create_future()
        try:
            done = func(*args)
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            self.call_later(self.thread_s(), _fail, future, error)
        else:
            self.call_later(self.thread_s(), _succeed, future, done)
        return future


def _fail(future: "asyncio.Future[T]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _succeed(future: "asyncio.Future[T]", done: T) -> None:
    if not future.done():
        future.set_result(done)


def _numbered(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> "asyncio.Task[Any]":
    return NumberedTask(work, loop=loop, **more)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a story to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
