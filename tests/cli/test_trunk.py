# SPDX-License-Identifier: Apache-2.0
"""`qalqan trunk`: what stopping would do, and the switch, as a person and a script have it."""

import io
import json
from pathlib import Path

import pytest
from typing_extensions import override

from edge import counters
from edge.config import load
from edge.counting import Numbers
from edge.evidence.acts import ActLog
from edge.evidence.shelf import lines
from edge.model.verdict import Mode
from edge.modes import read_modes
from edge.moment import Moments
from edge.places import Places, places_of
from edge.seen.readings import Meter, Recorder
from tests.cli.conftest import VECTORS, Qalqan

EVER = ("--since", "9999w")
CALLS = 3
"Of the capture, that would have been stopped."


@pytest.fixture
def places(config: Path) -> Places:
    """The state of a box whose trunk `intl` has somebody who stops."""
    text = config.read_text().replace("[trunk.intl]\n", '[trunk.intl]\nenforcer = "switch"\n')
    config.write_text(text + '[enforcer.switch]\ndriver = "observe"\n')
    found = places_of(load(config))
    found.state.mkdir()
    return found


@pytest.fixture
def evidence(qalqan: Qalqan, config: Path, places: Places) -> Path:
    done = qalqan(
        "replay", VECTORS / "spoofed_7172.pcap", "-c", config, "--evidence", places.evidence
    )
    assert done.code == 0
    return places.evidence


def counted(places: Places) -> None:
    """Leave the numbers of a `core` that runs."""
    numbers = Numbers()
    numbers[counters.CALLS_OFFERED]["intl",].value = 400
    verdicts = numbers[counters.VERDICTS]
    verdicts["block", "block", "spoof.fixed-cli-abroad", "intl"].value = 4
    verdicts["allow", "allow", "guardrail.late", "intl"].value = 1
    numbers[counters.OUTCOMES]["stopped", "intl"].value = 3
    Recorder(places.run, Meter("core", numbers, Moments())).write()


def acts(places: Places) -> list[dict[str, object]]:
    return [json.loads(line.octets) for line in lines(places.acts)]


# report, list -----------------------------------------------------------------


def test_report_by_rule(qalqan: Qalqan, config: Path, evidence: Path) -> None:
    (line,) = qalqan("trunk", "report", "intl", "-c", config, *EVER, "--json").lines
    assert line.keys() == {
        "schema", "trunk", "class", "configured", "since", "calls", "rules", "outcomes", "unread",
        "running",
    }  # fmt: skip
    assert (line["schema"], line["calls"], line["running"]) == (1, CALLS, None)
    (rule,) = line["rules"]
    assert rule.keys() == {
        "rule", "category", "wanted", "basis", "calls", "ordered", "first", "last", "examples",
        "callers",
    }  # fmt: skip
    assert (rule["rule"], rule["wanted"], rule["ordered"]) == (
        "spoof.fixed-cli-abroad", "block", 0,
    )  # fmt: skip
    assert len(rule["examples"]) == CALLS
    found = qalqan("explain", rule["examples"][0], "-e", evidence, "--json").lines
    assert found[0]["rule"] == rule["rule"]


def test_report_for_people(qalqan: Qalqan, config: Path, places: Places, evidence: Path) -> None:
    done = qalqan("trunk", "report", "intl", "-c", config, *EVER)
    assert (done.code, done.err) == (0, "")
    assert f"intl: {CALLS} calls were to be stopped since" in done.out
    assert "spoof.fixed-cli-abroad" in done.out
    assert "core does not run" in done.out
    counted(places)
    done = qalqan("trunk", "report", "intl", "-c", config, *EVER)
    assert "400 calls, 4 to be stopped (1.000%); the breaker opened 0 times." in done.out
    assert "guardrail.late let 1 through." in done.out
    (line,) = qalqan("trunk", "report", "intl", "-c", config, "--json").lines
    assert line["running"].keys() == {
        "since_s", "calls", "wanted", "ordered", "stopped", "guardrails", "breaker_opened", "share",
    }  # fmt: skip


def test_report_of_all_trunks_and_of_a_time(qalqan: Qalqan, config: Path, evidence: Path) -> None:
    done = qalqan("trunk", "report", "-c", config, "--json", *EVER)
    assert [(line["trunk"], line["calls"]) for line in done.lines] == [
        ("intl", CALLS), ("natl", 0),
    ]  # fmt: skip
    (line,) = qalqan("trunk", "report", "intl", "-c", config, "--since", "1m", "--json").lines
    assert line["calls"] == 0
    torn = next(evidence.glob("*/verdicts.jsonl"))
    torn.write_bytes(b'{"id": "torn\n' + torn.read_bytes())
    (line,) = qalqan("trunk", "report", "intl", "-c", config, *EVER, "--json").lines
    assert line["calls"] == CALLS


