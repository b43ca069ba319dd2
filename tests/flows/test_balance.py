# SPDX-License-Identifier: Apache-2.0
"""What was heard equals what became of it, to the unit: damaged, overloaded, under attack.

How many frames there are is said by tshark (`index.toml`), by the sender, or by who made them.
"""

import asyncio
import json
import signal
import struct
import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner

from edge.cli import app
from tests import netns
from tests.flows.soak import RATE, Sample, core, lines_of, sender, soak

VECTORS = Path(__file__).parents[1] / "vectors" / "sip"
INDEX = tomllib.loads((VECTORS / "index.toml").read_text("utf-8"))
PCAP = [entry["file"] for entry in INDEX.values() if entry["file"].endswith(".pcap")]
SMALL = [name for name in PCAP if name != "mixed_traffic.pcap"]

Counts = dict[str, int]


def replay(capture: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the lines of a replay and its summary."""
    config = str(VECTORS / "edge.toml")
    done = CliRunner().invoke(app, ["replay", str(capture), "--config", config, "--json"])
    *lines, last = map(json.loads, done.stdout.splitlines())
    return lines, last["summary"]


def closed(summary: dict[str, Any]) -> dict[str, Counts]:
    """Return a balance, and see that it is one."""
    balance: dict[str, Counts] = summary["balance"]
    for source, stage in (("offered", "tap"), ("heard", "decode"), ("offered", "verdict"),
                          ("offered", "call")):  # fmt: skip
        became = {name: count for name, count in balance[stage].items() if name != source}
        assert balance[stage][source] == sum(became.values()), stage
    assert balance["tap"]["heard"] == balance["decode"]["heard"]
    assert balance["verdict"]["offered"] == balance["call"]["offered"]
    return balance


def records_of(octets: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Yield where the data of each record of a pcap file begins and ends."""
    at = 24
    while at < len(octets):
        (size,) = struct.unpack_from("<I", octets, at + 8)
        yield at + 16, at + 16 + size
        at += 16 + size


@pytest.mark.parametrize("name", INDEX)
def test_of_every_capture(name: str) -> None:
    lines, summary = replay(VECTORS / INDEX[name]["file"])
    balance = closed(summary)
    assert (balance["tap"]["heard"], balance["tap"]["lost"]) == (INDEX[name]["frames"], 0)
    events = [line["event"] for line in lines if "event" in line]
    assert balance["call"]["offered"] == events.count("call_offered") == events.count("verdict")
    assert balance["call"]["released"] == events.count("call_released")


@pytest.mark.parametrize("name", SMALL)
def test_of_a_capture_that_is_cut(name: str, tmp_path: Path) -> None:
    octets, path, random = (VECTORS / name).read_bytes(), tmp_path / name, Random(name)
    ends = [24, *(end for _, end in records_of(octets))]
    for size in random.sample(range(25, len(octets)), 5):
        path.write_bytes(octets[:size])
        whole = sum(end <= size for end in ends[1:])
        balance = closed(replay(path)[1])
        assert balance["tap"]["heard"] == whole
        assert balance["tap"]["lost"] == (size not in ends)


@pytest.mark.parametrize("name", SMALL)
def test_of_a_capture_with_wrong_bits(name: str, tmp_path: Path) -> None:
    """One bit of a tenth of the frames is wrong; the record headers are whole."""
    octets, random = bytearray((VECTORS / name).read_bytes()), Random(name)
    records = list(records_of(octets))
    for begin, end in random.sample(records, len(records) // 10 or 1):
        octets[random.randrange(begin, end)] ^= 1 << random.randrange(8)
    path = tmp_path / name
    path.write_bytes(octets)
    assert closed(replay(path)[1])["tap"]["heard"] == len(records)


@pytest.mark.parametrize("name", SMALL)
def test_of_a_capture_with_wrong_headers(name: str, tmp_path: Path) -> None:
    """Bits are wrong wherever they are: how many frames there are, nobody can say any more."""
    good, random, path = (VECTORS / name).read_bytes(), Random(name), tmp_path / name
    for _ in range(5):
        octets = bytearray(good)
        for begin, _ in random.sample(list(records_of(good)), 3):
            octets[begin - random.randint(1, 16)] ^= 1 << random.randrange(8)
        path.write_bytes(octets)
        closed(replay(path)[1])


@pytest.mark.root
@pytest.mark.peer("ip")
def test_of_a_short_soak() -> None:
    samples: list[Sample] = []
    done = asyncio.run(soak(2, RATE, 0.5, samples.append))
    assert (done.sent >= 2 * RATE * 0.9, done.unaccounted) == (True, 0)
    closed(done.summary)
    assert set(done.summary["lost"]) <= {"unread"}, "it is ended while the last are in the ring"
    assert samples == done.samples


@pytest.mark.root
@pytest.mark.peer("ip")
def test_under_overload(tmp_path: Path) -> None:
    """`core` stands still while the cable brings more than the ring can hold, and then goes on."""
    sent, (*log, summary) = asyncio.run(overload(tmp_path))
    tap = closed(summary)["tap"]
    assert tap["offered"] == sent
    assert tap["lost"] > 0
    blind = [line for line in log if line["event"] == "tap blind"]
    assert sum(line["lost"] for line in blind) >= tap["lost"]
    (first, *_) = (line for line in blind if line["cause"] == "ring full")
    assert (first["tap"], first["trunks"]) == ("mirror", ["intl", "natl"])


async def overload(folder: Path) -> tuple[int, list[dict[str, Any]]]:
    """Return how many frames were sent, and what `core` logged."""
    with netns.namespace():
        netns.veth("near", "mirror")
        async with core(folder, "blocks = 2\n") as (process, log):
            with sender("near") as near:
                await near.send(RATE, 0.5)
                process.send_signal(signal.SIGSTOP)
                await near.send(4 * RATE, 1)
                process.send_signal(signal.SIGCONT)
                await near.send(4 * RATE, 2)
            process.terminate()
            await process.wait()
            return near.sent, lines_of(log)
