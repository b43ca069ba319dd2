# SPDX-License-Identifier: Apache-2.0
"""Questions over real sockets: put once, answered in time or for the next call, never too many."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge import counters
from edge.counting import Numbers
from edge.process.question import CORE, UPLINK, Answer, Letters, Question
from edge.roaming import FORGET, MOST_OPEN, Roamers, RoamingFigures, Terms
from tests.report.small_box import eventually

ONE, TWO, THREE = "447700900001", "447700900002", "447700900003"
HOUR = 3600
TERMS = Terms(deadline_s=0.3, home_s=300, abroad_s=HOUR, most=1000)


class Desk:
    """Roamers at work, and who answers them."""

    def __init__(self, folder: Path, terms: Terms = TERMS) -> None:
        self.now_s = 0.0
        self.uplink = Letters(folder, UPLINK, Question)
        self.roamers = Roamers(Letters(folder, CORE, Answer), terms, lambda: self.now_s)
        self.home: list[str] = []
        self.roamers.known = self.home.append

    async def asked(self) -> Question:
        async with asyncio.timeout(10):
            return await self.uplink.read()

    async def answer(self, question: Question, abroad: bool | None, ttl_s: int = HOUR) -> None:
        """Answer, and wait until it was taken."""
        before = self.taken
        await self.uplink.put(CORE, Answer(question.id, abroad, ttl_s))
        await eventually(lambda: self.taken > before)

    @property
    def taken(self) -> int:
        return sum(self.roamers.counts[outcome] for outcome in ("answered", "unknown", "late"))

    @property
    def counts(self) -> Counter[str]:
        self.roamers.look()
        return +self.roamers.counts


@asynccontextmanager
async def desk(folder: Path, terms: Terms = TERMS) -> AsyncIterator[Desk]:
    one = Desk(folder, terms)
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(one.roamers.forever())
            yield one
            task.cancel()
    finally:
        one.roamers.close()
        one.uplink.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("abroad", "home", "outcome"),
    [(True, [], "answered"), (False, [ONE], "answered"), (None, [], "unknown")],
)
async def test_the_second_call_is_answered_at_once(
    tmp_path: Path, abroad: bool | None, home: list[str], outcome: str
) -> None:
    async with desk(tmp_path) as one:
        assert one.roamers(ONE) is None
        question = await one.asked()
        assert (question.number, question.deadline_ms) == (ONE, 300)
        await one.answer(question, abroad)
        assert one.roamers(ONE) is abroad
        assert one.home == home
        assert one.counts == {"asked": 1, outcome: 1, "cached": 1}


@pytest.mark.asyncio
@pytest.mark.parametrize(("abroad", "believed_s"), [(True, HOUR), (False, 300), (None, 60)])
async def test_what_is_over_is_asked_anew(
    tmp_path: Path, abroad: bool | None, believed_s: int
) -> None:
    async with desk(tmp_path) as one:
        one.roamers(ONE)
        await one.answer(await one.asked(), abroad)
        one.now_s = believed_s - 0.01
        assert one.roamers(ONE) is abroad
        one.now_s = believed_s
        assert one.roamers(ONE) is None
        assert (await one.asked()).number == ONE


@pytest.mark.asyncio
async def test_calls_of_one_number_put_one_question(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        assert [one.roamers(ONE) for _ in range(100)] == [None] * 100
        question = await one.asked()
        await one.answer(question, abroad=False)
        assert one.home == [ONE]
        one.roamers(TWO)
        assert (await one.asked()).number == TWO
        assert one.counts == {"asked": 2, "joined": 99, "answered": 1}


@pytest.mark.asyncio
@pytest.mark.parametrize("abroad", [True, False])
async def test_a_late_answer_is_for_the_next_call_alone(tmp_path: Path, abroad: bool) -> None:
    async with desk(tmp_path) as one:
        one.roamers(ONE)
        question = await one.asked()
        one.now_s = 0.3
        await one.answer(question, abroad)
        assert one.home == []
        assert one.roamers(ONE) is abroad
        assert one.counts == {"asked": 1, "unanswered": 1, "late": 1, "cached": 1}


@pytest.mark.asyncio
async def test_an_answer_that_is_not_to_be_believed_has_no_call_judged_again(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as one:
        one.roamers(ONE)
        await one.answer(await one.asked(), abroad=False, ttl_s=0)
        assert (one.home, one.roamers(ONE)) == ([], None)
        assert one.counts == {"asked": 2, "answered": 1}


@pytest.mark.asyncio
async def test_what_nobody_answers_is_asked_anew_once_it_is_forgotten(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.roamers(ONE)
        first = await one.asked()
        one.now_s = 0.3 * FORGET - 0.01
        one.roamers(ONE)
        assert one.counts == {"asked": 1, "joined": 1, "unanswered": 1}
        one.now_s = 0.3 * FORGET
        one.roamers(ONE)
        second = await one.asked()
        assert (second.number, second.id != first.id) == (ONE, True)
        await one.answer(first, abroad=False)  # later than late: to which number is not known
        assert one.home == []
        await one.answer(second, abroad=True)
        assert one.roamers(ONE) is True


@pytest.mark.asyncio
async def test_an_answer_to_an_earlier_life_says_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.roamers(ONE)
        question = await one.asked()
    async with desk(tmp_path) as one:
        one.roamers(TWO)
        assert (await one.asked()).id != question.id
        await one.answer(question, abroad=False)
        assert (one.home, one.roamers(TWO), one.roamers(ONE)) == ([], None, None)


@pytest.mark.asyncio
async def test_a_flood_of_numbers_is_bounded(tmp_path: Path) -> None:
    numbers = [f"447700900{n:03}" for n in range(1000)]
    async with desk(tmp_path, Terms(deadline_s=0.3, most=100)) as one:
        for times in (1, 2):  # nobody answers: as many again once the first are forgotten
            assert not any(map(one.roamers, numbers))
            asked = [await one.asked() for _ in range(MOST_OPEN)]
            assert {question.number for question in asked} == set(numbers[:MOST_OPEN])
            assert one.counts["asked"] == times * MOST_OPEN
            assert one.counts["not-asked"] == times * (len(numbers) - MOST_OPEN)
            one.now_s += 0.3 * FORGET
        assert one.counts["unanswered"] == 2 * MOST_OPEN

        numbers = numbers[-120:]
        for digits in numbers:  # all are answered: as many are kept as were to be
            assert one.roamers(digits) is None
            await one.answer(await one.asked(), abroad=True)
        assert (one.roamers(numbers[-1]), one.roamers(numbers[-100])) == (True, True)
        assert one.roamers(numbers[-101]) is None
        assert len(one.roamers._cache) == 100


@pytest.mark.asyncio
async def test_where_nobody_is_to_ask_it_is_not_known_and_asked_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        (tmp_path / f"{UPLINK}.letters.sock").unlink()
        for times in range(1, 4):
            assert one.roamers(ONE) is None
            await eventually(lambda: one.taken == times)  # noqa: B023 - awaited here
        assert one.counts == {"asked": 3, "unknown": 3}
        assert one.home == []


@pytest.mark.asyncio
async def test_what_waited_too_long_to_be_put_is_not_put(tmp_path: Path) -> None:
    one = Desk(tmp_path)
    one.roamers(ONE)
    one.now_s = 0.3
    one.roamers(TWO)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(one.roamers.forever())
        assert (await one.asked()).number == TWO
        task.cancel()
    assert one.counts == {"asked": 2, "unanswered": 1}
    one.roamers.close()
    one.uplink.close()


@pytest.mark.asyncio
async def test_it_is_shown_how_often_what_happened(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        numbers = Numbers()
        figures = RoamingFigures(numbers, one.roamers)
        name = counters.ROAMING.name
        assert set(numbers.flat().values()) == {0}
        one.roamers(ONE)
        one.now_s = 0.3
        figures.look()
        shown = {outcome: count for outcome, count in numbers.flat().items() if count}
        assert shown == {f'{name}{{outcome="asked"}}': 1, f'{name}{{outcome="unanswered"}}': 1}
