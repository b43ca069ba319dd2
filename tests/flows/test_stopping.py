# SPDX-License-Identifier: Apache-2.0
"""Calls that are stopped, and heard to be, through real switches: every way, the same demands.

SIPp's callers and phones fail by themselves where a call does not go as they expect; tshark counts
what reached the phone; the outcome is what the tap heard.
"""

import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from hil.region.sipp import refused, talks
from tests.flows import region as place
from tests.flows.house import Part, until
from tests.flows.ladder import in_readme, ladder, shape, steps
from tests.flows.region import ABROAD, BOX, CONTROL, SWITCH, VICTIM
from tests.flows.ways import WAYS, switched

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.peer("ip", "sipp", "dumpcap", "tshark", "kamailio"),
]

ROOT = Path(__file__).parents[2]
NEW_LISTS = '"event": "lists"'
"Logged when other lists than those of the start are asked."
MACHINES = {
    ABROAD: "caller abroad", SWITCH: "switch", CONTROL: "switch", VICTIM: "phone",
    BOX: "Qalqan Edge",
}  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
def test_a_listed_caller_never_makes_the_phone_ring(name: str, tmp_path: Path) -> None:
    way = WAYS[name]
    with switched(way, tmp_path) as (region, start):
        wire = region.capture()
        start()
        assert region.call(talks(tmp_path), place.HONEST) == 0, "an honest call goes through"
        assert region.call(refused(tmp_path, way.refusal), place.LISTED) == 0
        assert region.call(talks(tmp_path), place.LISTED, "112") == 0, "so does one for help"
        (stop,) = region.settled(1)
        assert stop["outcome"] == "stopped", stop
        assert 0 < stop["after_ms"] < 2000
        record = next(one for one in region.records() if one["id"] == stop["of"])
        assert record["legal_basis"] == "TEST-1"
    rows = on_the_wire(wire)
    called = [row for row in rows if row.startswith(f"INVITE\t{VICTIM}") and place.PHONE in row]
    ringing = [row for row in rows if row.startswith(f"180\t{SWITCH}")]
    assert len({row.split("\t")[2] for row in called}) == (2 if way.reaches else 1), called
    assert len({row.split("\t")[2] for row in ringing}) == 2, "only the two that went through ring"
    if way.picture:
        shown = ladder(MACHINES, steps(wire, stop["call"]))
        (ROOT / "build").mkdir(exist_ok=True)
        (ROOT / "build" / f"ladder-{name}.txt").write_text(shown)
        # The order of what passes at once differs; a switch told early does not call the phone.
        assert shape(shown) <= shape(in_readme(way.picture)), shown
        assert shape(shown) >= {line for line in shape(in_readme(way.picture)) if "Edge" in line
                                or "AMI" in line or str(way.refusal) in line}  # fmt: skip


def test_a_number_that_is_spared_goes_through_from_the_next_call_on(tmp_path: Path) -> None:
    """Until it is listed again: nobody starts anything anew."""
    with switched(WAYS["kamailio-asks"], tmp_path) as (region, start):
        core = start()
        config = ("--config", str(region.folder / "edge.toml"))
        assert region.call(refused(tmp_path, 603), place.LISTED) == 0
        for number, (act, scenario) in enumerate(
            (("spare", talks(tmp_path)), ("unspare", refused(tmp_path, 603))), 1
        ):
            words = ("-m", "edge", "blocklist", act, place.LISTED, *config)
            subprocess.run([sys.executable, *words], cwd=ROOT, check=True)
            until(partial(has_new_lists, core, number), f"{act} is in force")
            assert region.call(scenario, place.LISTED) == 0, act


def has_new_lists(core: Part, often: int) -> bool:
    """Return whether `core` has taken other lists so often."""
    return core.said().count(NEW_LISTS) >= often


def on_the_wire(capture: Path) -> list[str]:
    """Return every message as tshark sees it: what, to whom, Call-ID, called."""
    names = ("sip.Method", "sip.Status-Code", "ip.dst", "sip.Call-ID", "sip.to.user")
    command = ["tshark", "-r", str(capture), "-Y", "sip", "-T", "fields"]
    command += [word for name in names for word in ("-e", name)]
    shown = subprocess.check_output(command, stderr=subprocess.DEVNULL, text=True)
    rows = (row.split("\t") for row in shown.splitlines())
    return ["\t".join((status or method, *rest)) for method, status, *rest in rows]


def test_a_call_that_comes_again_on_another_trunk_is_said_to_be_rerouted(tmp_path: Path) -> None:
    with switched(WAYS["kamailio-asks"], tmp_path) as (region, start):
        start()
        assert region.call(refused(tmp_path, 603), place.LISTED) == 0
        assert region.call(talks(tmp_path), place.LISTED, second=True) == 0  # only observed there
        (stop,) = region.settled(1)
        assert (stop["outcome"], stop["heard"]) == ("rerouted", "603")
        assert stop["again"].endswith(" on abroad2")
        until(lambda: '"name": "call-rerouted"' in (tmp_path / "core.log").read_text(), "an alarm")


def test_a_call_for_the_operators_goes_to_their_desk(tmp_path: Path) -> None:
    with switched(WAYS["kamailio-asks"], tmp_path) as (region, start):
        wire = region.capture()
        start()
        assert region.call(talks(tmp_path), place.DIVERTED) == 0
        (stop,) = region.settled(1)
        assert (stop["outcome"], stop["trunk"]) == ("diverted", "abroad")
    shown = headers(wire, 302)
    assert 'rule="list.calling"' in shown["X-Qalqan-Verdict"]
    assert f"sip:desk@{VICTIM}" in shown["Contact"]


@pytest.mark.parametrize("name", ["kamailio-asks", "kamailio-told"])
def test_a_refused_caller_is_told_what_to_quote(name: str, tmp_path: Path) -> None:
    """The id in the answer finds the evidence, and what became of the call."""
    with switched(WAYS[name], tmp_path) as (region, start):
        wire = region.capture()
        start()
        assert region.call(refused(tmp_path, 603), place.LISTED) == 0
        (stop,) = region.settled(1)
        evidence = region.state / "evidence"
        quoted = re.search(r"ref ([0-9a-z-]+)", headers(wire, 603)["Reason"])
        assert quoted
        words = (sys.executable, "-m", "edge", "explain", quoted[1], "--evidence", evidence)
        said = subprocess.check_output([*map(str, words)], text=True)
        assert "legal basis TEST-1" in said
        assert "stopped: +447700900666" in said
        assert quoted[1] == stop["of"]


def headers(capture: Path, status: int) -> dict[str, str]:
    """Return the headers of the answer that a caller heard, as tshark sees them."""
    shown = f"sip.Status-Code == {status} and ip.dst == {ABROAD}"
    if status == 302:  # it goes to the switch that asked
        shown = f"sip.Status-Code == {status} and ip.dst == {CONTROL}"
    command = ["tshark", "-r", str(capture), "-Y", shown, "-T", "fields", "-e", "sip.msg_hdr"]
    text = subprocess.check_output(command, stderr=subprocess.DEVNULL, text=True).splitlines()[0]
    lines = re.split(r"\\r\\n|\r\n|\r|\n", text)
    return {line.partition(":")[0]: line.partition(":")[2].strip() for line in lines if ":" in line}
