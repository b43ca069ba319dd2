# SPDX-License-Identifier: Apache-2.0
"""`qalqan taps watch`: what every tap hears, in numbers."""

from pathlib import Path

from rich.console import Console

from edge.cli.taps import Watched, table
from edge.decode.pcapng import PcapngWriter
from edge.model.unit import Alarm, Direction, LinkType, Unit
from edge.plugins import load
from edge.ports import Losses
from edge.settings.keys import Part
from hil.e1.bits import cas
from hil.e1.calls import timeslots
from tests.cli.conftest import VECTORS, Qalqan
from tests.flows.e1_lines import CALLS, isup_steps, raw_units

HEAD = '[node]\nname = "astana"\n'


def tap(name: str, *files: Path) -> str:
    listed = ", ".join(f'"{file}"' for file in files)
    return f'[tap.{name}]\ndriver = "pcap"\nfiles = [{listed}]\n'


def config(tmp_path: Path, *taps: str) -> Path:
    path = tmp_path / "edge.toml"
    path.write_text(HEAD + "".join(taps))
    return path


def test_every_tap_until_all_have_ended(qalqan: Qalqan, tmp_path: Path) -> None:
    line, writer = tmp_path / "line.pcapng", PcapngWriter()
    units = raw_units(timeslots(isup_steps(CALLS["answered"])))
    line.write_bytes(writer.header() + b"".join(map(writer.write, units)))
    path = config(tmp_path, tap("sip", VECTORS / "plain_call.pcap"), tap("e1", line))
    done = qalqan("taps", "watch", "--config", path, "--json")
    assert done.code == 0, done.err
    sip, e1 = done.lines
    assert (sip["tap"], sip["state"], sip["messages"]["sip INVITE"] > 0) == ("sip", "ended", True)
    assert e1["messages"]["isup IAM"] == e1["messages"]["isup ANM"] == 1
    assert e1["channels"] == {"1:16 a-b": "MTP2", "1:16 b-a": "MTP2"}
    assert (e1["malformed"], e1["lost"]) == (0, {})


def test_the_table_for_people(qalqan: Qalqan, tmp_path: Path) -> None:
    path = config(tmp_path, tap("sip", VECTORS / "plain_call.pcap"))
    done = qalqan("taps", "watch", "--config", path)
    assert done.code == 0
    assert "units/s" in done.out
    assert "sip INVITE" in done.out.replace("\n", " ")


def test_a_configuration_without_a_tap(qalqan: Qalqan, tmp_path: Path) -> None:
    done = qalqan("taps", "watch", "--config", config(tmp_path))
    assert (done.code, "no tap to hear" in done.err) == (1, True)


def test_alarms_cas_and_losses_are_shown() -> None:
    part = Part(driver="memory", settings=load("taps", "memory").config())
    watched = Watched("e1", part)
    alarms = Unit("e1", LinkType.E1_ALARMS, 0, bytes([Alarm.LOS | Alarm.AIS]), channel="1:0")
    bits = Unit("e1", LinkType.E1_RAW, 0, cas(8000), direction=Direction.A_TO_B, channel="2:16")
    watched.take([alarms, bits], Losses((("bad CRC", 3),)))
    assert watched.channels == {"1:0 unknown": "LOS AIS", "2:16 a-b": "CAS"}
    assert watched.lost["bad CRC"] == 3
    console = Console(width=200, record=True, file=None, quiet=False)
    with console.capture() as shown:
        console.print(table([watched]))
    for word in ("LOS AIS", "CAS", "bad CRC 3", "cas heard, not supported 1", "running"):
        assert word in shown.get()
    assert watched.line()["octets"] == 8001


def test_a_watch_ends_in_time(qalqan: Qalqan, tmp_path: Path) -> None:
    path = config(tmp_path, '[tap.m]\ndriver = "memory"\n')
    done = qalqan("taps", "watch", "--config", path, "--seconds", "0.05", "--json")
    assert done.code == 0, done.err
    assert [(line["tap"], line["units"]) for line in done.lines] == [("m", 0)]


def test_a_file_that_is_no_capture_is_said_in_a_line(qalqan: Qalqan, tmp_path: Path) -> None:
    path = config(tmp_path, tap("wrong", tmp_path / "edge.toml"))
    done = qalqan("taps", "watch", "--config", path, "--json")
    assert (done.code, done.err.count("Traceback")) == (1, 0)
    assert "not a pcap or pcapng file" in done.err
