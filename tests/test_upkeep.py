# SPDX-License-Identifier: Apache-2.0
"""How the process begins, and what it lets go of. What its parts do is in `tests/flows`."""

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge import clock
from edge.config import parse
from edge.counting import Numbers
from edge.errors import ConfigError, RestartAsked
from edge.moment import Moments
from edge.places import places_of
from edge.process.service import Notifier
from edge.report.command.register import Pending, Register
from edge.report.command.trial import _sha
from edge.report.event import Clock, Moment
from edge.seen.readings import Meter, Recorder
from edge.upkeep import PRUNE_EVERY_S, Upkeep, begin, run_uplink

GOOD = '[node]\nname = "bench"\nstate_dir = "s"\n[hub]\nbrokers = ["127.0.0.1:1"]\ntls = false\n'
NOW_S = 1_900_000_000
ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "edge.toml").write_text(GOOD)
    (tmp_path / "s").mkdir()
    return tmp_path / "edge.toml"


def on_trial(path: Path, new: str) -> None:
    """Put a configuration in place that is on trial."""
    register = Register(path.parent / "s" / "uplink.db", NOW_S)
    register.begin_trial(Pending(ID, 1, GOOD.encode(), _sha(new.encode()), 60))
    register.close()
    path.with_name("edge.toml.before").write_text(GOOD)
    path.write_text(new)


def test_it_begins_with_the_file(path: Path) -> None:
    config, register, tried = begin(path)
    register.close()
    assert (config.node.name, tried) == ("bench", False)


def test_a_configuration_on_trial_that_cannot_be_read_gives_way(path: Path) -> None:
    on_trial(path, "[node]\nname = ")
    config, register, tried = begin(path)
    assert (config.node.name, tried, register.trial()) == ("bench", True, None)
    register.close()
    assert path.read_text() == GOOD


def test_a_file_that_was_always_wrong_is_an_error(path: Path) -> None:
    path.write_text("[node]\n")
    with pytest.raises(ConfigError, match="name"):
        begin(path)


def test_a_box_that_was_decommissioned_does_not_begin(path: Path) -> None:
    (path.parent / "s" / "decommissioned").touch()
    with pytest.raises(ConfigError, match="decommissioned"):
        begin(path)


def upkeep(
    path: Path, moment: Moment, prune: Callable[[str], object], stand: Callable[..., object] = print
) -> Upkeep:
    kept: Any = SimpleNamespace(
        moments=SimpleNamespace(now=lambda: moment), minutes=SimpleNamespace(prune=prune),
        alarms=SimpleNamespace(stand=stand), writer=None,
    )  # fmt: skip
    spoken: Any = SimpleNamespace(
        session=None, link=None, drain=SimpleNamespace(took=None), standing=None
    )
    uplink: Any = SimpleNamespace(kept=kept, spoken=spoken, follow=None)
    return Upkeep(uplink, parse(GOOD, path), Numbers(), lambda: None)


@pytest.mark.parametrize(
    ("quality", "pruned"),
    [(Clock.SYNCED, ["2027-03-18"]), (Clock.HOLDOVER, []), (Clock.UNSET, [])],
)
def test_only_a_clock_that_is_kept_says_what_is_old(
    path: Path, quality: Clock, pruned: list[str]
) -> None:
    found: list[str] = []
    exported = path.parent / "s" / "exports" / "evidence-1.tar"
    exported.parent.mkdir()
    exported.touch()
    one = upkeep(path, Moment(NOW_S * 10**9, 1, "b", quality), found.append)
    asyncio.run(one._prune())
    assert found == pruned
    assert exported.exists() == (not pruned)


def test_a_disk_that_refuses_to_let_go_ends_nothing_and_is_told(path: Path) -> None:
    refusals = [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))]
    said: dict[str, str] = {}

    def prune(_before: str) -> None:
        if refusals:
            raise refusals.pop()

    one = upkeep(path, Moment(NOW_S * 10**9, 1, "b", Clock.SYNCED), prune, said.__setitem__)
    asyncio.run(one._prune())
    assert "No space left" in said["acts-not-pruned"]
    one._pruned_s = -PRUNE_EVERY_S
    asyncio.run(one._prune())
    assert said == {"acts-not-pruned": ""}


