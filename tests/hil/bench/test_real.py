# SPDX-License-Identifier: Apache-2.0
"""In which order a real box's parts are used. That they do as told, only hardware can show."""

import os
import pty
from collections.abc import Iterator
from pathlib import Path, PurePath

import pytest

from hil.bench.box import Box, NotHere, NotSeen, Ports, Refused
from hil.bench.real import Parts, RealBox

PORTS = Ports("end0", "enx1", "enx2", "/dev/ttyACM0", None)


class TIMEOUT(Exception):
    """As pexpect's is called, which labgrid says silence with."""


class Bench:
    """Parts that write down what they are told; the console is a pseudo-terminal."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.ours, self.far = pty.openpty()
        os.set_blocking(self.ours, False)

    def part(self, name: str) -> "Part":
        return Part(name, self.done)

    def read(self, size: int = 1, timeout: float = 0.0) -> bytes:
        try:
            return os.read(self.ours, size)
        except BlockingIOError as nothing:
            raise TIMEOUT from nothing

    def write(self, data: bytes) -> object:
        return os.write(self.ours, data)

    def said(self, line: str) -> None:
        os.write(self.far, line.encode())


class Part:
    """One of them, whatever it is."""

    def __init__(self, name: str, done: list[str]) -> None:
        self._name, self._done = name, done

    def __getattr__(self, verb: str):
        def told(*words: object, **more: object) -> None:
            values = [one for word in words for one in (word if isinstance(word, list) else [word])]
            texts = [PurePath(str(one)).name for one in values]
            self._done.append(" ".join([self._name, verb, *texts]))

        return told


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    os.close(made.ours)
    os.close(made.far)


@pytest.fixture
def box(bench) -> Iterator[RealBox]:
    names = ("card", "storage", "network", "mirror", "probe")
    card, storage, network, mirror, probe = map(bench.part, names)
    parts = Parts(bench.part("power"), bench, card, storage, network, mirror, probe)
    made = RealBox(Path("/images/pi.img"), parts, PORTS)
    bench.done.clear()
    yield made
    made.close()


def test_the_card_is_ours_while_it_is_written_and_the_boxs_before_power_is_on(box, bench):
    word: Box = box
    word.flash()
    word.put("qalqan/edge.toml", b"[node]\n")
    word.start()
    assert bench.done == [
        "card set_mode host", "storage write_image pi.img", "card set_mode dut",
        "card set_mode host", "storage write_files edge.toml edge.toml 1", "card set_mode dut",
        "power on",
    ]  # fmt: skip


def test_its_cables_are_pulled_and_plugged_in(box, bench):
    for pulled in (True, False):
        box.cut_network(pulled)
        box.pull_mirror(pulled)
        box.unplug_probe(pulled)
    down = ["network set_interface_down", "mirror set_interface_down", "probe off"]
    up = ["network set_interface_up", "mirror set_interface_up", "probe on"]
    assert bench.done == down + up


def test_it_shuts_down_before_its_power_goes(box, bench):
    box.start()
    bench.said("[  90.1] reboot: Power down\r\n")
    box.off()
    assert bench.done == ["power on", "power off"]
    assert "Power down" in box.log()
    assert not box.is_on()


def test_what_its_console_says_is_waited_for(box, bench):
    box.start()
    with pytest.raises(Refused, match="on already"):
        box.start()
    bench.said("qalqan: starting slot B\r\n")
    assert box.until("slot ([AB])", 20)[1] == "B"
    with pytest.raises(NotSeen):
        box.until("slot ([AB])", 0.1)


def test_a_clock_that_it_has_not_is_not_set(box):
    with pytest.raises(NotHere, match="clock chip"):
        box.set_clock(0)
