# SPDX-License-Identifier: Apache-2.0
"""A mode that was set takes effect within a second or at a hint, whatever becomes of the file."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from edge.errors import ConfigError
from edge.model.verdict import Mode
from edge.modes import STOP, Modes, ModeWatch, go, is_stopped, read_modes, stop, write_modes

if TYPE_CHECKING:
    from edge.verdict.guardrail import Alarm

GROUND = {"intl": Mode.OBSERVE, "city": Mode.ENFORCE}
OBSERVED = dict.fromkeys(GROUND, Mode.OBSERVE)
NOW = 1


class Watched:
    """A watch over a file, and what it gave."""

    def __init__(self, folder, *, stopped=False):
        self.path = folder / "modes.json"
        self.stop = folder / STOP
        self.swapped: list[Modes] = []
        self.said: list[Alarm] = []
        self.watch = ModeWatch(
            self.path, GROUND, self.swapped.append, self.said.append, stopped=stopped
        )

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


def test_a_file_called_stop_is_enough(watched):
    watched.watch.first(NOW)
    watched.stop.touch()
    assert watched.look()
    assert (watched.now, watched.watch.is_stopped) == (OBSERVED, True)
    assert [alarm.name for alarm in watched.said] == ["enforcement-stopped"]
    write_modes(watched.path, {"intl": Mode.ENFORCE})
    watched.path.write_bytes(b"{")
    watched.look()
    assert watched.now == OBSERVED, "no mode and no damage ends it"
    write_modes(watched.path, {"intl": Mode.ENFORCE})
    watched.stop.unlink()
    watched.look()
    assert watched.now == dict.fromkeys(GROUND, Mode.ENFORCE)
    assert len(watched.said) == 1
    assert not watched.watch.is_stopped


@pytest.mark.parametrize("how", ["folder", "dangling"])
def test_whatever_is_called_stop_stops(watched, how):
    if how == "folder":
        watched.stop.mkdir()
    else:
        watched.stop.symlink_to("nowhere")
    watched.watch.first(NOW)
    assert watched.now == OBSERVED


def test_a_state_folder_that_cannot_be_looked_at_stops(tmp_path):
    (tmp_path / "file").touch()
    assert is_stopped(tmp_path / "file" / STOP)
    assert not is_stopped(tmp_path / STOP)


def test_a_stop_of_the_configuration_has_no_other_end(tmp_path):
    watched = Watched(tmp_path, stopped=True)
    write_modes(watched.path, {"intl": Mode.ENFORCE})
    watched.watch.first(NOW)
    watched.stop.touch()
    watched.look()
    watched.stop.unlink()
    watched.look()
    assert watched.swapped == [OBSERVED]
    assert [alarm.text for alarm in watched.said] == [
        "all trunks are only observed: stop in the configuration"
    ]


def test_a_signal_stops_at_once_and_its_file_ends_it(watched):
    watched.watch.first(NOW)
    watched.watch.stop_now(NOW)
    assert watched.now == OBSERVED
    assert watched.stop.read_text() == "signal\n"
    watched.watch.stop_now(NOW)
    assert len(watched.said) == 1
    watched.look()
    assert go(watched.stop)
    watched.look()
    assert watched.now == GROUND


def test_a_disk_that_refuses_the_file_is_no_way_on(tmp_path):
    folder = tmp_path / "state"
    watched = Watched(folder)
    folder.mkdir()
    watched.watch.first(NOW)
    folder.rmdir()
    watched.watch.stop_now(NOW)
    watched.look()
    assert watched.now == OBSERVED
    folder.mkdir()
    watched.look()
    assert watched.now == OBSERVED, "a file that never was cannot end it"
    watched.stop.touch()
    watched.look()
    watched.stop.unlink()
    watched.look()
    assert watched.now == GROUND


def test_stop_and_go_by_hand(tmp_path):
    path = tmp_path / STOP
    assert not go(path)
    stop(path, "root: wrong list")
    assert is_stopped(path)
    assert path.read_text() == "root: wrong list\n"
    assert go(path)
    assert not is_stopped(path)


def test_stop_needs_no_more_than_a_name(tmp_path):
    path = tmp_path / STOP
    path.with_name(f"{STOP}.new").mkdir()  # what is written beside it cannot be
    stop(path, "x")
    assert path.read_bytes() == b""
    with pytest.raises(OSError, match="No such file"):
        stop(tmp_path / "none" / STOP, "x")
