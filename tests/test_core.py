# SPDX-License-Identifier: Apache-2.0
"""The whole process: what is heard becomes verdicts, evidence, and events on disk for the hub."""

import asyncio
import json
import operator
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from edge import log
from edge.config import Config, parse
from edge.core import NAME, Core, build_core, compact, run_core
from edge.decode.pcapng import PcapngWriter
from edge.errors import RestartAsked
from edge.model.verdict import Mode
from edge.modes import write_modes
from edge.places import places_of
from edge.process.hint import MODES, RESTART, Hints
from edge.process.service import Notifier
from edge.report import pseudonym
from edge.report.event import Class, numbered
from edge.report.kinds import AnyEvent
from edge.report.outbox.reader import OutboxReader
from edge.seen.readings import read
from edge.seen.recent import FILE
from hil.loopback import free_port
from tests.call.sip_talk import write
from tests.decode.test_signalling import udp
from tests.flows.house import ROOT, until
from tests.report.small_box import eventually
from tests.small_core import HONEST, HUB, SPOOFED, TOO_LONG_S, config, hep, invite

pytestmark = pytest.mark.usefixtures("log_as_it_was")

READ: TypeAdapter[Any] = TypeAdapter(AnyEvent)


def capture(path: Path, *octets: bytes) -> None:
    writer = PcapngWriter()
    path.write_bytes(writer.header() + b"".join(writer.write(udp(one), "") for one in octets))


def run(settings: Config) -> bool:
    return asyncio.run(run_core(settings, Notifier({})))


def reported(settings: Config, cls: Class) -> list[Any]:
    """Return the events of a class as the hub would read them."""
    reader = OutboxReader(places_of(settings).outbox(NAME))
    try:
        (info,) = [info for info in reader.streams() if info.cls is cls]
        rows = reader.read(info.stream, 0, 1 << 20, 1000)
        return [READ.validate_json(numbered(row.seq, row.body)) for row in rows]
    finally:
        reader.close()


def test_a_stopped_call_is_evidence_and_told_an_honest_one_is_a_hash(tmp_path: Path) -> None:
    settings = config(tmp_path)
    busy = write("486", call="good")
    capture(tmp_path / "c.pcapng", invite(SPOOFED, "bad"), invite(HONEST, "good"), busy)
    assert run(settings)
    (verdict,) = reported(settings, Class.BLOCK)
    assert (verdict.kind, verdict.calling, verdict.action) == ("verdict", SPOOFED, "block")
    (line,) = next(places_of(settings).evidence.rglob("verdicts.jsonl")).read_text().splitlines()
    assert (json.loads(line)["id"], json.loads(line)["leaf"]) == (verdict.record, verdict.leaf)
    (call,) = reported(settings, Class.CALL)
    assert (call.calling, call.answered, call.cause) == (HONEST, False, "486")
    assert len(call.called) == len(call.call) == 32
    outbox = places_of(settings).outbox(NAME)
    octets = b"".join(path.read_bytes() for path in outbox.parent.iterdir())
    assert b"good" not in octets  # its Call-ID neither


