# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub`, as a person at the centre uses it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge.report.message import State
from hil.hub.fleet import Fleet
from hil.hub.store import Store, sqlite_url
from tests.hil.hub import places
from tests.hil.hub.ledgers import NOW_NS


def hub(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hil.hub", *map(str, words)]
    return subprocess.run(
        command, cwd=places.ROOT, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    birth = State(state="ready", epoch=1, at=1, software="1.2", lists={"fraud": 3})
    Fleet(store).take("astana-1", "state", birth.model_dump_json().encode(), NOW_NS)
    store.close()
    return tmp_path


def test_watch_shows_the_fleet_once(folder: Path) -> None:
    done = hub("watch", "--folder", folder, "--once")
    assert done.returncode == 0, done.stderr
    assert "astana-1" in done.stdout
    assert "ready 1" in done.stdout


def test_watch_gives_the_fleet_as_json(folder: Path) -> None:
    done = hub("watch", "--folder", folder, "--once", "--json")
    (member,) = json.loads(done.stdout)["fleet"]
    assert (member["node"], member["state"], member["lists"]) == ("astana-1", "ready", {"fraud": 3})


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("run", "--broker", "nowhere"), 2, "host:port"),
        (("run",), 2, "--broker"),
        (("conformance", "--broker", "127.0.0.1:1", "--patience-s", "0.1"), 1, "0 of"),
        (("run", "--broker", "127.0.0.1:1", "--roamers", "/nowhere"), 1, "/nowhere: No such file"),
        (("run", "--broker", "127.0.0.1:1", "--tls", "/nowhere", "--workers", "1"), 1, "/nowhere"),
    ],
)
def test_what_is_wrong_is_said_and_the_code_tells(
    tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    more = ("--folder", tmp_path) if words[0] == "run" else ()
    done = hub(*words, *more)
    assert done.returncode == code
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
