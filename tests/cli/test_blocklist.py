# SPDX-License-Identifier: Apache-2.0
"""`qalqan blocklist`: what is in force, what is said of a number, and why."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.blocklist.manifest import Record
from edge.blocklist.sheet import from_entries
from edge.blocklist.store import State, Store
from edge.cli.blocklist import app
from edge.config import load
from edge.errors import ListError
from edge.evidence.shelf import lines
from edge.model.verdict import Action
from edge.places import places_of
from edge.trust.urgent import sign_record
from tests.blocklist.images import entry
from tests.cli.conftest import Qalqan

FOREVER = 250_000_000_000
LISTED = [
    entry("77172000001", valid_until=1),
    entry("7717200*", action=Action.OBSERVE, scope="trunk:astana"),
    entry("77172000000..77172000099", valid_from=FOREVER),
]


@pytest.fixture
def state(tmp_path):
    store = Store(tmp_path, "fraud")
    for version, listed in ((1, LISTED[:1]), (2, LISTED)):
        store.write(from_entries("fraud", version, listed))
        store.commit(version)
    store.note(State(highest=2, issued_s=1_900_000_000, applied_s=1_900_000_060))
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False).output


def test_status_names_version_age_and_kernel(state):
    said = run("status", "--state", state)
    assert "fraud 2, 3 entries, 0 urgent" in said
    assert "signed 2030-03-17 17:46 UTC" in said
    line = json.loads(run("status", "--state", state, "--json"))
    assert (line["version"], line["highest"], line["prefixes"]) == (2, 2, 1)
    assert line["kernel"] in {"compiled", "python"}


def test_look_up_explains_every_entry_that_covers_the_number(state):
    said = run("lookup", "+77172000001", "--state", state).splitlines()
    assert [line.rsplit("[")[-1] for line in said] == ["expired]", "holds]", "not yet]"]
    assert "+77172000001  block  calling  fraud  order-1  until 1970-01-01 00:00 UTC" in said[0]
    assert "trunk:astana" in said[1]
    line = json.loads(run("lookup", "77172000050", "--state", state, "--json").splitlines()[0])
    assert (line["basis"], line["holds"]) == ("order-1", "holds")


def test_look_up_names_urgent_records_and_what_they_lift(state):
    record = Record("fraud", 1, 0, FOREVER, (entry("77172000001", basis="urgent 9"),), (LISTED[1],))
    Store(state, "fraud").add_urgent(sign_record(record, []), 0)
    said = run("lookup", "+77172000001", "--state", state).splitlines()
    assert said[0].startswith("fraud (urgent): +77172000001  block  calling  fraud  urgent 9")
    assert [line.rsplit("[")[-1] for line in said[1:]] == ["expired]", "lifted]", "not yet]"]


def test_a_number_on_no_list(state):
    assert "+4420 is on no list" in run("lookup", "+4420", "--state", state)


def test_the_difference_and_the_way_back(state):
    said = run("diff", "1", "--list", "fraud", "--state", state)
    assert [line[:10] for line in said.splitlines()] == ["+ +7717200", "+ +7717200"]
    assert "version 1 is in force; 2 stays" in run(
        "rollback", "1", "--list", "fraud", "--state", state
    )
    assert "fraud 1: whole" in run("verify", "--state", state)


def test_damage_is_found_by_verify(state):
    path = state / "fraud.look"
    octets = bytearray(path.read_bytes())
    octets[520] ^= 1
    path.write_bytes(octets)
    with pytest.raises(ListError, match="does not match its hash"):
        run("verify", "--state", state)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(ListError, match="no list is here"):
        run("status", "--state", tmp_path)


# Spared -----------------------------------------------------------------------

NUMBER = "+447700900123"


def test_a_number_is_spared_and_listed_again_and_both_are_in_the_log(
    qalqan: Qalqan, config: Path
) -> None:
    places = places_of(load(config))
    places.state.mkdir()
    words = ("-c", config, "--reason", "calls his bank")
    assert qalqan("blocklist", "spared", "-c", config).out == ""
    done = qalqan("blocklist", "spare", NUMBER, "--hours", "2", *words)
    assert (done.code, done.out) == (0, f"{NUMBER} is spared at this box for 2 h\n")
    (line,) = qalqan("blocklist", "spared", "-c", config, "--json").lines
    assert (line["number"], line["until"] - line["since"]) == (NUMBER, 7200)
    assert NUMBER in qalqan("blocklist", "spared", "-c", config).out
    assert qalqan("blocklist", "unspare", NUMBER, *words).out == f"{NUMBER} is spared no longer\n"
    assert qalqan("blocklist", "spared", "-c", config).out == ""
    kept = [json.loads(line.octets) for line in lines(places.acts)]
    assert [(one["act"], one["state"]) for one in kept] == [("spare", "done")] * 2
    assert kept[0]["text"].endswith("for 2 h; calls his bank")


def test_what_is_no_number_is_refused(qalqan: Qalqan, config: Path) -> None:
    places_of(load(config)).state.mkdir()
    done = qalqan("blocklist", "spare", "87031234567", "-c", config)
    assert (done.code, done.out) == (1, "")
    assert "number" in done.err
