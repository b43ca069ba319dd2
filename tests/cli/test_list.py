# SPDX-License-Identifier: Apache-2.0
"""`qalqan list`: what cannot be right is refused in a line; the tour shows what goes well."""

import pytest
from typer.testing import CliRunner

from edge.blocklist.manifest import read_manifest, read_signed
from edge.cli.list import app
from edge.errors import ConfigError, ListError


def run(*words, **more):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False, **more)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("root", "online", "operator", "prosecutor"):
        run("key", name)
    run("new", "centre", "fraud", "--root", "root", "--online", "online",
        "--operator", "operator.pub", "--prosecutor", "prosecutor.pub")  # fmt: skip
    return tmp_path


def sign(side, key, **more):
    return run("sign", "centre", "fraud", "--as", side, "--key", key, **more)


ADD = ("add", "centre", "fraud", "+77172000001", "--basis", "order 1")


def test_a_signature_is_given_only_after_a_yes(folder):
    run(*ADD)
    assert sign("operator", "operator", input="n\n").exit_code == 1
    done = sign("operator", "operator", input="y\n")
    assert "+ +77172000001  block  calling  fraud  order 1" in done.output
    assert "signed by operator" in done.output


def test_nothing_is_published_that_one_has_not_signed(folder):
    run(*ADD)
    with pytest.raises(ListError, match="never signed"):
        run("publish", "centre", "fraud", "--key", "online")
    sign("operator", "operator", input="y\n")
    with pytest.raises(ConfigError, match="not signed by prosecutor"):
        run("publish", "centre", "fraud", "--key", "online")


def test_a_draft_that_changes_between_the_signatures_is_signed_anew(folder):
    run(*ADD)
    sign("operator", "operator", input="y\n")
    run("add", "centre", "fraud", "+77172000002", "--basis", "order 2")
    done = sign("prosecutor", "prosecutor", input="y\n")
    assert "fraud 1: signed by prosecutor" in done.output


def test_nobody_signs_for_the_other_side(folder):
    run(*ADD)
    with pytest.raises(ConfigError, match="does not sign as prosecutor"):
        sign("prosecutor", "operator", input="y\n")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "centre", "fraud", "77172000001", "--basis", "x"), "does not begin with"),
        (("add", "centre", "fraud", "+77172000001", "--basis", ""), "legal basis"),
        (("add", "centre", "fraud", "+77172000001", "--basis", "x", "--action", "blck"), "block"),
        (("add", "centre", "spam", "+77172000001", "--basis", "x"), "has no list spam"),
        (("remove", "centre", "fraud", "+77172000001"), "not in the draft"),
        (("import", "centre", "fraud", "nothing.csv"), "No such file"),
    ],
)
def test_what_cannot_be_right_is_refused(folder, words, why):
    with pytest.raises(ListError, match=why):
        run(*words)


def test_a_table_replaces_the_draft(folder):
    run(*ADD)
    (folder / "table.csv").write_text(
        "pattern,party,action,category,basis\n"
        "+77172000002,calling,block,fraud,order 2\n"
        "+4477009*,calling,observe,fraud,order 3\n"
    )
    assert "2 entries in the draft" in run("import", "centre", "fraud", "table.csv").output
    assert "fraud: 2 added, 0 removed" in run("diff", "centre", "fraud").output


@pytest.fixture
def published(folder):
    run(*ADD)
    for side in ("operator", "prosecutor"):
        sign(side, side, input="y\n")
    run("publish", "centre", "fraud", "--key", "online")
    return folder


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
