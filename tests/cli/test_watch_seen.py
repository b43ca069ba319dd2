# SPDX-License-Identifier: Apache-2.0
"""What is seen of a box: all that its processes left, the hour before included."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from edge import counters
from edge.cli.watch_seen import SCHEMA, Watcher
from edge.config import Config, parse
from edge.console.history import Totals
from edge.counting import Numbers
from edge.moment import Moments
from edge.places import places_of
from edge.seen.readings import Meter, Recorder
from edge.seen.recent import FILE, VERSION, Call, Calls

TEXT = """
[node]
name = "a"
[tap.east]
driver = "memory"
[trunk.intl]
class = "international"
"""
NOW_S, AT = 10_000.0, 1_800_000_000.0
"The same moment by both clocks."
CALL = Call(
    AT - 90, "intl", "sip", "447700900123@a", 1, "+447700900123", "+77172000001", "block", "block",
    "list.calling", "r-1", "stopped",
)  # fmt: skip
WOULD = replace(CALL, at=AT - 600, action="observe", fate="")


class Box:
    """A box of which `core` counts what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.config: Config = parse(TEXT, folder / "edge.toml")
        self.run = places_of(self.config).run
        self.numbers = Numbers()

    def count(self, calls: int, stopped: int, would: int) -> None:
        self.numbers[counters.CALLS_OFFERED]["intl",].value = calls
        self.numbers[counters.OUTCOMES]["stopped", "intl"].value = stopped
        self.numbers[counters.VERDICTS]["observe", "block", "list.calling", "intl"].value = would
        Recorder(self.run, Meter("core", self.numbers, Moments())).write()

    def heard(self, *calls: Call) -> None:
        self.run.mkdir(parents=True, exist_ok=True)
        (self.run / FILE).write_bytes(msgspec.json.encode(Calls(VERSION, calls)))


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_the_hour_before_the_first_look_is_what_the_calls_say(box: Box) -> None:
    box.heard(WOULD, CALL)
    box.count(100, 9, 5)
    watcher = Watcher(box.config, masked=False)
    hour = watcher.look(NOW_S, AT).hour
    assert [at - 59 for at, one in enumerate(hour) if one.calls] == [-10, -1]
    assert (hour[-11], hour[-2]) == (Totals(1, 0, 1), Totals(1, 1, 0))
    box.count(104, 10, 5)
    assert watcher.look(NOW_S + 1, AT + 1).hour[-1] == Totals(4, 1, 0)


def test_a_core_that_goes_and_comes_is_seen(box: Box) -> None:
    watcher = Watcher(box.config, masked=False)
    seen = watcher.look(NOW_S, AT)
    assert (seen.processes, seen.totals) == ({"core": False}, Totals())
    assert "process:core" in {one.check for one in seen.findings}
    box.count(3, 0, 0)
    seen = watcher.look(NOW_S + 1, AT + 1)
    assert (seen.processes, seen.totals) == ({"core": True}, Totals(3))
    assert seen.hour[-1] == Totals(3)


def test_one_object_says_all(box: Box) -> None:
    box.heard(WOULD, CALL)
    box.count(100, 9, 5)
    line = Watcher(box.config, masked=False).look(NOW_S, AT).line()
    found = msgspec.json.decode(msgspec.json.encode(line))
    assert (found["schema"], found["node"], found["at"]) == (SCHEMA, "a", AT) == (1, "a", AT)
    assert found.keys() == {
        "schema", "node", "at", "processes", "stopped_by", "totals", "hour", "taps", "trunks",
        "hub", "lists", "alarms", "findings", "calls",
    }  # fmt: skip
    assert found["totals"] == {"calls": 100, "stopped": 9, "would": 5}
    assert {name: (len(one), sum(one)) for name, one in found["hour"].items()} == {
        "calls": (60, 2), "stopped": (60, 1), "would": (60, 1),
    }  # fmt: skip
    (trunk,) = found["trunks"]
    assert (trunk["trunk"], trunk["mode"], trunk["calls"]) == ("intl", "observe", 100)
    assert [one["record"] for one in found["calls"]] == ["r-1", "r-1"]


def test_masked_no_number_is_whole(box: Box) -> None:
    box.heard(CALL)
    seen = Watcher(box.config, masked=True).look(NOW_S, AT)
    octets = msgspec.json.encode(seen.line())
    assert b"447700900123" not in octets
    assert b"77172000001" not in octets
    assert seen.calls[0].calling == "+44770*******"
