# SPDX-License-Identifier: Apache-2.0
"""`qalqan enrol`, `identity` and `decommission`, as processes, against a real broker and a hub."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from edge import clock
from edge.box.decommission import MARK
from edge.cli.enrol import _doors, _show, app
from edge.config import load
from edge.errors import ConfigError
from edge.report.message import State
from edge.trust.identity import Asking, Identity
from hil.hub import roll
from hil.hub.fleet import members
from tests.hil.hub.boxes import NS, Box
from tests.hil.hub.brokers import Rig

CODE = re.compile(r"^astana-1 ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})$")
COMMAND = [sys.executable, "-c", "from edge.cli.enrol import app; app()"]


def now_s():
    return clock.now_ns() // NS


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.hub.store.close()


def configured(tmp_path, ports=None, more=""):
    broker = f'[hub]\nbrokers = ["127.0.0.1:{ports.boxes}"]\n' if ports else ""
    path = tmp_path / "edge.toml"
    path.write_text(f'[node]\nname = "astana-1"\n{broker}{more}')
    return path


def run(*words, typed=""):
    return CliRunner().invoke(app, [str(word) for word in words], input=typed)


def enrolling(config, door, *more):
    command = [*COMMAND, "enrol", "--config", config, "--broker", door, *more]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True)


def shown(process):
    """The code, as a person reads it off the box."""
    said = []
    for line in process.stdout:
        said.append(line)
        if found := CODE.match(line):
            return found[1]
    raise AssertionError("no code was shown: " + "".join(said))


@pytest.mark.peer("mosquitto")
def test_a_box_shows_a_code_and_is_enrolled_once_it_is_typed_in(rig, tmp_path):
    config, door = configured(tmp_path, rig.ports), f"127.0.0.1:{rig.ports.enrolment}"
    with rig.mosquitto(), rig.at_work() as hub, enrolling(config, door) as process:
        code = shown(process)
        hub.until("qalqan/v1/enrol/astana-1/request")
        rig.hub.enrolment.approve("astana-1", code, now_s())
        hub.say(rig.hub.said())
        rest = process.stdout.read()
    assert process.returncode == 0
    assert "the broker has the request; the hub waits for the code" in rest
    assert "astana-1 is enrolled with Qalqan hub until" in rest
    again = run("enrol", "--config", config)
    assert again.exit_code == 0
    assert "`--again` begins anew" in again.output


@pytest.mark.peer("mosquitto")
def test_a_box_that_was_cut_off_shows_the_same_code_and_another_when_told_to_begin_anew(
    rig, tmp_path
):
    config, codes = configured(tmp_path), []
    for more in ((), (), ("--again",)):
        with enrolling(config, "127.0.0.1:1", *more) as process:
            codes.append(shown(process))
            assert "not connected, trying again" in process.stdout.readline()
            process.kill()
    assert codes[0] == codes[1] != codes[2]
    assert not Identity(tmp_path / "state" / "identity", "astana-1").is_enrolled


def test_a_code_that_was_agreed_on_is_shown_first(tmp_path):
    config, code = configured(tmp_path), tmp_path / "enrol.code"
    code.write_text("7K3Q-M2ZD-0FHX-9WTB\n")
    with enrolling(config, "127.0.0.1:1", "--code-file", code) as process:
        assert shown(process) == "7K3Q-M2ZD-0FHX-9WTB"
        process.kill()
    code.write_text("no code\n")
    refused = str(run("enrol", "-c", config, "--broker", "a:1", "--code-file", code).exception)
    assert "a code has four groups" in refused


def test_what_cannot_be_begun_says_why(tmp_path):
    config = configured(tmp_path)
    assert "name one in [hub] brokers" in str(run("enrol", "-c", config).exception)
    assert "host:port" in str(run("enrol", "-c", config, "--broker", "hub").exception)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / MARK).write_text("{}")
    assert "was decommissioned" in str(run("enrol", "-c", config).exception)
    with pytest.raises(ConfigError):
        _doors(load(config), ["hub:"])


def test_where_no_door_is_named_it_is_beside_the_brokers(tmp_path):
    config = tmp_path / "edge.toml"
    config.write_text('[node]\nname = "a"\n[hub]\nbrokers = ["hub.example:8883", "[::1]:8883"]\n')
    assert _doors(load(config), []) == ["hub.example:8884", "[::1]:8884"]


@pytest.mark.parametrize("width", [40, 80])
def test_the_code_is_seen_from_the_other_side_of_the_rack(width):
    paper = io.StringIO()
    screen = Console(file=paper, force_terminal=True, width=width, color_system=None)
    _show(Asking("astana-1", "", "7K3Q-M2ZD-0FHX-9WTB", 0), screen)
    drawn = paper.getvalue()
    letters = re.sub(r"[^0-9A-Z]", "", drawn.split("Type it in")[0].split("\n", 1)[1])
    assert letters == "7K3QM2ZD0FHX9WTB"
    assert "7 K 3 Q" in drawn


def box(rig, tmp_path, at_s=None):
    made = Box(tmp_path / "state" / "identity")
    made.enrol(rig.hub, at_s or now_s())
    return made


def test_an_identity_is_shown_with_its_end(rig, tmp_path):
    config, made = configured(tmp_path), box(rig, tmp_path)
    said = run("identity", "--config", config).output
    assert "astana-1 is enrolled with Qalqan hub until" in said
    assert re.search(r"36[45] days from now", said)
    assert made.identity.standing().fingerprint in said
    line = json.loads(run("identity", "-c", config, "--json").output)
    assert (line["name"], line["due_for_renewal"]) == ("astana-1", False)
    assert line["ends_s"] - line["left_s"] - now_s() in {-1, 0}


def test_an_identity_that_is_over_or_not_there_is_told_by_the_exit_code(rig, tmp_path):
    config = configured(tmp_path)
    assert "`qalqan enrol` gets it" in str(run("identity", "-c", config).exception)
    box(rig, tmp_path, now_s() - 366 * 86_400)
    over = run("identity", "-c", config, "--json")
    assert (over.exit_code, json.loads(over.output)["due_for_renewal"]) == (3, True)


@pytest.mark.peer("mosquitto")
def test_a_box_that_leaves_tells_the_hub_and_keeps_nothing(rig, tmp_path):
    config, made = configured(tmp_path, rig.ports), box(rig, tmp_path)
    key = made.identity.folder / "key.pem"
    assert key.exists()
    with rig.mosquitto(), rig.at_work() as hub:
        done = run("decommission", "--config", config, "--yes", "astana-1")
        assert done.exit_code == 0, done.exception
        hub.until("qalqan/v1/up/astana-1/state")
    assert "the hub knows" in done.output
    assert "the box is out of service" in done.output
    assert [path.name for path in (tmp_path / "state").iterdir()] == [MARK]
    states = [
        State.model_validate_json(one.payload) for one in hub.heard if one.topic.endswith("/state")
    ]
    assert [state.state for state in states] == ["offline"]
    with rig.hub.store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT kind, body FROM events").all()
    assert [(kind, json.loads(body)["act"]) for kind, body in rows] == [("act", "decommission")]
    assert [member.node for member in members(rig.hub.store)] == ["astana-1"]
    with rig.hub.store.reading() as connection:
        assert roll.valid(connection, "astana-1", now_s())  # whoever keeps the hub revokes it


def test_a_hub_out_of_reach_does_not_keep_a_box(rig, tmp_path, monkeypatch):
    monkeypatch.setattr("edge.cli.enrol.FAREWELL_S", 0.2)
    config = configured(tmp_path, rig.ports, '[blocklist]\nfiles = ["list.csv"]\n')
    box(rig, tmp_path)
    done = run("decommission", "--config", config, typed="astana-1\n")
    assert "the hub was not reached" in done.output
    assert "left where it is" in done.output
    assert [path.name for path in (tmp_path / "state").iterdir()] == [MARK]
    again = run("decommission", "--config", config, "--yes", "astana-1")
    assert "no hub to be told" in again.output


def test_nothing_is_wiped_by_a_slip_or_while_the_box_is_at_work(rig, tmp_path):
    config, made = configured(tmp_path), box(rig, tmp_path)
    for words, typed in ((("--yes", "astana-2"), ""), ((), "astana\n"), ((), "\n\n")):
        assert run("decommission", "--config", config, *words, typed=typed).exit_code
    held = tmp_path / "state" / "outbox.db"
    code = "import sys; file = open(sys.argv[1], 'w'); print(flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code, held], stdin=pipe, stdout=pipe) as process:
        process.stdout.readline()
        refused = run("decommission", "--config", config, "--yes", "astana-1")
        assert f"({process.pid}) is at work" in str(refused.exception)
        process.stdin.close()
    assert made.identity.standing().name == "astana-1"
    assert Path(made.identity.folder / "key.pem").exists()
