# SPDX-License-Identifier: Apache-2.0
"""Who is abroad: answers of the operators, by way of the hub, in a cache that is asked at once.

    verdict ─► cache ─► known: abroad, or at home
                  └───► not known: the call goes on and is marked; the question is put
    the answer ─► cache; in time, and "at home" ─► `known`: the calls that asked are judged again

A verdict waits for nothing here. A question that is lost, refused or late is *allow and mark*.
"""

import asyncio
import secrets
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge import clock, counters
from edge.counting import Numbers
from edge.errors import DriverLost
from edge.process.handover import Refuse
from edge.process.question import CORE, UPLINK, Answer, Letters, Question
from edge.settings.keys import Config

MOST_OPEN = 48
"""Questions that are neither answered nor forgotten; beyond them none is put. So many answers may
come at once beside all else, and none is lost (`MOST_UNASKED` and `RECEIVE_MAXIMUM` of
`edge.report.hub.session`). Where nobody answers, this is all the line has to bear in `FORGET`
deadlines."""
FORGET = 10
"Deadlines after which an answer is no longer waited for: a late one still fills the cache."
UNKNOWN_S = 60.0
"Most that it is believed that nobody knows, seconds."


class Terms(msgspec.Struct, frozen=True):
    """How it is asked, and how long an answer is believed."""

    deadline_s: float = 0.3
    home_s: float = 300.0
    abroad_s: float = 3600.0
    most: int = 100_000
    "Numbers of which an answer is kept."
    most_open: int = MOST_OPEN

    def believed_s(self, answer: Answer) -> float:
        """Return how long an answer is believed: no longer than whoever gave it says."""
        if answer.abroad is None:
            most_s = UNKNOWN_S
        else:
            most_s = self.abroad_s if answer.abroad else self.home_s
        return min(most_s, answer.ttl_s)


class Known(NamedTuple):
    """An answer, and until when it is believed."""

    abroad: bool | None
    until_s: float


class Cache:
    """What is known of numbers. Pure; time is an argument."""

    def __init__(self, most: int) -> None:
        """Know at most so many; the one that was asked for least recently goes first."""
        self._most = most
        self._known: OrderedDict[str, Known] = OrderedDict()

    def __len__(self) -> int:
        """Numbers that are kept, those whose time is over among them."""
        return len(self._known)

    def get(self, digits: str, now_s: float) -> Known | None:
        """Return what is known of a number; None if nothing is, or nothing any more."""
        known = self._known.get(digits)
        if known is None:
            return None
        if known.until_s <= now_s:
            del self._known[digits]
            return None
        self._known.move_to_end(digits)
        return known

    def put(self, digits: str, known: Known) -> None:
        """Know something of a number; what was known before is forgotten."""
        self._known[digits] = known
        self._known.move_to_end(digits)
        if len(self._known) > self._most:
            self._known.popitem(last=False)


class Asked(msgspec.Struct):
    """A question that was put."""

    digits: str
    at_s: float
    late: bool = False
    "Whether its deadline is over."


class Open:
    """Questions that are under way, one a number at most. Pure; time is an argument."""

    def __init__(self, deadline_s: float, most: int, first: int = 1) -> None:
        """Hold at most so many; their ids are counted from `first`, unlike those of an old life."""
        self._deadline_s = deadline_s
        self._most = most
        self._ids = count(first)
        self._asked: dict[str, Asked] = {}
        "By id, the oldest first."
        self._numbers: set[str] = set()
        self._due: deque[str] = deque()
        "Ids whose deadline is to come, or was over since it was looked at, the oldest first."

    def __len__(self) -> int:
        """Questions that are neither answered nor forgotten."""
        return len(self._asked)

    def has(self, digits: str) -> bool:
        """Whether a question about a number is under way."""
        return digits in self._numbers

    def begin(self, digits: str, now_s: float) -> str:
        """Begin a question about a number that none is under way of; its id, empty if too many."""
        if len(self._asked) >= self._most:
            return ""
        name = f"{next(self._ids):x}"
        self._asked[name] = Asked(digits, now_s)
        self._numbers.add(digits)
        self._due.append(name)
        return name

    def waits(self, name: str) -> bool:
        """Whether an answer to a question would still be in time, as far as was looked at."""
        asked = self._asked.get(name)
        return asked is not None and not asked.late

    def end(self, name: str) -> Asked | None:
        """End a question that was answered; None if there is none such."""
        asked = self._asked.pop(name, None)
        if asked is not None:
            self._numbers.discard(asked.digits)
        return asked

    def pass_time(self, now_s: float) -> int:
        """Look at deadlines; return how many questions have none to come since the last look."""
        unanswered = 0
        while self._due:
            asked = self._asked.get(self._due[0])
            if asked and asked.at_s + self._deadline_s > now_s:
                break
            self._due.popleft()
            if asked:
                asked.late = True
                unanswered += 1
        while self._asked:
            name, asked = next(iter(self._asked.items()))
            if asked.at_s + FORGET * self._deadline_s > now_s:
                break
            self.end(name)
        return unanswered


