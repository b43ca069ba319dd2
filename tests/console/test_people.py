# SPDX-License-Identifier: Apache-2.0
"""Who may see the page is kept, hashed, and known again."""

import json
import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.console.people import FILE, MOST, MOST_OCTETS, People, Person, Role
from edge.errors import InputError

ASEL = Person("asel", Role.ENGINEER, "", 1_795_600_000, "first-code")
PASSWORD = "a long password"


def with_asel(folder: Path) -> People:
    people = People(folder)
    people.put(replace(ASEL, secret=people.hashed(PASSWORD)))
    return people


def test_who_was_let_in_is_known_after_a_restart(folder: Path) -> None:
    with_asel(folder)
    people = People(folder)
    assert people.check("asel", PASSWORD) == people.get("asel")
    assert people.check("asel", PASSWORD + "x") is None
    assert people.check("bolat", PASSWORD) is None


def test_a_password_is_kept_as_argon2id_for_its_owner_alone(folder: Path) -> None:
    with_asel(folder)
    path = folder / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (one,) = json.loads(path.read_bytes())["people"]
    assert one["argon2"].startswith("$argon2id$v=19$m=32768,t=3,p=1$")
    assert PASSWORD not in path.read_text()


def test_who_was_taken_out_is_known_no_more(folder: Path) -> None:
    people = with_asel(folder)
    people.put(replace(ASEL, name="bolat", role=Role.VIEWER))
    people.drop("asel")
    assert [one.name for one in People(folder).all()] == ["bolat"]


def test_a_hash_that_is_none_lets_nobody_in(folder: Path) -> None:
    people = People(folder)
    people.put(replace(ASEL, secret="plain"))
    assert people.check("asel", "plain") is None


def test_there_is_an_end_to_people(folder: Path) -> None:
    people = People(folder)
    people._people = {str(number): ASEL for number in range(MOST)}
    with pytest.raises(InputError, match="more than"):
        people.put(ASEL)


@pytest.mark.parametrize("octets", [
    b"{", b'{"v":2,"people":[]}', b'{"v":1,"people":[{"name":"a"}]}', b" " * (MOST_OCTETS + 1),
])  # fmt: skip
def test_a_file_that_is_none_of_ours_is_no_empty_one(folder: Path, octets: bytes) -> None:
    """Else whoever damages it could begin anew, as the first engineer."""
    folder.mkdir()
    (folder / FILE).write_bytes(octets)
    with pytest.raises(InputError, match=r"users\.json"):
        People(folder)


def test_a_folder_that_takes_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError):
        People(tmp_path / "file" / "page")