def test_report_without_evidence(qalqan: Qalqan, config: Path, places: Places) -> None:
    (line,) = qalqan("trunk", "report", "intl", "-c", config, "--json").lines
    assert (line["calls"], line["rules"]) == (0, [])


@pytest.mark.parametrize("since", ["", "7", "d", "-1d", "1y", "1.5h", "٧d", "1000000d"])
def test_a_time_that_is_none(qalqan: Qalqan, config: Path, since: str) -> None:
    done = qalqan("trunk", "report", "-c", config, f"--since={since}")
    assert (done.code, done.out) == (1, "")
    assert "is no time" in done.err


def test_an_unknown_trunk_is_named(qalqan: Qalqan, config: Path, places: Places) -> None:
    for words in (("report",), ("enforce", "--yes"), ("observe",)):
        done = qalqan("trunk", words[0], "x", "-c", config, *words[1:])
        assert (done.code, done.err) == (
            1, "qalqan: no trunk is called 'x'; known: intl, natl\n",
        )  # fmt: skip


def test_list(qalqan: Qalqan, config: Path, places: Places) -> None:
    intl, natl = qalqan("trunk", "list", "-c", config, "--json").lines
    assert intl == {
        "schema": 1, "trunk": "intl", "class": "international", "configured": "observe",
        "mode": "observe", "stopped_all": False, "by": ["switch"], "calls": None, "stopped": None,
    }  # fmt: skip
    assert (natl["trunk"], natl["by"]) == ("natl", [])
    counted(places)
    qalqan("trunk", "enforce", "intl", "-c", config, "--yes")
    intl, _ = qalqan("trunk", "list", "-c", config, "--json").lines
    assert (intl["mode"], intl["calls"], intl["stopped"]) == ("enforce", 400, 3)
    places.stop.touch()
    intl, _ = qalqan("trunk", "list", "-c", config, "--json").lines
    assert (intl["mode"], intl["stopped_all"]) == ("observe", True)
    done = qalqan("trunk", "list", "-c", config)
    assert (done.code, done.err) == (0, "")
    assert f"STOPPED: no trunk stops a call: {places.stop}" in done.out
    places.modes.write_bytes(b"{")
    done = qalqan("trunk", "list", "-c", config)
    assert (done.code, "modes.json" in done.err) == (0, True)


# enforce, observe -------------------------------------------------------------


def test_enforce_shows_the_report_and_then_does_it(
    qalqan: Qalqan, config: Path, places: Places, evidence: Path
) -> None:
    done = qalqan("trunk", "enforce", "intl", "-c", config, "--yes", "--reason", "clean")
    assert (done.code, done.err) == (0, "")
    assert "calls were to be stopped since" in done.out
    assert done.out.endswith("intl is in enforce\n")
    assert read_modes(places.modes) == {"intl": Mode.ENFORCE}
    done = qalqan("trunk", "observe", "intl", "-c", config)
    assert (done.code, done.out) == (0, "intl is in observe\n")
    assert read_modes(places.modes) == {"intl": Mode.OBSERVE}
    assert [act["text"] for act in acts(places)] == [
        "intl is in enforce; clean", "intl is in observe",
    ]  # fmt: skip


