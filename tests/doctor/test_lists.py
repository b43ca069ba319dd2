# SPDX-License-Identifier: Apache-2.0
"""Lists: their octets, age and signatures, and whether what is listed is found."""

from pathlib import Path

import pytest

from edge import counters
from edge.blocklist.sheet import from_entries
from edge.blocklist.writer import write_image
from edge.doctor import lists
from edge.doctor.finding import Finding
from tests.blocklist.images import entry, snapshot
from tests.doctor.bed import Bed, lines
from tests.trust.centre import Box, Centre

HUB = '[hub]\nbrokers = ["127.0.0.1:1883"]\nroot = "root.json"\nlists = ["fraud"]\n'


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    made = Centre(tmp_path / "centre")
    made.add("447700900123", "447700900124")
    made.publish()
    return made


@pytest.fixture
def box(bed: Bed, centre: Centre) -> Box:
    """The box of the bed, with a list that both sides signed."""
    bed.toml = bed.toml.replace('[hub]\nbrokers = ["127.0.0.1:1883"]\n', HUB)
    (bed.folder / "root.json").write_bytes(centre.repository.root())
    made = Box(bed.folder, centre)
    made.update()
    (bed.folder / "lists" / "trust").symlink_to(bed.folder / "trust")
    bed.say("core", counters.LIST_ENTRIES, 2, "fraud")
    return made


def found(bed: Bed) -> dict[str, Finding]:
    patient = bed.patient("core")
    return {one.check: one for one in (*lists.lists(patient), *lists.signatures(patient))}


def levels(bed: Bed) -> dict[str, str]:
    return dict(lines(iter(found(bed).values())))


def test_a_list_that_is_well(bed: Bed, box: Box) -> None:
    assert levels(bed) == {"list:fraud": "ok", "signature:fraud": "ok", "look-up:fraud": "ok"}
    assert found(bed)["look-up:fraud"].text.startswith("2 listed numbers were found")


def test_there_is_none(bed: Bed) -> None:
    assert lines(lists.lists(bed.patient())) == [("lists", "warn")]
    bed.toml = bed.toml.replace('[hub]\nbrokers = ["127.0.0.1:1883"]\n', HUB)
    assert levels(bed) == {"list:fraud": "fail"}


def test_core_has_not_loaded_it(bed: Bed, box: Box) -> None:
    bed.numbers["core"] = type(bed.numbers["core"])()
    assert levels(bed)["list:fraud"] == "fail"


def test_a_list_that_was_exchanged_for_another(bed: Bed, box: Box) -> None:
    with box.store.current.open("wb") as out:
        write_image(from_entries("fraud", 1, [entry("77172000001")]), out)
    assert levels(bed)["signature:fraud"] == "warn"


@pytest.mark.parametrize("name", ["timestamp.json", "targets.json", "fraud-operator.json"])
def test_metadata_that_nobody_signed(bed: Bed, box: Box, centre: Centre, name: str) -> None:
    other = Centre(bed.folder / "other")
    other.add("447700900123", "447700900124")
    other.publish()
    Box(bed.folder / "else", other).update()
    forged = bed.folder / "else" / "trust" / name
    (bed.folder / "trust" / name).write_bytes(forged.read_bytes())
    assert levels(bed)["signature:fraud"] == "fail"


def test_a_manifest_that_was_changed(bed: Bed, box: Box) -> None:
    path = bed.folder / "trust" / "fraud.operator.fetched"
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    assert levels(bed)["signature:fraud"] == "fail"
    path.unlink()
    assert levels(bed)["signature:fraud"] == "fail"


def test_of_another_root_nothing_is_believed(bed: Bed, box: Box) -> None:
    (bed.folder / "root.json").write_bytes(Centre(bed.folder / "x").repository.root())
    assert levels(bed)["signature:fraud"] == "fail"


def test_numbers_that_are_listed_and_not_found() -> None:
    whole = snapshot([entry("447700900123"), entry("447700900124")])
    assert lists.looked_up("fraud", whole).level.value == "ok"
    whole.covering = lambda _digits: iter(())  # as a broken kernel
    assert lists.looked_up("fraud", whole).level.value == "fail"