def test_a_record_that_a_kill_left_untold_is_told_once(tmp_path: Path) -> None:
    """The outbox is held by another until the process is killed: its event cannot get there."""
    settings = config(tmp_path)
    places = places_of(settings)
    capture(tmp_path / "c.pcapng", invite(SPOOFED, "first"))
    assert run(settings)
    capture(tmp_path / "c.pcapng", invite(SPOOFED, "second"), invite(SPOOFED, "third"))
    lines = next(places.evidence.rglob("verdicts.jsonl"))
    core = [sys.executable, "-m", "edge", "core", "--config", "edge.toml"]
    with closing(sqlite3.connect(places.outbox(NAME), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        killed = subprocess.Popen(core, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
        until(lambda: lines.read_bytes().count(b"\n") == 3, "three records")
        killed.kill()
        killed.wait()
    assert [event.call for event in reported(settings, Class.BLOCK)] == ["first"]
    capture(tmp_path / "c.pcapng", invite(SPOOFED, "fourth"))
    assert run(settings)
    told = ["first", "second", "third", "fourth"]
    events = reported(settings, Class.BLOCK)
    assert [event.call for event in events] == told
    assert [event.leaf for event in events] == [0, 1, 2, 3]
    assert run(settings)
    assert [event.call for event in reported(settings, Class.BLOCK)] == [*told, "fourth"]


def test_a_box_that_stands_alone_keeps_evidence_and_fills_no_outbox(tmp_path: Path) -> None:
    settings = config(tmp_path, more="")
    capture(tmp_path / "c.pcapng", invite(SPOOFED, "bad"))
    assert run(settings)
    assert list(places_of(settings).evidence.rglob("verdicts.jsonl"))
    assert not places_of(settings).outbox(NAME).exists()


def test_calls_that_are_let_through_can_be_left_out(tmp_path: Path) -> None:
    settings = config(tmp_path, more=f"{HUB}[report]\ncalls = false\n")
    capture(tmp_path / "c.pcapng", invite(HONEST, "good"))
    assert run(settings)
    assert reported(settings, Class.CALL) == []
    assert not (places_of(settings).identity / "pseudonym.key").exists()


def test_numbers_are_left_for_the_page(tmp_path: Path) -> None:
    settings = config(tmp_path)
    capture(tmp_path / "c.pcapng", invite(SPOOFED, "bad"), b"SIP/2.0 nonsense\r\n\r\n")
    run(settings)
    reading = read(places_of(settings).run)[NAME]
    found = {
        (one.declared.name, *one.labels): one.values[0]
        for one in reading.series()
        if len(one.values) == 1
    }
    assert found["qalqan_units_total", "mirror"] == 2
    verdicts = "qalqan_verdicts_total", "block", "block", "spoof.fixed-cli-abroad", "intl"
    assert found[verdicts] == 1
    assert found["qalqan_evidence_records_total",] == 1


MEMORY = 'driver = "memory"'


def test_the_secret_that_systemd_loaded_for_us_is_the_one_that_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of the identity is another user's."""
    settings = config(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "loaded"))
    secret = pseudonym.load(tmp_path / "loaded")
    capture(tmp_path / "c.pcapng", invite(HONEST, "good"), write("486", call="good"))
    assert run(settings)
    (call,) = reported(settings, Class.CALL)
    assert call.call == secret.of("good", call.at)
    assert not places_of(settings).identity.exists()


def test_how_it_stands_is_said_in_a_line(tmp_path: Path) -> None:
    more = HUB + '[gate.switch]\ndriver = "sip_redirect"\nport = 5070\npeers = ["127.0.0.1/32"]\n'
    settings = config(tmp_path, more=more, tap=MEMORY)

    async def line() -> str:
        with ExitStack() as stack:
            built = build_core(settings, stack)
            assert [trouble(0.0) for trouble in built.pulse.troubles] == [""]
            built.gates[0].part.lost = "port in use"
            built.judging.modes.stop_now(0)
            said = built.pulse.line()
            built.hand.close(built.judging.pipeline, built.ears)
            return said

    said, _, rest = asyncio.run(line()).partition(", ALL TRUNKS ONLY OBSERVED, ")
    assert said == "0 of 1 taps hear, not mirror, no way to switch, 0 calls, 0 entries of lists"
    assert rest in {"0 events wait for the disk", "1 events wait for the disk"}, "of the alarm"


@pytest.mark.asyncio
async def test_tables_of_calls_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("call.compact.LEAST", "core.COMPACT_EVERY_S", "core.COMPACT_APART_S"):
        monkeypatch.setattr(f"edge.{name}", 0)
    with ExitStack() as stack:
        core = build_core(config(tmp_path), stack)
        tables = tables_of(core)
        (loop,) = [one for one in core.beside if getattr(one, "func", None) is compact]
        async with asyncio.TaskGroup() as group:
            copying = group.create_task(asyncio.wait_for(loop(), TOO_LONG_S))
            while any(map(operator.is_, tables, tables_of(core))):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)
            copying.cancel()
        core.hand.close(core.judging.pipeline, core.ears)


def tables_of(core: Core) -> tuple[object, ...]:
    sip, suspects, teller = core.judging.pipeline.tracker.sip, core.hand.suspects, core.hand._teller
    assert suspects
    assert teller
    return sip._calls, suspects.detector.behaviour._calls, teller._passed


def test_a_hint_has_the_process_end_to_be_started_anew(tmp_path: Path) -> None:
    settings = config(tmp_path, tap=MEMORY)

    async def talk() -> None:
        async with asyncio.timeout(TOO_LONG_S), asyncio.TaskGroup() as group:
            running = group.create_task(run_core(settings, Notifier({})))
            ear = places_of(settings).run / f"{NAME}.sock"
            while not ear.exists():  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.01)
            with closing(Hints(places_of(settings).run, "uplink")) as hints:
                while not running.done():
                    hints.give(NAME, RESTART)
                    await asyncio.sleep(0.01)

    with pytest.raises(ExceptionGroup) as ended:
        asyncio.run(talk())
    assert isinstance(ended.value.exceptions[0], RestartAsked)


