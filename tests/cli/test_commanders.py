# SPDX-License-Identifier: Apache-2.0
"""Who commands is said once by the root key, and followed by every box that refreshes."""

import pytest
import typer
from typer.testing import CliRunner

from edge.cli.commanders import commanders
from edge.errors import ConfigError
from edge.trust.client import Client
from edge.trust.fetch import LocalFetcher
from edge.trust.keys import new_key, read_signer
from edge.trust.order import commanders as trusted, ordered_by, sign_order
from edge.trust.repository import Repository

NAMES = ("root", "online", "operator", "engineer")


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        new_key(tmp_path / name)
    return tmp_path


def run(folder, engineer="engineer"):
    app = typer.Typer()
    app.command()(commanders)
    public = {"operator": "operator.pub", "engineer": f"{engineer}.pub"}
    files = {"root": "root", "online": "online", **public}
    options = [word for name, file in files.items() for word in (f"--{name}", folder / file)]
    words = [str(word) for word in (folder / "repository", *options)]
    return CliRunner().invoke(app, words, catch_exceptions=False)


def test_whoever_was_named_is_followed(folder):
    done = run(folder)
    assert (done.exit_code, "signed by operator and engineer" in done.output) == (0, True)
    root = Repository(folder / "repository").root()
    client = Client(folder / "trust", root, LocalFetcher(folder / "repository"))
    client.refresh(0)
    signatures = sign_order("{}", [read_signer(folder / side) for side in NAMES[2:]])
    assert set(ordered_by("{}", signatures, trusted(client))) == {"operator", "engineer"}


def test_new_keys_replace_the_old_ones(folder):
    run(folder)
    new_key(folder / "next")
    assert run(folder, engineer="next").exit_code == 0
    keys = Repository(folder / "repository").signers("command")
    assert set(keys["engineer"]) == {read_signer(folder / "next").public_key.keyid}


def test_one_person_is_not_two(folder):
    with pytest.raises(ConfigError, match="a key each"):
        run(folder, engineer="operator")
