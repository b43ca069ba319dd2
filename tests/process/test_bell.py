# SPDX-License-Identifier: Apache-2.0
"""A ring from another thread is answered in the loop; one after its end is not an error."""

import asyncio
import threading

from edge.process.bell import Bell


def test_a_ring_from_a_thread_is_answered_in_the_loop() -> None:
    async def talk() -> list[int]:
        heard: list[int] = []
        done = asyncio.Event()

        def answer() -> None:
            heard.append(threading.get_ident())
            done.set()

        bell = Bell()
        bell.answer = answer
        thread = threading.Thread(target=bell.ring)
        thread.start()
        await asyncio.wait_for(done.wait(), 10)
        thread.join()
        return heard

    assert asyncio.run(talk()) == [threading.get_ident()]


def test_nobody_answers_where_nobody_was_named_or_the_loop_has_ended() -> None:
    async def make() -> Bell:
        bell = Bell()
        bell.ring()
        await asyncio.sleep(0)
        return bell

    asyncio.run(make()).ring()
