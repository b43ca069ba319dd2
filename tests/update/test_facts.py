# SPDX-License-Identifier: Apache-2.0
"""What is found out about a box: from its files, the numbers of its processes, and systemd."""

import os
from pathlib import Path

import pytest

from edge import clock, config, counters
from edge.blocklist.sheet import from_entries
from edge.blocklist.writer import write_image
from edge.counting import Numbers
from edge.moment import Moments
from edge.places import places_of
from edge.seen.readings import Meter, Recorder
from edge.update.facts import (
    Collector,
    disk,
    expected_of,
    failed,
    hub_before,
    rules_of,
    run,
    unreadable,
)
from edge.update.health import Rules
from tests.blocklist.images import entry

TOML = """
[node]
name = "bench"
state_dir = "{state}"
[tap.mirror]
driver = "memory"
[tap.other]
driver = "memory"
[hub]
brokers = ["127.0.0.1:1883"]
lists = ["fraud"]
"""


def box(folder: Path) -> config.Config:
    return config.parse(TOML.format(state=folder), folder / "edge.toml")


def well(*_words: str) -> str:
    return ""


def image_of(path: Path) -> None:
    with path.open("wb") as out:
        write_image(from_entries("fraud", 1, [entry("447700900123")]), out)


def write(folder: Path, process: str, numbers: Numbers) -> None:
    Recorder(folder / "run", Meter(process, numbers, Moments())).write()


def test_a_box_at_work(tmp_path: Path) -> None:
    core, uplink = Numbers(), Numbers()
    core[counters.PART_UP]["mirror",].value = 1
    core[counters.LIST_ENTRIES]["fraud",].value = 3
    uplink[counters.HUB_ONLINE].of().value = 1
    write(tmp_path, "core", core)
    write(tmp_path, "uplink", uplink)
    (tmp_path / "lists").mkdir(exist_ok=True)
    image_of(tmp_path / "lists" / "fraud.look")
    made = box(tmp_path)
    found = Collector(made, places_of(made), run=well).facts()
    assert found.pids == {"core": os.getpid(), "uplink": os.getpid()}
    assert found.taps == {"mirror": True, "other": False}
    assert found.lists == {"fraud": ""}
    assert (found.hub, found.hub_before, found.disk, found.failed) == (True, False, "", ())
    assert list((tmp_path / "update").iterdir()) == []


def test_a_box_at_which_nothing_runs(tmp_path: Path) -> None:
    made = box(tmp_path)
    collector = Collector(made, places_of(made), run=well)
    found = collector.facts()
    assert (found.pids, found.hub) == ({}, False)
    assert found.lists == {"fraud": "there is none yet"}
    look = tmp_path / "lists" / "fraud.look"
    image_of(look)
    assert collector.facts().lists == {"fraud": "core has not loaded it"}
    look.write_bytes(look.read_bytes()[:-1] + b"\0")
    os.utime(look, ns=(1, 1))
    assert "is damaged" in collector.facts().lists["fraud"]


def test_what_is_asked_for_by_the_configuration(tmp_path: Path) -> None:
    alone = config.parse('[node]\nname = "a"\n[health]\nwithout_hub = "never"\n', tmp_path)
    assert rules_of(alone) == Rules(grace=False)
    assert expected_of(alone) == ("core",)
    assert Collector(alone, places_of(alone), run=well).facts().hub is None


@pytest.mark.parametrize(
    ("before_s", "was"), [(None, False), (600, True), (3599, True), (7200, False)]
)
def test_whether_the_hub_was_there_before_the_machine_started(
    tmp_path: Path, before_s: int | None, was: bool
) -> None:
    acked = tmp_path / "acked.json"
    if before_s is not None:
        acked.touch()
        at = clock.now_ns() - clock.boot_ns() - before_s * 10**9
        os.utime(acked, ns=(at, at))
    assert hub_before(acked) is was


def test_a_folder_that_takes_files_and_one_that_does_not(tmp_path: Path) -> None:
    assert disk(tmp_path / "new") == ""
    (tmp_path / "file").touch()
    assert disk(tmp_path / "file") == "File exists"


def test_the_units_that_have_failed() -> None:
    shown = "qalqan-migrate.service loaded failed failed x\nqalqan-health.service loaded failed\n"
    assert failed(lambda *_words: shown) == ("qalqan-migrate.service",)

    def away(*_words: str) -> str:
        raise OSError("no such program")

    assert failed(away) is None
    found = unreadable("line 3", Path("/nonexistent/x"), away)
    assert (found.config, found.failed, bool(found.disk)) == ("line 3", None, os.geteuid() != 0)


def test_programs_of_the_system() -> None:
    assert run("echo", "a", "b") == "a b\n"
    for words in (("false",), ("qalqan-no-such-program",)):
        with pytest.raises(OSError, match=words[0]):
            run(*words)
