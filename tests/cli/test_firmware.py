# SPDX-License-Identifier: Apache-2.0
"""`qalqan firmware`: a bundle from its file to what appliances may install, by two signatures."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli.firmware import app
from edge.errors import ConfigError, InputError
from edge.trust.client import Client
from edge.trust.fetch import LocalFetcher
from edge.update.source import Machine, Source
from tests.update.centre import PRODUCT, bundle


def said(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    for name in ("root", "online", "release", "operations"):
        said("key", tmp_path / name)
    repository = tmp_path / "repository"
    who = ("--release", tmp_path / "release.pub", "--operations", tmp_path / "operations.pub")
    said("new", repository, "--root", tmp_path / "root", "--online", tmp_path / "online", *who)
    return repository


def test_a_bundle_is_added_signed_by_two_and_published(desk: Path, tmp_path: Path) -> None:
    path = bundle(tmp_path / "one.raucb")
    assert said("add", desk, path, "--min-from", "1.0").startswith(f"+ 1.2.0  {PRODUCT}")
    keys = tmp_path
    assert "signed by release" in said("sign", desk, "--as", "release", "--key", keys / "release",
                                       "--yes")  # fmt: skip
    assert "waits, signed by release" in said("show", desk)
    with pytest.raises(ConfigError, match="not signed by operations"):
        said("publish", desk, "--key", keys / "online")
    said("sign", desk, "--as", "operations", "--key", keys / "operations", "--yes")
    assert "published, 1 bundles" in said("publish", desk, "--key", keys / "online")
    root = (desk / "metadata" / "1.root.json").read_bytes()
    source = Source(Client(tmp_path / "trust", root, LocalFetcher(desk)), lambda now_s: now_s)
    found = source.find("1.2.0", Machine(PRODUCT, "1.1.0"), 1_800_000_000 - 10**7)
    assert (found.release.version, found.release.min_from) == ("1.2.0", "1.0")


def test_a_key_of_the_other_side_does_not_sign(desk: Path, tmp_path: Path) -> None:
    said("add", desk, bundle(tmp_path / "one.raucb"))
    with pytest.raises(ConfigError, match="does not sign as release"):
        said("sign", desk, "--as", "release", "--key", tmp_path / "operations", "--yes")


def test_what_was_changed_since_is_not_published(desk: Path, tmp_path: Path) -> None:
    said("add", desk, bundle(tmp_path / "one.raucb"))
    for side in ("release", "operations"):
        said("sign", desk, "--as", side, "--key", tmp_path / side, "--yes")
    said("add", desk, bundle(tmp_path / "two.raucb", "1.3.0"))
    with pytest.raises(ConfigError, match="was changed since"):
        said("publish", desk, "--key", tmp_path / "online")
    assert said("drop", desk, "1.3.0").startswith("- 1.3.0")
    assert "published" in said("publish", desk, "--key", tmp_path / "online")


def test_a_plain_bundle_is_not_added(desk: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="plain"):
        said("add", desk, bundle(tmp_path / "one.raucb", format_="plain"))
    assert said("show", desk) == "nothing waits to be signed\n"