class Roamers:
    """Answers at once whether a number is abroad, and has asked what it does not know."""

    def __init__(
        self,
        letters: Letters[Answer],
        terms: Terms = Terms(),  # noqa: B008 - frozen
        now_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        """Ask `uplink` by `letters`, which belongs to this from now on."""
        self.counts: Counter[str] = Counter()
        "By outcome: see `edge.counters.ROAMING`."
        self.known: Callable[[str], object] = lambda _digits: None
        "Told of a number that is at home, when the answer came within the deadline."
        self._letters = letters
        self._terms = terms
        self._now_s = now_s
        self._cache = Cache(terms.most)
        self._open = Open(terms.deadline_s, terms.most_open, secrets.randbits(48))
        self._to_put: Refuse[Question] = Refuse(terms.most_open)

    def __call__(self, digits: str) -> bool | None:
        """Return whether a number (E.164 digits) is abroad; None if that is not known, or not yet.

        Touches no socket: a verdict is being made.
        """
        now_s = self._now_s()
        known = self._cache.get(digits, now_s)
        if known is None:
            self._ask(digits, now_s)
            return None
        self.counts["cached"] += 1
        return known.abroad

    def _ask(self, digits: str, now_s: float) -> None:
        self._pass_time(now_s)
        if self._open.has(digits):
            self.counts["joined"] += 1
            return
        name = self._open.begin(digits, now_s)
        if not name:
            self.counts["not-asked"] += 1
            return
        question = Question(name, digits, round(self._terms.deadline_s * 1000))
        if self._to_put.put(question):
            self.counts["asked"] += 1
        else:
            self._open.end(name)
            self.counts["not-asked"] += 1

    async def forever(self) -> None:
        """Put the questions and take the answers, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._put())
            group.create_task(self._take())

    async def _put(self) -> None:
        while True:
            question = await self._to_put.get()
            self.look()
            if self._open.waits(question.id):
                try:
                    await self._letters.put(UPLINK, question)
                except DriverLost:
                    self.take(Answer(question.id, None))

    async def _take(self) -> None:
        while True:
            self.take(await self._letters.read())

    def take(self, answer: Answer) -> None:
        """Take an answer: into the cache, however late; what it means for calls, if in time."""
        now_s = self._now_s()
        self._pass_time(now_s)
        asked = self._open.end(answer.id)
        if asked is None:  # forgotten, or of an earlier life
            self.counts["late"] += 1
            return
        believed_s = self._terms.believed_s(answer)
        if believed_s > 0:
            self._cache.put(asked.digits, Known(answer.abroad, now_s + believed_s))
        if asked.late:
            self.counts["late"] += 1
            return
        self.counts["unknown" if answer.abroad is None else "answered"] += 1
        if answer.abroad is False and believed_s > 0:  # else judging again would only ask again
            self.known(asked.digits)

    def look(self) -> None:
        """See whose deadline is over."""
        self._pass_time(self._now_s())

    def _pass_time(self, now_s: float) -> None:
        self.counts["unanswered"] += self._open.pass_time(now_s)

    def close(self) -> None:
        """Ask no more. Call when `forever` has ended."""
        self._letters.close()


class RoamingFigures:
    """What is asked and answered, for others to watch."""

    def __init__(self, numbers: Numbers, roamers: Roamers) -> None:
        """Look at what is counted there."""
        self._roamers = roamers
        self._outcomes = numbers[counters.ROAMING]

    def look(self) -> None:
        """Take over how it stands."""
        self._roamers.look()
        for outcome, times in self._roamers.counts.items():
            self._outcomes[outcome,].value = times


def roamers_of(config: Config, run: Path) -> Roamers | None:
    """Return who knows, asking in the folder of hints; None where nobody is to be asked."""
    table = config.roaming
    if not (table.ask and config.hub.brokers):
        return None
    terms = Terms(table.deadline_ms / 1000, table.home_ttl_s, table.abroad_ttl_s, table.most)
    return Roamers(Letters(run, CORE, Answer), terms)
