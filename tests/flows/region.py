# SPDX-License-Identifier: Apache-2.0
"""A region for tests of stopping: callers abroad, a switch, a phone, and the appliance beside them.

    abroad  198.51.100.10 ─┐
    abroad2 203.0.113.10  ─┼─ hub ─── mirror (the tap of the appliance)
    switch  192.0.2.10    ─┤
    victim  192.0.2.20    ─┘   switch 10.0.0.2 ─── 10.0.0.1 appliance (where it is asked, or tells)

Every machine is a network namespace; the appliance is where the test itself is. All programs are
real: SIPp calls and is called, the switch is whatever the test starts there.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests import netns
from tests.flows.house import Part, records_in, until

ABROAD, ABROAD2, SWITCH, VICTIM = "198.51.100.10", "203.0.113.10", "192.0.2.10", "192.0.2.20"
BOX, CONTROL = "10.0.0.1", "10.0.0.2"
PHONE = "77172000001"

OPEN = '"event": "open"'
"Logged once for the tap and once for gate or enforcer."

TABLES = f"""
[node]
name = "astana-test"
state_dir = "{{state}}"

[tap.mirror]
driver = "afpacket"
interface = "mirror"

[trunk.abroad]
class = "international"
peers = ["198.51.100.0/24"]
taps = ["mirror"]
{{way}}
mode = "enforce"

[trunk.abroad2]
class = "international"
peers = ["203.0.113.0/24"]
taps = ["mirror"]

[blocklist]
files = ["list.csv"]

[breaker]
floor = 10000

[enforce]
within_s = 3
again_s = 1

[answer]
desk = "sip:desk@{VICTIM}"
"""

LISTED, DIVERTED, HONEST = "+447700900666", "+447700900333", "+447700900111"
LIST = f"""# version: 1
pattern,party,action,scope,category,basis,valid_from,valid_until,source
{LISTED},calling,block,all,bank security,TEST-1,,,test
{DIVERTED},calling,divert,all,bank security,TEST-2,,,test
"""


class Region(NamedTuple):
    """The machines, and what runs on them."""

    folder: Path
    abroad: netns.Host
    abroad2: netns.Host
    switch: netns.Host
    victim: netns.Host
    parts: contextlib.ExitStack
    "Ends all that was started, the last first."

    def start(self, name: str, *command: str, on: netns.Host | None = None) -> Part:
        """Start a program on a machine, or beside the appliance; what it says goes to a log."""
        where = on.inside if on else ()
        part = Part(self.folder / f"{name}.log", *where, *command)
        part.start()
        self.parts.callback(part.kill)
        return part

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def appliance(self, way: str, more: str) -> Part:
        """Start `core` with the tables of a way to stop calls; returns when it hears."""
        config = self.folder / "edge.toml"
        config.write_text(TABLES.format(state=self.state, way=way) + more)
        (self.folder / "list.csv").write_text(LIST)
        return self.core()

    def core(self) -> Part:
        """Start the process, as it is configured; returns when it hears."""
        words = (sys.executable, "-m", "edge", "core", "--config", str(self.folder / "edge.toml"))
        log = self.folder / "core.log"
        opened = log.read_text().count(OPEN) if log.exists() else 0
        part = self.start("core", *words)
        until(lambda: part.said().count(OPEN) >= opened + 2, "tap and switch are open")
        return part

    def records(self) -> list[dict[str, Any]]:
        """Return all records of evidence, verdicts and outcomes."""
        return records_in(self.state / "evidence")

    def outcomes(self) -> list[dict[str, Any]]:
        return [record for record in self.records() if "outcome" in record]

    def settled(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many calls are settled; return their outcomes."""
        until(lambda: len(self.outcomes()) >= count, f"{count} outcomes: {self.outcomes()}", 30)
        return self.outcomes()

    def capture(self) -> Path:
        """Record what passes the mirror and the appliance's own cable; returns the file.

        It is whole once the region has ended.
        """
        path = self.folder / "wire.pcapng"
        words = ("dumpcap", "-q", "-i", "mirror", "-i", "control", "-w", str(path))
        dumpcap = self.start("dumpcap", *words, "-f", "udp or tcp")
        self.parts.callback(dumpcap.stop)  # killed, it would keep the latest packets to itself
        until(lambda: "File:" in dumpcap.said(), "dumpcap records")
        return path

    def phone(self, scenario: Path, *more: str) -> Part:
        """Have the victim's phone answer calls."""
        words = ("sipp", "-sf", str(scenario), "-i", VICTIM, "-p", "5060", "-nostdin", *more)
        part = self.start("phone", *words, on=self.victim)
        self.listens(self.victim, 5060)
        return part

    def call(self, scenario: Path, calling: str, called: str = PHONE, **how: Any) -> int:
        """Make a call from abroad; returns SIPp's exit code: 0 if it went as the scenario says."""
        return self.calls(scenario, calling, called, **how).wait()

    def calls(
        self, scenario: Path, calling: str, called: str = PHONE, *, more: tuple[str, ...] = (),
        second: bool = False,
    ) -> "Caller":  # fmt: skip
        """Begin a call from abroad."""
        host, address = (self.abroad2, ABROAD2) if second else (self.abroad, ABROAD)
        words = ("sipp", "-sf", str(scenario), "-i", address, "-s", called, "-key", "me", calling)
        often = more or ("-m", "1")
        tail = ("-nostdin", "-timeout", "40", "-timeout_error", "-trace_err", f"{SWITCH}:5060")
        with (self.folder / "caller.log").open("ab") as out:
            process = subprocess.Popen(
                [*host.inside, *words, *often, *tail], stdout=out, stderr=out, cwd=self.folder
            )
        return Caller(process)

    def listens(self, machine: netns.Host, *ports: int) -> None:
        until(lambda: set(ports) <= machine.ports(), f"somebody listens at {ports}", 30)


class Caller(NamedTuple):
    """A call under way."""

    process: subprocess.Popen[bytes]

    def wait(self) -> int:
        try:
            return self.process.wait(60)
        finally:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def region(folder: Path) -> Iterator[Region]:
    """Build the region around the test; whatever runs in it ends with it."""
    with netns.namespace(), contextlib.ExitStack() as stack:
        netns.hub("hub")
        netns.veth("mirror-hub", "mirror")
        netns.ip("link set mirror-hub master hub")
        hosts = [
            stack.enter_context(netns.host(name, f"{address}/32", "hub"))
            for name, address in (
                ("abroad", ABROAD), ("abroad2", ABROAD2), ("switch", SWITCH), ("victim", VICTIM),
            )
        ]  # fmt: skip
        for name, machine in zip(("abroad", "abroad2", "switch", "victim"), hosts, strict=True):
            for address in (ABROAD, ABROAD2, SWITCH, VICTIM):
                machine.ip(f"route add {address}/32 dev {name}")
        netns.cable("control", BOX, "control", CONTROL, hosts[2])
        parts = stack.enter_context(contextlib.ExitStack())
        abroad, abroad2, switch, victim = hosts
        yield Region(folder, abroad, abroad2, switch, victim, parts)
