# SPDX-License-Identifier: Apache-2.0
"""Which wheels the appliance gets: what it depends on, as locked, and nothing of the tests."""

import zipfile
from pathlib import Path

import pytest

from image import wheels
from image.command import BuildError

LOCK = """\
# made by hand
alpha==1.0 \\
    --hash=sha256:aa
    # via qalqan-edge (pyproject.toml)
beta-two==2.0 \\
    --hash=sha256:bb \\
    --hash=sha256:b2
    # via
    #   alpha
    #   delta
delta==4.0 \\
    --hash=sha256:dd
    # via qalqan-edge (pyproject.toml)
epsilon==5.0 \\
    --hash=sha256:ee
    # via beta-two
"""


def test_a_lock_is_read_with_its_hashes() -> None:
    found = wheels.locked(LOCK)
    assert list(found) == ["alpha", "beta-two", "delta", "epsilon"]
    assert "--hash=sha256:b2" in "".join(found["beta-two"].lines)
    assert {"alpha", "delta"} <= found["beta-two"].wanted_by


def test_a_wish_brings_all_it_leads_to_and_no_more() -> None:
    names = [entry.name for entry in wheels.closure(wheels.locked(LOCK), ["alpha>=1,<2"])]
    assert names == ["alpha", "beta-two", "epsilon"]


def test_a_wish_that_is_not_locked_is_refused() -> None:
    with pytest.raises(BuildError, match=r"gamma.*make lock"):
        wheels.closure(wheels.locked(LOCK), ["gamma>=3"])


def test_the_appliance_gets_nothing_of_hub_and_tests() -> None:
    names = {entry.name for entry in wheels.runtime()}
    assert {"aiomqtt", "pydantic", "tuf", "dbus-fast"} <= names
    assert not {"pytest", "scapy", "sqlalchemy", "iotcore", "ruff"} & names
    assert all("--hash=sha256:" in "".join(entry.lines) for entry in wheels.runtime())


def test_a_wheel_is_laid_out_without_its_programs(tmp_path: Path) -> None:
    wheel = tmp_path / "one-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as out:
        out.writestr("one/__init__.py", "")
        out.writestr("one-1.0.data/scripts/one", "#!python")
        out.writestr("one-1.0.data/purelib/beside.py", "")
    wheels.unpack([wheel], tmp_path / "site")
    found = {
        path.relative_to(tmp_path / "site").as_posix()
        for path in (tmp_path / "site").rglob("*")
        if path.is_file()
    }
    assert found == {"one/__init__.py", "beside.py"}
