# SPDX-License-Identifier: Apache-2.0
"""Taps are heard together; one that is lost comes back, and what it lost stays counted."""

import asyncio
import gc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from edge import plugins
from edge.config import parse
from edge.core import build_pipeline
from edge.ear import Ear, ears_of, hear_all
from edge.errors import DriverLost, InputError
from edge.model.event import TapBlind
from edge.model.unit import Unit
from edge.pipeline import Decided, Finding
from edge.ports import Driver, Losses, Trait
from edge.service import Notifier
from edge.settings import Part
from tests.call.sip_talk import write
from tests.decode.test_signalling import BYE, udp

CONFIG = parse('[node]\nname = "bench"\n[trunk.intl]\nclass = "international"\n', Path("edge.toml"))

Act = Unit | Exception | Losses


class ScriptTap:
    """Plays a script: units are heard, errors raised, losses counted; then it ends."""

    def __init__(self, script: Sequence[Act]) -> None:
        self._script = iter(script)
        self._losses = Losses()
        self.closed = 0

    async def read(self) -> Sequence[Unit]:
        await asyncio.sleep(0)
        for act in self._script:
            if isinstance(act, Losses):
                self._losses = act
            elif isinstance(act, Unit):
                return [act]
            else:
                raise act
        return ()

    def lost(self) -> Losses:
        return self._losses

    async def close(self) -> None:
        self.closed += 1


class Scripts(BaseModel):
    """As much of a driver's configuration as is asked for."""


class House:
    """Ears over scripted taps: one script for each time that a tap is opened."""

    def __init__(self, trait: Trait = Trait.OFFLINE) -> None:
        self.scripts: dict[str, list[list[Act]]] = {}
        self.taps: list[ScriptTap] = []
        self.found: list[Finding] = []
        self.driver: Driver[Any, Any] = Driver("script", Scripts, self._open, "Plays.", trait)

    async def _open(self, name: str, _config: Scripts) -> ScriptTap:
        self.taps.append(ScriptTap(self.scripts[name].pop(0)))
        return self.taps[-1]

    def hear(self, **scripts: list[list[Act]]) -> list[Ear]:
        self.scripts = scripts
        parts = {name: Part(driver="script", settings=Scripts()) for name in scripts}
        pipeline = build_pipeline(CONFIG, lambda _: None)
        ears = ears_of(parts, pipeline, self._take, CONFIG.trunk)
        asyncio.run(hear_all(ears, Notifier({})))
        return ears

    def _take(self, _unit: Unit, found: list[Finding]) -> None:
        self.found += found


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., House]]:
    thresholds = gc.get_threshold()

    def build(trait: Trait = Trait.OFFLINE) -> House:
        built = House(trait)
        monkeypatch.setattr(plugins, "load", lambda _group, _name: built.driver)
        return built

    yield build
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def losses(**counts: int) -> Losses:
    return Losses(tuple(counts.items()))


def test_hears_to_the_end_and_gives_the_device_back(house: Callable[..., House]) -> None:
    one = house()
    (ear,) = one.hear(a=[[udp(write("INVITE")), udp(BYE)]])
    assert (ear.heard, ear.lost) == (2, {})
    assert [type(finding) for finding in one.found][1] is Decided
    assert [tap.closed for tap in one.taps] == [1]


def test_a_lost_device_is_opened_again_and_its_losses_stay(house: Callable[..., House]) -> None:
    one = house()
    gone = DriverLost("unplugged")
    (ear,) = one.hear(
        a=[
            [losses(full=2), udp(BYE), losses(full=5), gone],
            [gone],
            [losses(full=1, gap=1), udp(BYE)],
        ]
    )
    assert (ear.heard, ear.lost) == (2, {"full": 6, "gap": 1})
    assert [tap.closed for tap in one.taps] == [1, 1, 1]
    blind = [finding for finding in one.found if isinstance(finding, TapBlind)]
    assert sum(finding.lost for finding in blind) == 7
    assert {(finding.tap, finding.trunks) for finding in blind} == {("a", ("intl",))}


def test_the_others_go_on_while_one_is_lost(house: Callable[..., House]) -> None:
    one = house()
    first, second = one.hear(
        a=[[DriverLost("unplugged")], [udp(BYE)]], b=[[udp(BYE), udp(BYE), udp(BYE)]]
    )
    assert (first.heard, second.heard) == (1, 3)


def test_what_a_person_can_mend_is_said_as_such(house: Callable[..., House]) -> None:
    with pytest.raises(InputError, match="no capture"):
        house().hear(a=[[udp(BYE), InputError("no capture")]], b=[[udp(BYE)]])


def test_a_bug_ends_all_with_its_traceback(house: Callable[..., House]) -> None:
    with pytest.raises(BaseExceptionGroup) as caught:
        house().hear(a=[[ZeroDivisionError()]], b=[[udp(BYE)]])
    assert caught.group_contains(ZeroDivisionError)


@pytest.mark.parametrize(
    ("trait", "rule"),
    [(Trait.OFFLINE, "spoof.fixed-cli-abroad"), (Trait.LIVE, "guardrail.late")],
)
def test_a_capture_has_its_own_time(house: Callable[..., House], trait: Trait, rule: str) -> None:
    """A packet of 1970 is in time in a capture, and hopelessly late on a live tap in `enforce`."""
    spoofed = udp(write("INVITE").replace(b"+447700900123", b"+77172000009"))
    one = house(trait)
    one.scripts = {"a": [[spoofed]]}
    config = parse(
        '[node]\nname = "b"\n[trunk.t]\nclass = "international"\nmode = "enforce"\n', Path("e.toml")
    )
    part = Part(driver="script", settings=Scripts())
    ears = ears_of({"a": part}, build_pipeline(config, lambda _: None), one._take)
    asyncio.run(hear_all(ears, Notifier({})))
    (decided,) = (finding for finding in one.found if isinstance(finding, Decided))
    assert decided.verdict.rule == rule