def test_enforce_asks_whoever_is_there(
    qalqan: Qalqan, config: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        @override
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    done = qalqan("trunk", "enforce", "intl", "-c", config)
    assert done.code == 1
    assert "Stop calls on intl from now on? [y/N]" in done.out
    assert not places.modes.exists()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert qalqan("trunk", "enforce", "intl", "-c", config).code == 0
    assert read_modes(places.modes) == {"intl": Mode.ENFORCE}


def test_enforce_does_nothing_where_nobody_can_be_asked(
    qalqan: Qalqan, config: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    done = qalqan("trunk", "enforce", "intl", "-c", config)
    assert (done.code, "say --yes" in done.err) == (1, True)
    assert not places.modes.exists()


def test_a_trunk_that_nobody_can_stop_is_not_enforced(
    qalqan: Qalqan, config: Path, places: Places
) -> None:
    done = qalqan("trunk", "enforce", "natl", "-c", config, "--yes")
    assert (done.code, "nobody would stop" in done.err) == (1, True)
    assert not places.modes.exists()


def test_enforcing_during_a_stop_says_that_nothing_is_stopped(
    qalqan: Qalqan, config: Path, places: Places
) -> None:
    places.stop.touch()
    done = qalqan("trunk", "enforce", "intl", "-c", config, "--yes")
    assert (done.code, f"nothing is stopped yet: {places.stop}" in done.err) == (3, True)


# stop, go ---------------------------------------------------------------------


def test_stop_and_go(qalqan: Qalqan, config: Path, places: Places) -> None:
    done = qalqan("trunk", "stop", "-c", config, "--reason", "wrong list")
    assert (done.code, done.out, done.err) == (0, "all trunks are only observed\n", "")
    assert places.stop.exists()
    done = qalqan("trunk", "go", "-c", config, "--yes")
    assert (done.code, done.out) == (0, "trunks are in their modes\n")
    assert not places.stop.exists()
    assert [(act["act"], act["text"]) for act in acts(places)] == [
        ("enforcement", "all trunks are only observed; wrong list"),
        ("enforcement", "trunks are in their modes"),
    ]


def test_stop_works_where_the_audit_log_does_not(
    qalqan: Qalqan, config: Path, places: Places
) -> None:
    places.acts.touch()
    done = qalqan("trunk", "stop", "-c", config)
    assert (done.code, done.out) == (3, "all trunks are only observed\n")
    assert "the audit log does not have it" in done.err
    assert places.stop.exists()
    done = qalqan("trunk", "go", "-c", config, "--yes")
    assert (done.code, done.out) == (1, "")
    assert places.stop.exists()


@pytest.mark.parametrize("wrong", ["[trunk.intl]\nclas = 1\n", "[page]\nlisten = 1\n"])
def test_stop_works_with_a_configuration_that_is_wrong(
    qalqan: Qalqan, tmp_path: Path, wrong: str
) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(f'[node]\nname = "bench"\nstate_dir = "s"\n{wrong}')
    (tmp_path / "s").mkdir()
    done = qalqan("trunk", "stop", "-c", path)
    assert (done.code, done.out) == (3, "all trunks are only observed\n")
    assert "the audit log does not have it: " in done.err
    assert (tmp_path / "s" / "stop").exists()


@pytest.mark.parametrize(
    "wrong", [b"[node\n", b"\xff", b"node = 1\n", b"", b"[node]\nstate_dir = 1\n"]
)
def test_stop_that_finds_no_state_says_what_else_does(
    qalqan: Qalqan, tmp_path: Path, wrong: bytes
) -> None:
    path = tmp_path / "edge.toml"
    path.write_bytes(wrong)
    done = qalqan("trunk", "stop", "-c", path)
    assert (done.code, done.out) == (1, "")
    assert "`touch stop` in the state folder does as much" in done.err


def test_stop_that_cannot_be_says_so_loudly(qalqan: Qalqan, config: Path, places: Places) -> None:
    places.stop.with_name("stop.new").mkdir()
    places.stop.symlink_to(places.state / "none" / "deeper")
    done = qalqan("trunk", "stop", "-c", config)
    assert (done.code, "NOTHING WAS CHANGED" in done.err) == (1, True)


def test_go_asks_and_says_what_still_holds(
    qalqan: Qalqan, config: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    places.stop.touch()
    assert qalqan("trunk", "go", "-c", config).code == 1
    assert places.stop.exists()
    with config.open("a") as file:
        file.write("[enforce]\nstop = true\n")
    done = qalqan("trunk", "go", "-c", config, "--yes")
    assert (done.code, "the configuration says so" in done.err) == (3, True)
    assert not places.stop.exists()


def test_an_uplink_that_holds_the_log_and_does_nothing(
    qalqan: Qalqan, config: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.box.by_hand.WAIT_S", 0.1)
    held = ActLog(places.acts)
    try:
        done = qalqan("trunk", "observe", "intl", "-c", config)
        assert (done.code, "did not take the request: nothing was changed" in done.err) == (1, True)
        done = qalqan("trunk", "stop", "-c", config)
        assert (done.code, places.stop.exists()) == (3, True)
    finally:
        held.close()


def test_trunks_are_completed(
    qalqan: Qalqan, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_QALQAN_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"qalqan trunk observe --config {config} i")
    monkeypatch.setenv("COMP_CWORD", "5")
    assert qalqan().out.split() == ["intl"]
    monkeypatch.setenv("COMP_WORDS", "qalqan trunk observe --config none i")
    assert qalqan().out.split() == []
