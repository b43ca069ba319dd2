# SPDX-License-Identifier: Apache-2.0
"""`python -m hil.hub rollout`, as people type it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.errors import ConfigError
from edge.report.message import Campaign
from hil.hub import outgoing
from hil.hub.__main__ import app
from hil.hub.rollout import ROLLOUTS, Group
from hil.hub.rollout_cli import groups_of
from hil.hub.store import NODES, Store, sqlite_url


def typed(folder: Path, *words: str) -> dict:
    done = CliRunner().invoke(app, ["rollout", *words, "--folder", str(folder), "--json"])
    if done.exception:
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = Store(sqlite_url(tmp_path / "hub.db"))
    with store.writing() as connection:
        for node in ("aktau-1", "aktau-2", "astana-1", "oral-1"):
            connection.execute(store.put(NODES).values(node=node))
    store.close()
    return tmp_path


def test_from_its_beginning_to_its_halt_and_on(folder: Path) -> None:
    terms = ("--success", "90", "--error", "5", "--window", "02:00-05:00")
    times = ("--not-before", "2026-12-01", "--deadline", "2026-12-24T06:00")
    groups = ("--group", "canary=astana-1", "--group", "rest=*")
    begun = typed(folder, "create", "spring", "1.2.0", *groups, *terms, *times)
    [one] = begun["rollouts"]
    assert begun["v"] == 1
    said = [one[key] for key in ("id", "version", "state", "open")]
    assert said == ["spring", "1.2.0", "running", 1]
    assert (one["success"], one["error"], one["groups"]) == (0.9, 0.05, ["canary", "rest"])
    assert [(box["node"], box["group"]) for box in one["boxes"]] == [
        ("astana-1", "canary"), ("aktau-1", "rest"), ("aktau-2", "rest"), ("oral-1", "rest"),
    ]  # fmt: skip
    store = Store(sqlite_url(folder / "hub.db"))
    with store.reading() as connection:
        kept = Campaign.model_validate_json(connection.execute(ROLLOUTS.select()).one().campaign)
    assert (kept.windows, kept.not_before) == (("02:00-05:00",), 1_796_083_200)
    assert [one.topic for _, one in outgoing.waiting(store)] == ["qalqan/v1/dn/astana-1/campaign"]
    store.close()
    [one] = typed(folder, "halt", "spring", "--why", "it snows")["rollouts"]
    assert (one["state"], one["why"]) == ("halted", "it snows")
    [one] = typed(folder, "resume", "spring")["rollouts"]
    assert one["state"] == "running"
    assert typed(folder, "show")["rollouts"] == typed(folder, "show", "spring")["rollouts"]


def test_it_is_shown_for_people(folder: Path) -> None:
    typed(folder, "create", "spring", "1.2.0", "--group", "canary=astana-1,oral-1")
    done = CliRunner().invoke(app, ["rollout", "show", "--folder", str(folder)])
    assert done.output == "spring  1.2.0  running\n  canary: 2 not asked\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("spring", "1.2.0", "--group", "canary"), "a group is NAME=NODE"),
        (("spring", "new", "--group", "a=b"), "version: "),
        (("a b", "1.2", "--group", "a=b"), "id: "),
        (("spring", "1.2", "--group", "a=b", "--window", "2-5"), "windows.0: "),
        (("spring", "1.2", "--group", "a=b", "--deadline", "soon"), "soon: "),
    ],
)
def test_what_makes_no_sense_is_said(folder: Path, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        typed(folder, "create", *words)


def test_the_rest_is_all_that_stand_nowhere_else() -> None:
    assert groups_of(["a=n1,n2", "b=*"], ["n1", "n2", "n3"]) == (
        Group("a", ("n1", "n2")), Group("b", ("n3",)),
    )  # fmt: skip
