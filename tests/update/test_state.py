# SPDX-License-Identifier: Apache-2.0
"""What is kept of an update outlives the process; what is damaged is as if it were not there."""

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from edge.report.kinds import UpdateEvent
from edge.report.message import Campaign
from edge.update.state import FILE, HEALTH, IN_SLOT, OVER, WANTED, Folder, Found, State, Update

UPDATE = Update("spring", "1.1.0", "1.2.0", State.INSTALLING, 40, slot_from="A", slot="B", tries=1)


def test_an_update_reads_as_it_was_kept(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "update")
    assert (folder.update(), folder.wanted(), folder.found()) == (None, None, None)
    folder.keep(UPDATE)
    assert Folder(tmp_path / "update").update() == UPDATE
    said = msgspec.json.decode((tmp_path / "update" / FILE).read_bytes())
    assert said["state"] == "installing"
    assert (said["slot"], said["campaign"], said["version"]) == ("B", "spring", "1.2.0")


def test_what_is_wanted_reads_as_it_was_kept_and_goes(tmp_path: Path) -> None:
    folder, campaign = Folder(tmp_path), Campaign(id="spring", version="1.2.0")
    folder.want(campaign)
    assert folder.wanted() == campaign
    for _ in range(2):
        folder.want(None)
        assert folder.wanted() is None


def test_what_health_found_is_read_and_forgotten(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    words = {"slot": "B", "boot": "b00t", "verdict": "given-back", "why": "taps", "text": "deaf"}
    (tmp_path / HEALTH).write_bytes(msgspec.json.encode({**words, "v": 1, "more": []}))
    assert folder.found() == Found("B", "b00t", "given-back", "taps", "deaf")
    folder.forget_health()
    assert folder.found() is None


@pytest.mark.parametrize("octets", [b"", b"\0" * 80, b"{}", b"[1", b'{"state":"unheard-of"}'])
def test_what_is_damaged_is_as_if_it_were_not_there(tmp_path: Path, octets: bytes) -> None:
    for name in (FILE, WANTED, HEALTH):
        (tmp_path / name).write_bytes(octets)
    folder = Folder(tmp_path)
    assert (folder.update(), folder.wanted(), folder.found()) == (None, None, None)


def test_every_state_is_one_of_the_wire() -> None:
    told = get_args(UpdateEvent.model_fields["state"].annotation)
    assert [state.value for state in State] == list(told)
    assert not OVER & IN_SLOT


def test_room_is_that_of_the_disk(tmp_path: Path) -> None:
    assert Folder(tmp_path).free() > 0
