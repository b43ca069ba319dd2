# SPDX-License-Identifier: Apache-2.0
"""A gate that was lost is opened again, and what it had counted is not forgotten."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from edge import plugins
from edge.errors import DriverLost
from edge.intake.gatehouse import Gatehouse
from edge.model.answer import GO_ON, Answer
from edge.model.message import Message
from edge.model.verdict import Action
from edge.ports import Decide, Driver
from edge.settings.keys import Part
from tests.enforce.talk import INVITE, message
from tests.report.small_box import eventually

BLOCK = Answer(Action.BLOCK, 603, "Decline")
GONE = DriverLost("port taken")


class Settings(BaseModel):
    """As much of a driver's configuration as is asked for."""


class ScriptGate:
    """Asks once when it is opened, then waits, ends or is lost, as the script says."""

    def __init__(self, fate: Exception | None) -> None:
        self.counts: Counter[str] = Counter()
        self.answers: list[Answer] = []
        self.closed = 0
        self._fate = fate

    async def serve(self, decide: Decide) -> None:
        self.counts["asked"] += 1
        self.answers.append(decide(message(INVITE)))
        if self._fate is ENDS:
            return
        if isinstance(self._fate, TimeoutError):
            await asyncio.Event().wait()
        raise self._fate

    async def close(self) -> None:
        self.closed += 1


STAYS, ENDS = TimeoutError(), None


class House:
    """A gatehouse over gates that live as a script says, one after the other."""

    def __init__(self, *script: Exception | None, refuses: int = 0) -> None:
        self.gates: list[ScriptGate] = []
        self.away: list[str] = []
        "Why the gate was away, each time it was to be opened."
        self._script = list(script)
        self._refuses = refuses
        self.driver: Driver[Any, Any] = Driver("script", Settings, self._open, "Asks.")
        part = Part(driver="script", settings=Settings())
        self.house = Gatehouse("sbc", part, self._decide)
        self.asked: list[Message] = []

    async def _open(self, name: str, _config: Settings) -> ScriptGate:
        assert name == "sbc"
        self.away.append(self.house.there.away)
        if self._refuses:
            self._refuses -= 1
            raise GONE
        self.gates.append(ScriptGate(self._script.pop(0)))
        return self.gates[-1]

    def _decide(self, asked: Message) -> Answer:
        self.asked.append(asked)
        return BLOCK if len(self.asked) == 1 else GO_ON

    async def until(self, truth: Callable[[], object]) -> None:
        """Run until something holds."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.house.forever())
            await eventually(truth)
            task.cancel()


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Callable[..., House]:
    def build(*script: Exception | None, refuses: int = 0) -> House:
        built = House(*script, refuses=refuses)
        monkeypatch.setattr(plugins, "load", lambda _group, _name: built.driver)
        return built

    return build


@pytest.mark.asyncio
async def test_what_is_asked_is_answered_by_the_house(house: Callable[..., House]) -> None:
    one = house(STAYS)
    await one.until(lambda: one.asked)
    (gate,) = one.gates
    assert (gate.answers, gate.closed) == ([BLOCK], 1)
    assert one.house.counts == {"asked": 1}


@pytest.mark.asyncio
@pytest.mark.parametrize("fate", [GONE, ENDS], ids=["lost", "ended by itself"])
async def test_a_gate_that_goes_is_opened_again_and_its_counts_stay(
    house: Callable[..., House], fate: Exception | None
) -> None:
    one = house(fate, STAYS)
    seen: list[int] = []

    def is_back() -> bool:
        seen.append(one.house.counts["asked"])
        return len(one.asked) == 2

    await one.until(is_back)
    assert not one.house.there.away
    assert [gate.closed for gate in one.gates] == [1, 1]
    assert one.house.counts == {"asked": 2}
    assert seen == sorted(seen)  # a counter never decreases
    assert one.house.part.restarts == 1


@pytest.mark.asyncio
async def test_a_port_that_cannot_be_had_is_tried_again(house: Callable[..., House]) -> None:
    one = house(STAYS, refuses=1)
    await one.until(lambda: one.asked)
    assert (one.house.part.restarts, one.house.counts["asked"]) == (1, 1)
    assert one.away == ["", "port taken"]
    assert (one.house.there.name, one.house.there.away) == ("gate sbc", "")


@pytest.mark.asyncio
async def test_a_bug_ends_the_process_and_gives_the_port_back(house: Callable[..., House]) -> None:
    one = house(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await one.house.forever()
    assert one.gates[0].closed == 1


@pytest.mark.asyncio
async def test_before_it_is_open_it_has_counted_nothing(house: Callable[..., House]) -> None:
    assert house(STAYS).house.counts == {}
