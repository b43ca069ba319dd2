# SPDX-License-Identifier: Apache-2.0
"""Taps are heard together; one that is lost comes back, and what it lost stays counted."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from pydantic import BaseModel

from drivers.taps.memory import MemoryTap
from edge import plugins
from edge.config import parse
from edge.errors import DriverLost, InputError
from edge.intake import ear
from edge.intake.blind import APART_NS
from edge.intake.ear import AT_ONCE, Ear, ears_of, hear_all
from edge.judging import build_pipeline
from edge.model.event import TapBlind
from edge.model.unit import Unit
from edge.pipeline import Decided, Finding
from edge.ports import Driver, Losses, Trait
from edge.process.service import Notifier
from edge.settings.keys import Part
from tests.call.sip_talk import write
from tests.decode.test_signalling import BYE, udp

CONFIG = parse('[node]\nname = "bench"\n[trunk.intl]\nclass = "international"\n', Path("edge.toml"))

Act = Unit | list[Unit] | Exception | Losses


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
            elif isinstance(act, list):
                return act
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

    def ear(self) -> Ear:
        """Return one ear, to be led by hand."""
        part = Part(driver="script", settings=Scripts())
        (ear,) = ears_of({"a": part}, build_pipeline(CONFIG, lambda _: None), self._take)
        return ear

    def blind(self) -> list[TapBlind]:
        return [finding for finding in self.found if isinstance(finding, TapBlind)]

    def _take(self, _unit: Unit, found: list[Finding]) -> None:
        self.found += found


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Callable[..., House]:
    def build(trait: Trait = Trait.OFFLINE) -> House:
        built = House(trait)
        monkeypatch.setattr(plugins, "load", lambda _group, _name: built.driver)
        return built

    return build


def driver_of(tap: MemoryTap) -> Driver[Any, Any]:
    async def open_tap(_name: str, _config: Scripts) -> MemoryTap:
        return tap

    return Driver("memory", Scripts, open_tap, "Fed by hand.", Trait.OFFLINE)


def heard_at(time: int) -> Unit:
    return structs.replace(udp(BYE), at=time)


MORE_FRAGMENTS = b"\x20\x00"
WHOLE = udp(bytes(40))
PIECE = structs.replace(WHOLE, data=WHOLE.data[:6] + MORE_FRAGMENTS + WHOLE.data[8:])


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
    assert (ear.there.name, ear.there.away) == ("tap a", "")
    assert [tap.closed for tap in one.taps] == [1, 1, 1]
    assert sum(event.lost for event in one.blind()) == 7
    assert {(event.tap, event.trunks) for event in one.blind()} == {("a", ("intl",))}


def test_a_loss_is_said_on_its_trunk_with_cause_and_time(house: Callable[..., House]) -> None:
    """More is put into a tap of three than it holds; what is beyond is lost."""
    one, tap = house(), MemoryTap(3)
    one.driver = driver_of(tap)
    tap.put(*(heard_at(number) for number in range(10)))
    tap.end()
    (ear,) = one.hear(a=[])
    assert (ear.heard, ear.lost) == (3, {"full": 7})
    assert one.blind() == [TapBlind(2, "a", ("intl",), "full", 7)]


def test_a_flood_of_losses_is_one_event_a_second(house: Callable[..., House]) -> None:
    one, half = house(), APART_NS // 2
    one.hear(
        a=[
            [
                *(losses(full=1), heard_at(0)),
                *(losses(full=5, gap=9), heard_at(half)),
                *(losses(full=20, gap=9), heard_at(2 * half)),
                *(losses(full=22, gap=9), heard_at(3 * half)),
            ]
        ]
    )
    assert [(event.at, event.cause, event.lost) for event in one.blind()] == [
        (0, "full", 1), (half, "gap", 9), (2 * half, "full", 19), (3 * half, "full", 2),
    ]  # fmt: skip


def test_what_was_not_read_is_lost(house: Callable[..., House]) -> None:
    """A device goes with units in its buffer: they are counted when it is given back."""
    one, tap = house(), MemoryTap(5)
    one.driver = driver_of(tap)
    tap.put(heard_at(0), heard_at(1))
    tap.vanish("unplugged")
    ear = one.ear()
    with pytest.raises(DriverLost):
        asyncio.run(ear.hear(lambda: None))
    assert (ear.heard, ear.lost) == (0, {"unread": 2})


def test_a_piece_without_the_rest_is_said_at_the_end(house: Callable[..., House]) -> None:
    one = house()
    one.hear(a=[[PIECE]])
    assert [(event.cause, event.lost) for event in one.blind()] == [("fragments missing", 1)]


def test_a_piece_without_the_rest_is_said_in_silence(house: Callable[..., House]) -> None:
    """Nothing more is heard: time alone tells that the rest will not come."""
    one = house(Trait.LIVE)
    one.scripts = {"a": [[PIECE, DriverLost("unplugged")]]}
    ear = one.ear()
    with pytest.raises(DriverLost):
        asyncio.run(ear.hear(lambda: None))
    assert one.blind() == []
    ear.pass_time()
    assert [(event.cause, event.lost) for event in one.blind()] == [("fragments missing", 1)]


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


def test_a_quiet_trunk_feeds_the_watchdog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ear, "LOOK_EVERY_S", 0.0)
    monkeypatch.setenv("WATCHDOG_USEC", "2")
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.setblocking(False)
        asyncio.run(_quiet(systemd, Notifier({"NOTIFY_SOCKET": str(address)})))


async def _quiet(systemd: socket.socket, notify: Notifier) -> None:
    """Hear nothing at all until the watchdog was fed."""
    taps = {"quiet": Part(driver="memory", settings=plugins.load("taps", "memory").config())}
    ears = ears_of(taps, build_pipeline(CONFIG, print), lambda _unit, _found: None)
    said = b""
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        hearing = group.create_task(hear_all(ears, notify))
        while said != b"WATCHDOG=1":
            said = await asyncio.get_running_loop().sock_recv(systemd, 64)
        hearing.cancel()
    assert ears[0].heard == 0


BLOCK = [udp(write("INVITE", call=f"c{number}")) for number in range(5 * AT_ONCE + 3)]
"Heard in one read, as a ring of the kernel hands it over after a burst."


def test_others_have_their_turn_while_a_burst_is_followed(house: Callable[..., House]) -> None:
    built, seen = house(Trait.LIVE), [0]
    built.scripts, one = {"a": [[[*BLOCK]]]}, built.ear()

    async def look() -> None:
        while seen[-1] < len(BLOCK):
            seen.append(one.heard)
            await asyncio.sleep(0)

    asyncio.run(hear_all([one], Notifier({}), [look]))
    assert max(after - before for before, after in pairwise(seen)) == AT_ONCE
    assert sum(isinstance(finding, Decided) for finding in built.found) == len(BLOCK)


def test_what_was_read_is_followed_to_the_last_by_who_is_told_to_stop(
    house: Callable[..., House],
) -> None:
    built = house(Trait.LIVE)
    built.scripts, one = {"a": [[Losses((("ring full", 4),)), [*BLOCK]]]}, built.ear()

    async def stop_within() -> None:
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(hear_all([one], Notifier({})))
            while not one.heard:  # noqa: ASYNC110 - its turns are what is looked at
                await asyncio.sleep(0)
            assert one.heard < len(BLOCK)
            hearing.cancel()

    asyncio.run(stop_within())
    assert (one.heard, one.lost) == (len(BLOCK), {"ring full": 4})
    assert sum(isinstance(finding, Decided) for finding in built.found) == len(BLOCK)
    assert built.taps[0].closed == 1


def test_a_tap_that_hears_nothing_while_units_are_lost_below_it_hangs(
    house: Callable[..., House],
) -> None:
    """A quiet trunk loses nothing; one loss that is long over is no hang either."""
    one, tap = house().ear(), ScriptTap([])

    def look(now_s: float, heard: int, lost: int) -> bool:
        one.heard, tap._losses = heard, Losses((("ring full", lost),) if lost else ())
        return bool(one.hangs(now_s))

    assert not look(0.0, 0, 0), "it is not open: its supervisor sees to that"
    one._tap = tap
    looks = [
        (1.0, 5, 0, False), (11.0, 5, 3, False), (40.0, 5, 3, False), (50.0, 5, 4, True),
        (60.0, 6, 9, False), (70.0, 6, 10, False), (80.0, 6, 11, False), (90.0, 6, 12, True),
    ]  # fmt: skip
    assert [look(now_s, heard, lost) for now_s, heard, lost, _ in looks] == [
        hangs for *_, hangs in looks
    ]
    one._tap = None
    assert not look(100.0, 6, 13)
