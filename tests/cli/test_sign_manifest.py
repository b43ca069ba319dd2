# SPDX-License-Identifier: Apache-2.0
"""`qalqan list sign-manifest`: away from the repository, and taken back there."""

from hashlib import sha256

import pytest
from typer.testing import CliRunner

from edge.cli.list import app
from edge.errors import ConfigError, InputError, ListError
from edge.trust.repository import Repository
from tests.trust.centre import NOW, Centre


def run(*words, **more):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False, **more)


@pytest.fixture
def centre(tmp_path, monkeypatch):
    made = Centre(tmp_path / "centre")
    made.add("77172000001")
    made.sign(sides=())
    for (name, side), key in made.keys.items():
        (tmp_path / f"{name}-{side}.key").write_bytes(key.private_bytes)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.json").write_bytes(made.desk().manifest.read_bytes())
    return made


def sign(side, *more, key="", **how):
    return run("sign-manifest", "m.json", "--as", side, "--key", key or f"fraud-{side}.key",
               "--number", "1", "--out", f"{side}.json", *more, **how)  # fmt: skip


def test_what_it_signs_is_taken_at_the_centre(centre, tmp_path):
    for side in ("operator", "prosecutor"):
        done = sign(side, input="y\n")
        assert "fraud 1: 1 entries" in done.output
        octets = (tmp_path / f"{side}.json").read_bytes()
        manifest = centre.desk().manifest
        Repository(centre.folder).take("fraud", side, manifest, octets, NOW - 10**9)
    assert len(centre.repository.signed("fraud", centre.desk().manifest)) == 2


def test_nothing_is_signed_without_a_yes(centre, tmp_path):
    assert sign("operator", input="n\n").exit_code == 1
    assert not (tmp_path / "operator.json").exists()


def test_a_file_that_is_another_than_shown_is_not_signed(centre, tmp_path):
    right = sha256((tmp_path / "m.json").read_bytes()).hexdigest()
    with pytest.raises(InputError, match="another file"):
        sign("operator", "--sha256", "00" * 32, "--yes")
    assert sign("operator", "--sha256", right.upper(), "--yes").exit_code == 0


def test_what_cannot_be_right_is_refused(centre, tmp_path):
    with pytest.raises(ConfigError, match="signs no list"):
        sign("engineer", key="fraud-operator.key")
    (tmp_path / "m.json").write_text("{}")
    with pytest.raises(ListError, match="no manifest"):
        sign("operator", "--yes")
    (tmp_path / "m.json").unlink()
    with pytest.raises(InputError, match="No such file"):
        sign("operator", "--yes")


def test_who_has_a_copy_of_the_folder_sees_what_changes(centre, tmp_path):
    done = sign("operator", "--repository", centre.folder, "--yes")
    assert "+ +77172000001  block  calling" in done.output
    assert "fraud: 1 added, 0 removed" in done.output
    centre.add("77172000002")
    with pytest.raises(InputError, match="is not the list that is signed"):
        sign("operator", "--repository", centre.folder, "--yes")
