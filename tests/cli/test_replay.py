# SPDX-License-Identifier: Apache-2.0
"""`qalqan replay`: a capture through the whole pipeline, shown, counted and kept."""

from pathlib import Path

import pytest

from tests.cli.conftest import VECTORS, Qalqan
from tests.cli.test_decode import BAD, save
from tests.decode.test_signalling import BYE

SPOOFED = VECTORS / "spoofed_7172.pcap"
PLAIN = VECTORS / "plain_call.pcap"


def test_text(qalqan: Qalqan, config: Path) -> None:
    done = qalqan("replay", SPOOFED, "--config", config)
    assert (done.code, done.err) == (0, "")
    said = [line for line in done.out.splitlines() if "would block" in line and "+77172009" in line]
    assert len(said) == 3
    assert "A Kazakh fixed number calls from abroad" in said[0]
    assert "spoof.fixed-cli-abroad" in done.out
    assert "3 calls decided" in done.out


def test_evidence(qalqan: Qalqan, config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    done = qalqan("replay", SPOOFED, PLAIN, "-c", config, "--evidence", folder, "--json")
    assert done.code == 0
    evidence = done.lines[-1]["summary"]["evidence"]
    assert evidence == {"folder": str(folder), "records": 3, "lost": 0}
    (capture,) = folder.glob("*/frames.pcapng")
    frames = qalqan("decode", capture, "--json").lines
    assert [line["type"] for line in frames[:-1]] == ["INVITE"] * 3
    text = qalqan("replay", SPOOFED, "-c", config, "--evidence", folder).out
    assert f"Evidence of 3 verdicts: {folder}/" in text


def test_events_stand_in_the_order_of_time(qalqan: Qalqan, config: Path) -> None:
    lines = qalqan("replay", VECTORS / "mixed_traffic.pcap", "-c", config, "--json").lines[:-1]
    times = [line["t"] for line in lines]
    assert times == sorted(times)


def test_captures_stand_for_the_taps_that_the_trunks_name(qalqan: Qalqan, config: Path) -> None:
    text = config.read_text("utf-8").replace("[trunk.intl]", '[trunk.intl]\ntaps = ["mirror"]')
    config.write_text(text + '\n[tap.mirror]\ndriver = "pcap"\nfiles = ["nowhere.pcap"]\n')
    done = qalqan("replay", SPOOFED, "-c", config, "--json")
    assert done.lines[-1]["summary"]["by_trunk"] == {"intl": {"offered": 3, "would_block": 3}}


@pytest.mark.parametrize("octets", BAD.values(), ids=BAD)
def test_a_file_that_is_no_capture(
    qalqan: Qalqan, config: Path, tmp_path: Path, octets: bytes
) -> None:
    bad = tmp_path / "bad.pcap"
    bad.write_bytes(octets)
    done = qalqan("replay", SPOOFED, bad, "-c", config, "--json")
    assert done.code == 1
    (line,) = done.err.splitlines()
    assert line.startswith(f"qalqan: {bad}: ")
    assert done.lines[-1]["summary"]["offered"] == 3  # what could be read is reported


def test_a_cut_file(qalqan: Qalqan, config: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(SPOOFED.read_bytes()[:-10])
    done = qalqan("replay", cut, "-c", config, "--json")
    assert (done.code, done.lines[-1]["summary"]["offered"]) == (1, 3)
    (line,) = done.err.splitlines()
    assert line.startswith("qalqan: not read to the end (pcap malformed: 1)")


def test_malformed_units_degrade(qalqan: Qalqan, config: Path, tmp_path: Path) -> None:
    save(tmp_path / "odd.pcapng", BYE)
    done = qalqan("replay", tmp_path / "odd.pcapng", "-c", config, "--json")
    assert (done.code, done.lines[-1]["summary"]["malformed"]) == (3, 1)


def test_nothing_begins_without_every_file(qalqan: Qalqan, config: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "missing.pcap", tmp_path):
        done = qalqan("replay", SPOOFED, path, "-c", config)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"qalqan: {path}: ")


def test_a_wrong_list_loads_nothing(qalqan: Qalqan, config: Path) -> None:
    wrong = config.parent / "list.csv"
    wrong.write_text("# version: 1\npattern,party,action,category,basis\n+7*,calling,block,x,y\n")
    with config.open("a") as file:
        file.write('[blocklist]\nfiles = ["list.csv"]\n')
    done = qalqan("replay", SPOOFED, "-c", config)
    assert (done.code, done.out) == (1, "")
    assert f"{wrong}:3: " in done.err


def test_usage(qalqan: Qalqan, config: Path) -> None:
    assert qalqan("replay", SPOOFED).code == 2
    assert qalqan("replay", SPOOFED, "-c", config, "--speed", "-1").code == 2
    assert qalqan("replay", SPOOFED, "-c", config, "--speed", "fast").code == 2
