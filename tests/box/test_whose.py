# SPDX-License-Identifier: Apache-2.0
"""Whom the audit log names, and whose the files are that root has written."""

import os
from pathlib import Path

import pytest

from edge.box.whose import act_as_owner, who
from edge.errors import InputError

NOBODY = 65_534


def test_who_came_through_sudo_is_named_too(monkeypatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert who() == "root"
    monkeypatch.setenv("SUDO_USER", "asel")
    assert who() == "asel as root"
    assert who("aigul") == "aigul by asel as root"
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert who() == "4000000000"


def test_a_box_that_never_ran_has_no_switch(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this box never ran"):
        act_as_owner(tmp_path / "none")


@pytest.mark.root
def test_what_root_does_belongs_to_the_owner_of_the_state(tmp_path: Path) -> None:
    before = os.geteuid(), os.getegid()
    act_as_owner(tmp_path)
    assert (os.geteuid(), os.getegid()) == before, "it is root's own"
    os.chown(tmp_path, NOBODY, NOBODY)
    try:
        act_as_owner(tmp_path)
        assert (os.geteuid(), os.getegid()) == (NOBODY, NOBODY)
        assert os.getuid() == before[0], "who it was is still known"
    finally:
        os.seteuid(before[0])
        os.setegid(before[1])
