# SPDX-License-Identifier: Apache-2.0
"""Errors that people meet are told by their kind; each error here was raised by what raises it."""

import errno
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge.blocklist.csvfile import read_entries
from edge.blocklist.said import opened
from edge.blocklist.sheet import from_entries
from edge.blocklist.store import Store, open_list
from edge.box import by_hand
from edge.box.by_hand import ask
from edge.config import Config, parse
from edge.console.lacks import OTHER, kind_of
from edge.console.speech import speech_of
from edge.doctor.lists import signed_digest
from edge.evidence.acts import ActLog
from edge.evidence.bundle import export
from edge.places import places_of
from tests.blocklist.images import entry

TEXT = '[node]\nname = "a"\n[trunk.intl]\nclass = "international"\n'


def said_by(do: Callable[[], object]) -> str:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whichever it is: its words are looked at
        do()
    return str(raised.value)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "state").mkdir()
    return parse(TEXT, tmp_path / "edge.toml")


def test_of_lists(tmp_path: Path) -> None:
    store, path = Store(tmp_path, "fraud"), tmp_path / "fraud.look"
    assert kind_of(said_by(lambda: opened(store))) == "no version of the list can be used"
    assert kind_of(said_by(lambda: open_list(path))) == "the file is not there"
    store.write(from_entries("fraud", 3, [entry("77172000001")]))
    store.commit(3)
    whole = path.read_bytes()
    for octets in (b"", b"x" * 4096, whole[:-1], whole[:60] + b"x" + whole[61:], whole[:-1] + b"x"):
        path.write_bytes(octets)
        assert kind_of(said_by(lambda: open_list(path).verify())) == "the file is damaged"


def test_of_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for octets in (b"pattern", b"\xff"):
        path.write_bytes(octets)
        assert kind_of(said_by(lambda: read_entries(path))) == "what stands in the file is wrong"
    assert kind_of(said_by(lambda: read_entries(tmp_path))) == "what stands in the file is wrong"


def test_of_signatures(tmp_path: Path) -> None:
    kind = "the box does not know whose signatures to trust"
    assert kind_of(said_by(lambda: signed_digest(tmp_path, None, "x"))) == kind
    root = tmp_path / "root.json"
    assert (
        kind_of(said_by(lambda: signed_digest(tmp_path, root, "x"))) == "the file cannot be opened"
    )


def test_of_acts(config: Config) -> None:
    result = ask(config, "mode", {"trunk": "x", "mode": "observe"}, "")
    assert kind_of(result.text) == "there is no such trunk"


def test_of_evidence(tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "leaves").touch()
    error = said_by(lambda: export(tmp_path / "evidence", "x", lambda _line: None))
    assert kind_of(error) == "nothing is kept of this call"


@pytest.mark.parametrize(("code", "kind"), [
    (errno.ENOENT, "the file is not there"), (errno.ENOSPC, "the disk is full"),
    (errno.EACCES, "it may not be read or written here"),
    (errno.EPERM, "it may not be read or written here"),
    (errno.EROFS, "the disk takes nothing more"),
    (errno.EIO, "the disk does not answer as it should"),
])  # fmt: skip
def test_of_the_system(code: int, kind: str) -> None:
    assert kind_of(f"/var/lib/qalqan: {os.strerror(code)}") == kind
    assert kind_of(str(OSError(code, os.strerror(code), "x"))) == kind


def test_what_nobody_did_is_to_be_asked_again(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_hand, "WAIT_S", 0.1)
    with closing(ActLog(places_of(config).acts)):
        error = said_by(lambda: ask(config, "mode", {"trunk": "intl", "mode": "observe"}, ""))
    assert kind_of(error).endswith("nothing was changed: try again")


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_another_is_told_as_such_in_every_language(language: str) -> None:
    speech = speech_of(language)
    assert speech.lack("something else") == speech.say(OTHER) != OTHER
