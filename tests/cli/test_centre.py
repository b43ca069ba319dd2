# SPDX-License-Identifier: Apache-2.0
"""What the centre's commands share: no list is opened that is none, no file taken for another."""

from hashlib import sha256

import pytest

from edge.cli import centre
from edge.cli.centre import carried, check_side, opened, show_changes
from edge.errors import ConfigError, InputError, ListError
from tests.trust.centre import Centre


@pytest.fixture
def made(tmp_path):
    return Centre(tmp_path / "centre")


@pytest.mark.parametrize("name", ["none", "command", "firmware", ""])
def test_a_list_that_is_none_is_not_opened(made, name):
    with pytest.raises(ListError, match=f"has no list {name}"):
        opened(made.folder, name)


def test_more_than_people_read_is_counted(made, capsys, monkeypatch):
    monkeypatch.setattr(centre, "MOST_SHOWN", 2)
    made.add("77172000001", "77172000002", "77172000003")
    show_changes(opened(made.folder, "fraud"))
    assert capsys.readouterr().out.splitlines() == [
        "+ +77172000001  block  calling  fraud  order-1",
        "+ +77172000002  block  calling  fraud  order-1",
        "... and 1 more", "fraud: 3 added, 0 removed",
    ]  # fmt: skip


def test_who_signs_no_list_is_told_so():
    for side in ("operator", "prosecutor"):
        check_side(side)
    with pytest.raises(ConfigError, match="engineer signs no list"):
        check_side("engineer")


def test_a_file_is_the_one_that_was_shown(tmp_path):
    file = tmp_path / "file"
    with pytest.raises(InputError, match="No such file"):
        carried(file, "", 10)
    file.write_bytes(b"octets")
    digest = sha256(b"octets").hexdigest()
    assert carried(file, "", 10) == carried(file, digest.upper(), 10) == b"octets"
    with pytest.raises(InputError, match=f"another file than the desk shows: SHA-256 {digest}"):
        carried(file, "00" * 32, 10)
    with pytest.raises(InputError, match="another file"):
        carried(file, digest, 5)
