# SPDX-License-Identifier: Apache-2.0
"""A virtual box without an image: firmware that finds nothing to start, and its cables."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.bench.box import Box, NotSeen, Refused
from hil.bench.virtual import VirtualBox
from hil.region.world import until
from image.board import place_of

pytestmark = pytest.mark.peer("qemu-system-x86_64", "mcopy", "mformat")
S = 120


@pytest.fixture
def box(tmp_path) -> Iterator[VirtualBox]:
    """One whose image is an empty ESP where a disk has it."""
    image = tmp_path / "empty.img"
    with image.open("wb") as out:
        out.truncate(place_of("boot_a"))
    where = f"{image}@@{place_of('esp')}"
    subprocess.run(["mformat", "-i", where, "-F", "-T", "131072", "-h", "64", "-s", "32", "::"],
                   check=True)  # fmt: skip
    subprocess.run(["mmd", "-i", where, "::qalqan"], check=True)
    made = VirtualBox(tmp_path / "box", image, taps=None)
    yield made
    made.close()


def on_esp(disk: Path, name: str) -> bytes:
    words = ["mtype", "-i", f"{disk}@@{place_of('esp')}", f"::{name}"]
    return subprocess.run(words, check=True, capture_output=True).stdout


def test_a_file_is_put_on_its_esp(box):
    box.flash()
    box.put("qalqan/edge.toml", b"[node]\n")
    box.put("qalqan/edge.toml", b"[box]\n")
    assert on_esp(box.disk, "qalqan/edge.toml") == b"[box]\n"


def test_a_disk_is_kept_to_come_back_to(box):
    assert not box.come_back()
    box.flash()
    box.put("qalqan/note", b"first")
    box.keep()
    box.put("qalqan/note", b"second")
    assert box.come_back()
    assert on_esp(box.disk, "qalqan/note") == b"first"


@pytest.mark.slow
def test_it_is_switched_on_its_cables_pulled_and_its_power_cut(box):
    word: Box = box
    box.flash()
    assert not word.is_on()
    word.start()
    word.until("UEFI|Boot|BdsDxe", S)
    with pytest.raises(Refused, match="on already"):
        word.start()
    for pulled in (True, False):
        word.cut_network(pulled)
    for unplugged in (True, True, False, False):
        word.unplug_probe(unplugged)
    for path in (box.probe, box.exchange):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
    word.power_cut()
    word.power_cut()
    assert not word.is_on()
    with pytest.raises(Refused, match="it is off"):
        word.cut_network(True)
    with pytest.raises(NotSeen, match="it is off"):
        word.until("never said", S)
    assert "BdsDxe" in word.log() or "UEFI" in word.log()


@pytest.mark.slow
def test_its_clock_stands_where_it_was_set_once(box):
    box.flash()
    for set_to in (86_400, None):
        if set_to:
            box.set_clock(set_to)
        box.start()
        words = box._words(_Line())
        assert any(one.startswith("base=1970-01-02T00:00:") for one in words) is bool(set_to)
        box.power_cut()


@pytest.mark.slow
def test_when_it_starts_anew_its_cables_are_as_they_were(box):
    def devices() -> str:
        return str(box.qmp("human-monitor-command", **{"command-line": "info qtree"}))

    box.flash()
    box.start()
    box.until("UEFI|Boot|BdsDxe", S)
    box.cut_network(True)  # QEMU tells nobody whether a link is down: this is what it is told anew
    box.unplug_probe(True)
    until(lambda: 'id "probe"' not in devices(), "it is unplugged", S)
    first = box._process
    box.reset()
    until(lambda: box._process is not first, "another QEMU has its place", S)
    assert box.is_on()
    until(lambda: 'id "probe"' not in devices(), "it is unplugged still", S)
    assert 'id "exchange"' in devices()
    box.unplug_probe(False)
    assert 'id "probe"' in devices()
    box.qmp("quit")
    until(lambda: not box.is_on(), "it is off", S)
    with pytest.raises(NotSeen, match="it is off"):
        box.until("never said", S)


class _Line:
    """Of no QEMU."""

    words = ()
