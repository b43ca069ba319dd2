# SPDX-License-Identifier: Apache-2.0
"""A mode that was set takes effect within a second or at a hint, whatever becomes of the file."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from edge.errors import ConfigError
from edge.model.verdict import Mode
from edge.modes import Modes, ModeWatch, read_modes, write_modes

if TYPE_CHECKING:
    from edge.verdict.guardrail import Alarm

GROUND = {"intl": Mode.OBSERVE, "city": Mode.ENFORCE}
NOW = 1


class Watched:
    """A watch over a file, and what it gave."""

    def __init__(self, folder):
        self.path = folder / "modes.json"
        self.swapped: list[Modes] = []
        self.said: list[Alarm] = []
        self.watch = ModeWatch(self.path, GROUND, self.swapped.append, self.said.append)

    def look(self):
        return self.watch.look(NOW)

    @property
    def now(self):
        return self.swapped[-1]


@pytest.fixture
def watched(tmp_path):
    return Watched(tmp_path)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "modes.json"
    assert read_modes(path) == {}
    write_modes(path, {"intl": Mode.ENFORCE})
    assert read_modes(path) == {"intl": Mode.ENFORCE}
    for damage in (b"", b"{", b'{"modes": {"intl": "block"}}', b"[]"):
        path.write_bytes(damage)
        with pytest.raises(ConfigError, match=r"modes\.json"):
            read_modes(path)


def test_without_a_file_the_configuration_holds(watched):
    watched.watch.first(NOW)
    assert (watched.swapped, watched.said) == ([GROUND], [])


def test_a_mode_that_was_set_goes_before_the_configuration(watched):
    watched.watch.first(NOW)
    write_modes(watched.path, {"intl": Mode.ENFORCE, "gone": Mode.ENFORCE})
    assert watched.look()
    assert watched.now == {"intl": Mode.ENFORCE, "city": Mode.ENFORCE}
    watched.look()
    assert len(watched.swapped) == 2, "nothing is done where nothing changed"
    write_modes(watched.path, {"city": Mode.OBSERVE})
    watched.look()
    assert watched.now == {"intl": Mode.OBSERVE, "city": Mode.OBSERVE}


def test_damage_changes_nothing_while_running_and_is_said_once(watched):
    write_modes(watched.path, {"intl": Mode.ENFORCE})
    watched.watch.first(NOW)
    watched.path.write_bytes(b"{")
    assert not watched.look()
    assert watched.look()
    assert [alarm.name for alarm in watched.said] == ["modes-damaged"]
    assert watched.swapped == [{"intl": Mode.ENFORCE, "city": Mode.ENFORCE}]
    write_modes(watched.path, {})
    watched.look()
    assert watched.now == GROUND


def test_damage_at_the_start_stops_no_call(watched):
    watched.path.write_bytes(b"\0")
    watched.watch.first(NOW)
    assert watched.now == {"intl": Mode.OBSERVE, "city": Mode.OBSERVE}
    assert [alarm.name for alarm in watched.said] == ["modes-damaged"]


@pytest.mark.asyncio
async def test_a_hint_is_enough(watched):
    watched.watch.first(NOW)
    arrived = asyncio.Event()

    def swap(modes):
        watched.swapped.append(modes)
        arrived.set()

    watched.watch._swap = swap
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watched.watch.forever())
        await asyncio.sleep(0)
        write_modes(watched.path, {"intl": Mode.ENFORCE})
        watched.watch.look_now()
        await asyncio.wait_for(arrived.wait(), 10)
        task.cancel()
    assert watched.now["intl"] is Mode.ENFORCE
    with suppress(asyncio.CancelledError):
        await task