def test_a_mode_that_a_command_set_takes_effect_at_a_hint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = config(tmp_path, tap=MEMORY)
    places = places_of(settings)
    places.state.mkdir()
    write_modes(places.modes, {"intl": Mode.OBSERVE})

    async def talk() -> None:
        async with asyncio.timeout(TOO_LONG_S), asyncio.TaskGroup() as group:
            running = group.create_task(run_core(settings, Notifier({})))
            hints = Hints(places.run, "uplink")
            while '"enforced": []' not in (said := capsys.readouterr().out):
                assert '"enforced": ["intl"]' not in said  # never, not even at the start
                await asyncio.sleep(0.01)
            write_modes(places.modes, {"intl": Mode.ENFORCE})
            while '"enforced": ["intl"]' not in capsys.readouterr().out:
                hints.give(NAME, MODES)
                await asyncio.sleep(0.01)
            hints.close()
            running.cancel()

    log.set_up(stream=sys.stdout)
    asyncio.run(talk())


STOPPING = """
[gate.sbc]
driver = "sip_redirect"
port = {gate}
peers = ["127.0.0.1"]
[enforce]
within_s = 20
again_s = 0
"""


async def answered(port: int, octets: bytes) -> bytes:
    """Ask a gate, again while it is not open yet; returns its answer."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as switch:
        switch.setblocking(False)
        switch.bind(("127.0.0.1", 0))
        while True:
            # It wants the answer at the port that it asks from (RFC 3581).
            switch.sendto(octets.replace(b";branch", b";rport;branch"), ("127.0.0.1", port))
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    return await loop.sock_recv(switch, 4096)


def test_a_switch_that_asks_is_answered_and_the_stop_is_proved_by_a_tap(tmp_path: Path) -> None:
    tap, gate = free_port(), free_port()
    more = f'gates = ["sbc"]\n{STOPPING.format(gate=gate)}{HUB}'
    settings = config(tmp_path, more, tap=f'driver = "hep"\nport = {tap}')

    async def talk() -> bytes:
        async with asyncio.timeout(TOO_LONG_S), asyncio.TaskGroup() as group:
            running = group.create_task(run_core(settings, Notifier({})))
            honest = await answered(gate, invite(HONEST, "good"))
            assert honest.startswith(b"SIP/2.0 302 ")
            answer = await answered(gate, invite(SPOOFED, "bad"))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as switch:
                for octets in (invite(SPOOFED, "bad"), answer):
                    switch.sendto(hep(octets), ("127.0.0.1", tap))
            path = places_of(settings).evidence
            await eventually(lambda: b'"outcome"' in b"".join(
                file.read_bytes() for file in path.rglob("verdicts.jsonl")))  # fmt: skip
            running.cancel()
        return answer

    answer = asyncio.run(talk())
    assert answer.startswith(b"SIP/2.0 603 Decline\r\n")
    verdict, outcome = reported(settings, Class.BLOCK)
    assert (verdict.kind, verdict.action) == ("verdict", "block")
    assert (outcome.kind, outcome.result, outcome.heard) == ("outcome", "stopped", "603")
    assert (outcome.record, outcome.by) == (verdict.record, "sbc")
    assert verdict.record.encode() in answer  # what the caller can quote
    assert 0 < outcome.after_ms < 1000 * TOO_LONG_S


def test_the_latest_calls_are_left_for_the_page(tmp_path: Path) -> None:
    box = parse(
        '[node]\nname = "a"\nstate_dir = "s"\n[tap.t]\ndriver = "memory"\n'
        '[page]\npeople = "127.0.0.1:1"\n',
        tmp_path / "edge.toml",
    )

    async def build() -> None:
        with ExitStack() as stack:
            core = build_core(box, stack)
            assert core.hand.recent is not None
            core.hand.recent.write()
            core.hand.close(core.judging.pipeline, core.ears)

    asyncio.run(build())
    assert (tmp_path / "s" / "run" / FILE).exists()