@pytest.mark.parametrize(
    ("broker", "error", "said"),
    [
        ("10.0.0.1:8883", "", "at 10.0.0.1:8883, 7 events wait for it"),
        ("", "", "no hub: not yet, 7 events wait for it"),
        ("", "refused", "no hub: refused, 7 events wait for it"),
    ],
)
def test_how_it_stands_is_said_in_a_line(path: Path, broker: str, error: str, said: str) -> None:
    one = upkeep(path, Moment(NOW_S * 10**9, 1, "b"), print)
    standing = SimpleNamespace(queued=lambda: {"call": 4, "audit": 3})
    session = SimpleNamespace(broker=broker, error=error)
    spoken = SimpleNamespace(session=session, standing=standing)
    one._uplink = SimpleNamespace(spoken=spoken)  # type: ignore[assignment]
    assert one._line() == said


class Asks:
    """What asks for a certificate whenever it is given the chance."""

    def __init__(self, what: str) -> None:
        self.what = what

    def due(self, _now_s: int, _mono_s: float) -> str:
        return self.what


@pytest.mark.parametrize(("broker", "hub", "said"), [
    ("10.0.0.1:8883", SimpleNamespace(online=True), ["renew", "page"]),
    ("10.0.0.1:8883", SimpleNamespace(online=False), []), ("10.0.0.1:8883", None, []),
    ("", SimpleNamespace(online=True), []),
])  # fmt: skip
def test_certificates_are_asked_for_where_the_hub_hears(
    path: Path, broker: str, hub: Any, said: list[str]
) -> None:
    one = upkeep(path, Moment(NOW_S * 10**9, 1, "b"), print)
    found: list[str] = []

    async def send(asked: str) -> None:
        found.append(asked)

    session, link = SimpleNamespace(broker=broker), SimpleNamespace(hub=hub, send=send)
    one._uplink = SimpleNamespace(  # type: ignore[assignment]
        renewal=Asks("renew"), page=Asks("page"), spoken=SimpleNamespace(session=session, link=link)
    )
    asyncio.run(one._renew())
    assert found == said


def test_whether_core_lives_is_seen_by_its_numbers(path: Path) -> None:
    one = upkeep(path, Moment(NOW_S * 10**9, 1, "b"), print)
    moments = Moments()
    one._uplink = SimpleNamespace(kept=SimpleNamespace(moments=moments))  # type: ignore[assignment]
    assert not one._core_lives()
    run = places_of(parse(GOOD, path)).run
    Recorder(run, Meter("core", Numbers(), moments)).write()
    assert one._core_lives()
    late = Moments(boot_ns=lambda: clock.boot_ns() + 60 * 10**9)
    one._uplink = SimpleNamespace(kept=SimpleNamespace(moments=late))  # type: ignore[assignment]
    assert not one._core_lives()


def test_what_core_left_before_a_trial_proves_nothing(path: Path) -> None:
    """With a wrong configuration it does not start again; its last numbers stay young a while."""
    moments = Moments()
    run = places_of(parse(GOOD, path)).run
    Recorder(run, Meter("core", Numbers(), moments)).write()
    one = upkeep(path, Moment(NOW_S * 10**9, 1, "b"), print)
    one._uplink = SimpleNamespace(kept=SimpleNamespace(moments=moments))  # type: ignore[assignment]
    one._began_ns = moments.now().mono - 10**9
    assert not one._core_lives()


def test_a_trial_that_cannot_be_won_begins_anew_with_the_old_file(path: Path) -> None:
    new = GOOD + "[calls]\nmax = 500\n"
    register = Register(path.parent / "s" / "uplink.db", NOW_S)
    register.begin_trial(Pending(ID, 1, GOOD.encode(), _sha(new.encode()), 1))
    register.close()
    path.with_name("edge.toml.before").write_text(GOOD)
    path.write_text(new)
    with pytest.raises(RestartAsked):
        asyncio.run(run_uplink(path, Notifier({})))
    assert path.read_text() == GOOD
