# SPDX-License-Identifier: Apache-2.0
"""`qalqan list urgent`: shown before it is signed, folded into the next version."""

import pytest

from edge.blocklist.manifest import read_manifest, read_signed
from edge.errors import ConfigError, ListError
from tests.cli.list_house import ADD, begin, publish, run, sign


@pytest.fixture
def published(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    begin()
    run(*ADD)
    publish()
    return tmp_path


def urgent(verb, *patterns, side="operator", key="operator", **more):
    basis = ["--basis", "order 9"] if verb == "add" else []
    words = (verb, "centre", "fraud", *patterns, *basis, "--as", side, "--key", key)
    return run("urgent", *words, "--out", f"{verb}.json", **more)


def test_an_urgent_record_is_shown_before_the_second_signs_it(published):
    urgent("add", "+77172000002", "+77172000003")
    countersign = ("urgent", "sign", "centre", "add.json", "--as", "prosecutor", "--key")
    assert run(*countersign, "prosecutor", input="n\n").exit_code == 1
    assert read_signed((published / "add.json").read_bytes()).signatures[1:] == ()
    said = run(*countersign, "prosecutor", input="y\n").output
    assert said.count("  block  calling  fraud  order 9") == 2
    assert "fraud urgent 1: signed by operator and prosecutor" in said


def test_the_next_version_folds_urgent_records(published):
    urgent("add", "+77172000002")
    urgent("lift", "+77172000001")
    assert "fraud: 1 added, 1 removed" in run("diff", "centre", "fraud").output
    sign("operator", "operator", input="y\n")
    manifest = read_manifest((published / "centre/lists/fraud/manifest.json").read_bytes())
    assert (manifest.urgent, manifest.entries) == (2, 1)


def test_what_is_lifted_must_be_in_force(published):
    urgent("lift", "+77172000001")
    for pattern in ("+77172000001", "+77172000009"):
        with pytest.raises(ListError, match="is not in force in fraud"):
            urgent("lift", pattern)


def test_an_urgent_record_is_signed_only_with_the_key_of_the_side(published):
    for side, key in (("operator", "prosecutor"), ("nobody", "operator")):
        with pytest.raises(ConfigError, match=f"does not sign as {side}"):
            urgent("add", "+77172000002", side=side, key=key)
    assert "0 added, 0 removed" in run("diff", "centre", "fraud").output


def test_what_a_version_holds_is_lifted_there_and_no_more(published):
    """A record that was folded lifts nothing: the next version may list the same again."""
    urgent("lift", "+77172000001")
    publish()
    run(*ADD)
    publish()
    assert "- +77172000001" in urgent("lift", "+77172000001").output
