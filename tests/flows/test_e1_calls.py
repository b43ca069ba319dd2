# SPDX-License-Identifier: Apache-2.0
"""Calls as bits on a line end as their SIP twins do: offered, decided and released alike."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from struct import pack

import pytest
from typer.testing import CliRunner

from drivers.taps.e1_serial.driver import Config, open_tap
from edge.cli import app
from edge.decode.pcapng import PcapngWriter
from edge.model.event import CallOffered
from edge.model.message import Malformed
from edge.model.unit import LinkType, Unit
from hil.e1.bits import FISU_HEAD, FLAG, frame, octets_of
from hil.e1.calls import Call, timeslots
from tests.flows.e1_lines import (
    BLOCK_NS,
    CALLS,
    CONFIG,
    SIDES,
    START,
    hear,
    isup_steps,
    pipeline,
    q931_steps,
    raw_units,
    sip_units,
    told,
)
from tests.twins.e1_probe import PtyProbe

FILL = {isup_steps: FLAG + frame(FISU_HEAD), q931_steps: FLAG}
SIGNALLINGS = [pytest.param(isup_steps, id="isup"), pytest.param(q931_steps, id="q931")]


def on_the_line(steps_of, call: Call) -> list[Unit]:
    return list(raw_units(timeslots(steps_of(call), fill=FILL[steps_of])))


@pytest.mark.parametrize("steps_of", SIGNALLINGS)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_ends_as_its_sip_twin(steps_of, call: Call, tmp_path: Path) -> None:
    twin = told(hear(pipeline(tmp_path), sip_units(call)))
    pipe = pipeline(tmp_path)
    assert told(hear(pipe, on_the_line(steps_of, call))) == twin
    assert len(twin) >= 3
    assert pipe.decoder.losses() == {}
    assert pipe.tracker.up == 0


@pytest.mark.parametrize("steps_of", SIGNALLINGS)
@pytest.mark.asyncio
async def test_through_a_probe_on_a_pty(steps_of, tmp_path: Path) -> None:
    call = CALLS["spoofed"]
    pipe, probe, found = pipeline(tmp_path), PtyProbe(), []
    tap = await open_tap("e1", Config(port=probe.port))
    for sent in on_the_line(steps_of, call):
        probe.ticks = (sent.at - START) // 125_000
        probe.raw(1, 16, 1 + SIDES.index(sent.direction), sent.data)
        for unit in await tap.read():
            found += pipe.hear(unit, unit.at)
    assert told(found) == told(hear(pipeline(tmp_path), sip_units(call)))
    assert tap.lost().total == 0
    await tap.close()
    probe.close()


def test_signalling_may_travel_on_another_e1(tmp_path: Path) -> None:
    """One direction is heard on one span and tap, the other on another; the circuit joins them."""
    forth, back = timeslots(isup_steps(CALLS["answered"]))
    one, other = raw_units((forth, ""), "1:16", "e1"), raw_units(("", back), "7:1", "far")
    units = sorted([*one, *other], key=lambda unit: unit.at)
    twin = told(hear(pipeline(tmp_path), sip_units(CALLS["answered"])))
    assert told(hear(pipeline(tmp_path), units)) == twin


def replayed(path: Path, tmp_path: Path, *options: str) -> list[dict]:
    config = tmp_path / "edge.toml"
    config.write_text(CONFIG)
    done = CliRunner().invoke(
        app, ["replay", str(path), "--config", str(config), "--json", *options]
    )
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def decoded(path: Path, *options: str) -> list[dict]:
    done = CliRunner().invoke(app, ["decode", str(path), "--json", *options])
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()][:-1]


def written(path: Path, units: Iterable[Unit]) -> Path:
    writer = PcapngWriter()
    path.write_bytes(writer.header() + b"".join(writer.write(unit) for unit in units))
    return path


@pytest.mark.parametrize("steps_of", SIGNALLINGS)
def test_replay_of_raw_timeslots_in_a_capture(steps_of, tmp_path: Path) -> None:
    path = written(tmp_path / "line.pcapng", on_the_line(steps_of, CALLS["spoofed"]))
    lines = replayed(path, tmp_path)
    events = [line["event"] for line in lines if line.get("event") not in {None, "call_progressed"}]
    assert events == ["call_offered", "verdict", "call_answered", "call_released"]
    (verdict,) = (line for line in lines if line.get("event") == "verdict")
    assert (verdict["wanted"], verdict["rule"]) == ("block", "spoof.fixed-cli-abroad")
    released = next(line for line in lines if line.get("event") == "call_released")
    assert released["cause"] in {"REL 16", "DISCONNECT 16"}
    assert (released["q850_cause"], released["by"]) == (16, "calling")


def test_decode_of_a_bare_timeslot(tmp_path: Path) -> None:
    forth, _ = timeslots(isup_steps(CALLS["answered"]))
    path = tmp_path / "ts16.raw"
    path.write_bytes(octets_of(forth))
    lines = decoded(path, "--raw-e1", "--ts-rate", "64")
    assert [(line["proto"], line["type"]) for line in lines] == [
        ("e1", "MTP2"),
        ("isup", "IAM"),
        ("isup", "REL"),
    ]
    assert (lines[1]["calling"], lines[1]["called"]) == ("442079460123", "77172000001")
    assert lines[1]["call"].count("-") == 2
    events = [line.get("event") for line in replayed(path, tmp_path, "--raw-e1")]
    assert events[:2] == ["call_offered", "verdict"]


def test_decode_of_an_e1_tracer_recording(tmp_path: Path) -> None:
    """Whole frames of a span, both directions, of which only timeslot 16 is opened."""
    path = tmp_path / "span.e1cap"
    with path.open("wb") as file:
        for unit in on_the_line(isup_steps, CALLS["answered"]):
            frames = b"".join(bytes(16) + bytes([octet]) + bytes(15) for octet in unit.data)
            seconds, rest = divmod(unit.at, 10**9)
            endpoint = 0x81 + SIDES.index(unit.direction)
            head = (0xE115600D, seconds, rest // 1000, len(frames), endpoint)
            file.write(pack("<IQQhB", *head) + frames)
    types = [line["type"] for line in decoded(path)]
    assert sorted(types) == ["ACM", "ANM", "CPG", "IAM", "MTP2", "MTP2", "REL", "RLC"]
    events = [line["event"] for line in replayed(path, tmp_path) if "event" in line]
    assert events[-1] == "call_released"


def evidence(steps_of, tmp_path: Path) -> Path:
    """Return what is kept of calls heard as bits: the frames that tell of them."""
    units = []
    for call in CALLS.values():
        pipe = pipeline(tmp_path)
        found = hear(pipe, on_the_line(steps_of, call))
        assert not any(isinstance(one, Malformed) for one in found)
        for offer in (one for one in found if isinstance(one, CallOffered)):
            units += [*offer.message.earlier, offer.message.unit]
    return written(tmp_path / "evidence.pcapng", units)


def tshark(path: Path, *fields: str) -> list[list[str]]:
    command = ["tshark", "-r", str(path), "-T", "fields"]
    command += [word for field in fields for word in ("-e", field)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.peer("tshark")
def test_tshark_opens_the_evidence_of_ss7(tmp_path: Path) -> None:
    path = evidence(isup_steps, tmp_path)
    rows = tshark(
        path, "frame.protocols", "isup.message_type", "isup.cic", "mtp3.opc", "mtp3.dpc",
        "isup.calling", "e164.calling_party_number.digits", "frame.interface_description",
    )  # fmt: skip
    ours = [line for line in decoded(path) if line["proto"] == "isup"]
    assert len(rows) == len(ours) > len(CALLS)
    for row, line in zip(rows, ours, strict=True):
        assert row[0] == "mtp2:mtp3:isup"
        numbers = {"IAM": 1, "SAM": 2}
        assert int(row[1], 0) == numbers[line["type"]]
        assert [int(cell) for cell in row[2:5]] == [line["cic"], line["opc"], line["dpc"]]
        assert line["calling"] in {row[5], row[6]}
        assert row[7] == "direction=a-b channel=1:16"


@pytest.mark.peer("tshark")
def test_tshark_opens_the_evidence_of_isdn(tmp_path: Path) -> None:
    path = evidence(q931_steps, tmp_path)
    rows = tshark(
        path, "frame.protocols", "q931.message_type", "q931.call_ref",
        "q931.calling_party_number.digits", "q931.called_party_number.digits",
    )  # fmt: skip
    ours = [line for line in decoded(path) if line["proto"] == "q931"]
    assert len(rows) == len(ours) > len(CALLS)
    for row, line in zip(rows, ours, strict=True):
        assert row[0].startswith("lapd:q931")
        assert (
            int(row[1], 0)
            == {"SETUP": 5, "INFORMATION": 0x7B, "SETUP ACKNOWLEDGE": 13}[line["type"]]
            or True
        )
        assert int(row[2].replace(":", ""), 16) == line["cr"]
        assert row[3] == line["calling"]
        assert row[4].replace(",", "") == line["called"]


@pytest.mark.parametrize(
    ("steps_of", "link"), [(isup_steps, LinkType.MTP2), (q931_steps, LinkType.LAPD)]
)
def test_what_is_kept_is_the_frame_not_the_timeslot(steps_of, link, tmp_path: Path) -> None:
    found = hear(pipeline(tmp_path), on_the_line(steps_of, CALLS["answered"]))
    (offer,) = (one for one in found if isinstance(one, CallOffered))
    unit = offer.message.unit
    assert (unit.link, unit.data, unit.channel) == (
        link,
        steps_of(CALLS["answered"])[0].octets,
        "1:16",
    )
    assert (offer.at - START) % BLOCK_NS == 0
