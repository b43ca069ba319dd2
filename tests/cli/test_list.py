# SPDX-License-Identifier: Apache-2.0
"""`qalqan list`: what cannot be right is refused in a line; the tour shows what goes well."""

import pytest

from edge.errors import ConfigError, ListError
from tests.cli.list_house import ADD, begin, run, sign


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    begin()
    return tmp_path


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
