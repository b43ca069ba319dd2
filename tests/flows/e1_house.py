# SPDX-License-Identifier: Apache-2.0
"""The appliance beside an exchange that owns its circuits: a real `core`, on two ptys."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge.decode.pcapng import PcapngWriter
from edge.evidence.shelf import capture_of
from hil.e1.calls import Call, Number
from tests.flows.e1_signalling import Circuit, Signalling
from tests.flows.e1_switch import Life, Line, OwnExchange, RawLine
from tests.flows.house import Part, records_in
from tests.flows.region import OPEN
from tests.report.small_box import eventually
from tests.twins.exchange import PROMPT

LISTED, HONEST = Number("447700900666"), Number("447700900111")
PHONE, HELP = Number("77172000001"), Number("112", 2)

TABLES = f"""
[node]
name = "astana-test"
state_dir = "{{state}}"
[numbering]
area = "7172"

[tap.e1]
driver = "e1_serial"
port = "{{tap}}"
protocol = "{{protocol}}"

[enforcer.exchange]
driver = "serial_mml"
port = "{{port}}"
prompt = '{PROMPT}$'
release = [{{{{ send = "{{command}}", expect = "EXECUTED", refuse = "NOT ACCEPTED|FAULT" }}}}]

[trunk.abroad]
class = "international"
{{trunk}}
enforcer = "exchange"
mode = "enforce"

[trunk.abroad2]
class = "international"
{{other}}

[blocklist]
files = ["list.csv"]
[breaker]
floor = 10000
[enforce]
within_s = 2
again_s = {{again_s}}
"""
LIST = f"""# version: 1
pattern,party,action,scope,category,basis,valid_from,valid_until,source
+{LISTED.digits},calling,block,all,bank security,TEST-1,,,test
"""


class E1House(NamedTuple):
    """What runs, and what there is to see of it."""

    folder: Path
    line: Line
    exchange: OwnExchange
    core: Part

    def call(
        self, calling: Number, circuit: Circuit, life: Life | None = None, called: Number = PHONE
    ) -> None:
        """Begin a call."""
        self.exchange.call(Call(calling, called), circuit, life or Life())

    def records(self) -> list[dict[str, Any]]:
        """Return all records of evidence, verdicts and outcomes."""
        return records_in(self.folder / "state" / "evidence")

    async def settled(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many calls are settled; return their outcomes, the oldest call first."""

        def outcomes() -> list[dict[str, Any]]:
            return [record for record in self.records() if "outcome" in record]

        await eventually(lambda: len(outcomes()) >= count)
        return outcomes()

    async def idle(self) -> None:
        """Wait until nobody calls any more."""
        await eventually(lambda: not self.exchange.busy)

    async def warned(self, alarm: str) -> None:
        """Wait until an alarm was said."""
        await eventually(lambda: f'"name": "{alarm}"' in self.core.said())

    async def ended(self) -> dict[str, Any]:
        """End the process; return what it says of all that it heard."""
        assert await asyncio.to_thread(self.core.stop) == 0
        return msgspec.json.decode(self.core.said().splitlines()[-1])

    def proof(self, record: dict[str, Any]) -> Path:
        """Return the frames of a record, as a capture that anybody can open."""
        found = capture_of(record)
        assert found, record
        (day,) = self.folder.glob("state/evidence/2*")
        assert found.is_whole(day)
        path = self.folder / f"{record['id']}.pcapng"
        path.write_bytes(found.read(day))
        return path

    def recording(self) -> Path:
        """Return what was on the line, fill-in units left out, as a capture."""
        path, writer = self.folder / "line.pcapng", PcapngWriter()
        frames = b"".join(writer.write(unit) for unit in self.line.frames)
        path.write_bytes(writer.header() + frames)
        return path


@asynccontextmanager
async def house(
    signalling: Signalling, folder: Path, *, raw: bool = False, again_s: int = 0
) -> AsyncIterator[E1House]:
    """Have the exchange and the appliance at work; the line begins when both are ready."""
    line = RawLine(signalling) if raw else Line(signalling)
    exchange = OwnExchange(line)
    config = folder / "edge.toml"
    config.write_text(
        TABLES.format(
            state=folder / "state", tap=line.probe.port, port=exchange.port,
            protocol="auto",
            command=signalling.command, trunk=signalling.trunk, other=signalling.other,
            again_s=again_s,
        )
    )  # fmt: skip
    (folder / "list.csv").write_text(LIST)
    words = (sys.executable, "-m", "edge", "core", "--config", str(config))
    core = Part(folder / "core.log", *words)
    try:
        core.start()
        await eventually(lambda: core.said().count(OPEN) == 2 or core.process.poll() is not None)
        assert core.process.poll() is None, core.said()
        line.begin()
        yield E1House(folder, line, exchange, core)
    finally:
        core.kill()
        line.close()
        exchange.close()
