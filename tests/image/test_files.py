# SPDX-License-Identifier: Apache-2.0
"""Files of the image that other programs read: each names what the others do."""

import configparser
import re
from pathlib import Path

import pytest

from image.board import PARTITIONS
from image.places import FILES, HERE, SOURCE, listed
from image.system import FROM_SYSTEMD, MASKED, UNITS

LABELS = {partition.label for partition in PARTITIONS}


def test_rauc_knows_both_slots_and_no_others() -> None:
    parser = configparser.ConfigParser()
    parser.read(FILES / "etc/rauc/system.conf.in")
    devices = {
        name: parser[name]["device"].rsplit("/", 1)[1]
        for name in parser.sections()
        if name.startswith("slot.")
    }
    assert devices == {
        "slot.system.0": "system_a",
        "slot.boot.0": "boot_a",
        "slot.system.1": "system_b",
        "slot.boot.1": "boot_b",
    }
    assert parser["system"]["bundle-formats"] == "verity"
    assert parser["keyring"]["check-purpose"] == "codesign-rauc"


def test_nodes_that_load_modules_are_named_before_they_are_made() -> None:
    assert "systemd-tmpfiles-setup-dev-early.service" in MASKED, "else systemd orders it"
    drop_in = FILES / "etc/systemd/system/systemd-tmpfiles-setup-dev.service.d/static.conf"
    assert re.findall(r"^After=(.+)$", drop_in.read_text(), re.MULTILINE) == [
        "kmod-static-nodes.service"
    ]


def test_mounts_name_partitions_that_are_there() -> None:
    text = (FILES / "etc/fstab").read_text()
    assert set(re.findall(r"PARTLABEL=(\S+)", text)) == {"data", "esp"} <= LABELS


def test_every_file_of_the_units_has_its_place() -> None:
    folder = SOURCE / "systemd"
    placed = {path for pattern in UNITS for path in folder.glob(pattern)}
    for name in FROM_SYSTEMD:
        placed |= set((folder / name).glob("*.*"))
    found = {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md"}
    assert found == placed


@pytest.mark.parametrize("path", sorted((HERE / "lists").glob("*.txt")), ids=lambda p: p.stem)
def test_a_list_has_words_and_none_twice(path: Path) -> None:
    words = listed(path.stem)
    assert words
    assert len(words) == len(set(words))
    assert not [word for word in words if " " in word]


def test_nothing_that_is_removed_is_outside_the_system() -> None:
    assert not [word for word in listed("files_dropped") if word.startswith(("/", ".", "data"))]


@pytest.mark.parametrize("name", ["usr/bin/qalqan", "usr/lib/qalqan/bootctl"])
def test_a_program_can_be_run_and_is_python(name: str) -> None:
    path = FILES / name
    assert path.stat().st_mode & 0o111
    text = path.read_text()
    assert text.startswith("#!/usr/bin/python3 -I\n")
    compile(text, name, "exec")


def test_the_esp_is_mounted_read_only() -> None:
    """A mount that may write marks the first sector as in use; torn there, the ESP is lost."""
    lines = (line.split() for line in (FILES / "etc/fstab").read_text().splitlines())
    [options] = [words[3].split(",") for words in lines if words[0] == "PARTLABEL=esp"]
    assert "ro" in options
