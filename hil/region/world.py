# SPDX-License-Identifier: Apache-2.0
"""The region: callers abroad, a switch, a phone, all real programs, and a box beside them.

    abroad   198.51.100.10 ─┐
    abroad 2 203.0.113.10  ─┼─ bridge that floods ─── the box's mirror port
    switch   192.0.2.10    ─┤   switch 10.0.0.2 ─┬─── 10.0.0.1 the box, at its switch port
    PBX      192.0.2.11    ─┤   PBX    10.0.0.3 ─┘
    phone    192.0.2.20    ─┘

Every machine is a network namespace. SIPp calls and is called; the switch is Kamailio, which asks
the box before it lets a call on (`drivers/README.md`, "Kamailio asks the gate"). Where there is a
PBX, it is Asterisk, has the calls of `abroad 2`, and is told.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from edge import clock
from edge.errors import ConfigError
from hil.region import net, pbx as asterisk, sipp
from hil.region.net import Machine
from hil.region.tables import (
    ABROAD,
    ABROAD2,
    BOX,
    CONTROL,
    PBX,
    PBX_CONTROL,
    PHONE,
    SWITCH,
    UNHURRIED,
    VICTIM,
    sample,
)
from hil.region.watch import Watcher

PROGRAMS = ("ip", "nsenter", "unshare", "sipp", "kamailio")
SIP = 5060
PATIENCE_S = 60.0
ONCE = ("-m", "1", "-timeout", "50", "-timeout_error")
"One call, as SIPp is told; no call here lasts so long, seconds."
_LOOK_S = 0.05


class Program:
    """One that runs, in a session of its own so that nothing of it outlives it."""

    def __init__(self, log: Path, words: Sequence[str], folder: Path) -> None:
        """Start it; what it says goes to `log`."""
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder,
                start_new_session=True,
            )  # fmt: skip

    def wait(self, within_s: float = PATIENCE_S) -> int:
        """Return its exit code; end it if it does not end. SIPp's is 0 if all went as expected."""
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            return -1
        finally:
            self.kill()

    def stop(self, within_s: float = 5.0) -> None:
        """End it in good order, or else hard."""
        if self.process.poll() is None:
            self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(within_s)
        self.kill()

    def kill(self) -> None:
        """End it and all that it started; may be said twice."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def until(there: Callable[[], object], what: str, within_s: float = PATIENCE_S) -> None:
    """Wait for what other programs do. Raises `TimeoutError` that says what never came."""
    end_s = clock.monotonic_s() + within_s
    while not there():
        if clock.monotonic_s() > end_s:
            raise TimeoutError(f"never: {what}")
        time.sleep(_LOOK_S)  # noqa: TID251 - other programs work meanwhile


class Hosts(NamedTuple):
    """The machines."""

    abroad: Machine
    abroad2: Machine
    switch: Machine
    victim: Machine
    pbx: Machine


class Region:
    """The machines, and what runs on them."""

    def __init__(self, folder: Path, hosts: Hosts, watcher: Watcher, parts: ExitStack) -> None:
        """Take what `region` made; `parts` ends all that is started."""
        self.folder = folder
        self.hosts = hosts
        self.watcher = watcher
        self.second = SWITCH
        "The switch that has the calls of `abroad 2`."
        self._parts = parts

    def start(self, name: str, *words: str, on: Machine | None = None) -> Program:
        """Start a program on a machine, or beside the box."""
        where = on.inside if on else ()
        program = Program(self.folder / f"{name}.log", (*where, *words), self.folder)
        self._parts.callback(program.kill)
        return program

    def switch(self, config: str) -> Program:
        """Start Kamailio; returns when it hears."""
        path = self.folder / "kamailio.cfg"
        path.write_text(config)
        words = ("kamailio", "-DD", "-E", "-m", "128", "-M", "8", "-f", str(path))
        scratch = ("-Y", str(self.folder), "-w", str(self.folder))
        program = self.start("kamailio", *words, *scratch, on=self.hosts.switch)
        self._listens(self.hosts.switch, SIP)
        return program

    def pbx(self) -> Program:
        """Start Asterisk; returns when it hears. Raises `ConfigError` if there is none here."""
        command = self._parts.enter_context(asterisk.configured())
        program = self.start("asterisk", *command, on=self.hosts.pbx)
        self._listens(self.hosts.pbx, SIP, asterisk.MANAGER)
        self.second = PBX
        return program

    def phone(self, scenario: Path) -> Program:
        """Have all phones of the region answer calls."""
        words = ("sipp", "-sf", str(scenario), "-i", VICTIM, "-p", str(SIP), "-nostdin")
        program = self.start("phone", *words, on=self.hosts.victim)
        self._listens(self.hosts.victim, SIP)
        return program

    def calls(
        self, scenario: Path, calling: str, called: str = PHONE, *,
        second: bool = False, more: Sequence[str] = ONCE,
    ) -> Program:  # fmt: skip
        """Begin a call from abroad; `more` are words of SIPp's: how many, how often."""
        host, address = (self.hosts.abroad2, ABROAD2) if second else (self.hosts.abroad, ABROAD)
        words = ("sipp", "-sf", str(scenario), "-i", address, "-s", called, "-key", "me", calling)
        there = f"{self.second if second else SWITCH}:{SIP}"
        return self.start("caller", *words, *more, "-nostdin", there, on=host)

    def talks(self, calling: str, called: str = PHONE, *, second: bool = False) -> bool:
        """Have somebody call, and say whether he heard it ring and was answered."""
        scenario = sipp.talks(self.folder, rings=True)
        return self.calls(scenario, calling, called, second=second).wait() == 0

    def is_refused(
        self, calling: str, called: str = PHONE, status: int = 603, *, second: bool = False,
        may_ring: bool = False,
    ) -> bool:  # fmt: skip
        """Have somebody call, and say whether he was refused and heard nothing ring before.

        With `may_ring` he may have.
        """
        scenario = sipp.refused(self.folder, status, may_ring=may_ring)
        return self.calls(scenario, calling, called, second=second).wait() == 0

    def capture(self, name: str = "wire") -> Path:
        """Record what passes both switches; returns the file. Ends with `recorded`."""
        path = self.folder / f"{name}.pcapng"
        words = ("dumpcap", "-q", "-i", net.TRUNK_EYE, "-i", net.CONTROL_EYE, "-w", str(path))
        self._recorder = self.start(f"dumpcap-{name}", *words, "-f", "udp or tcp")
        log = self._recorder.log
        until(lambda: "File:" in log.read_text(errors="replace"), "dumpcap records")
        return path

    def recorded(self) -> None:
        """End the recording."""
        self._recorder.stop()

    def _listens(self, machine: Machine, *ports: int) -> None:
        until(lambda: set(ports) <= machine.ports(), f"somebody listens at {ports}", 30)


@contextmanager
def region(folder: Path, *, taps: bool = True, pbx: bool = False) -> Iterator[Region]:
    """Build the region and have it at work; all that runs in it ends with it.

    Args:
        folder: Where logs and scenarios go.
        taps: Whether the box is another machine, and opens `net.MIRROR_TAP` and `net.SWITCH_TAP`;
            if not, it is where we are: it hears `net.MIRROR_TAP` and has the address `BOX`.
        pbx: Whether there is a second switch, an Asterisk.

    Raises:
        ConfigError: Something is missing, or a region runs here already.
    """
    _missing()
    folder.mkdir(parents=True, exist_ok=True)
    if pbx:
        asterisk.make_system()  # from a mirror, to which no way leads from within the region
    with ExitStack() as stack:
        stack.enter_context(net.alone() if taps else net.own_network())
        stack.enter_context(net.switches())
        hosts = Hosts(*(stack.enter_context(net.machine()) for _ in Hosts._fields))
        _wire(stack, hosts)
        if taps:
            stack.enter_context(net.tap(net.MIRROR_TAP, net.TRUNK))
            stack.enter_context(net.tap(net.SWITCH_TAP, net.CONTROL))
        else:
            stack.enter_context(net.port(net.MIRROR_TAP, net.TRUNK))
            stack.enter_context(net.port(net.SWITCH_TAP, net.CONTROL))
            net.ip(f"addr add {BOX}/24 dev {net.SWITCH_TAP}")
        watcher = Watcher()
        stack.callback(watcher.close)
        made = Region(folder, hosts, watcher, stack.enter_context(ExitStack()))
        made.switch(sample("Kamailio asks the gate").switch)
        made.phone(sipp.phone(folder, unhurried=UNHURRIED))
        if pbx:
            made.pbx()
        yield made


def _wire(stack: ExitStack, hosts: Hosts) -> None:
    """Plug the machines in."""
    addresses = (ABROAD, ABROAD2, SWITCH, VICTIM, PBX)
    for name, machine, address in zip(Hosts._fields, hosts, addresses, strict=True):
        cable = f"qlq-{name}"
        stack.enter_context(net.port(cable, net.TRUNK))
        machine.plug(cable, f"{address}/32")
        for other in addresses:
            machine.ip(f"route add {other}/32 dev {cable}")
    for cable, machine, address in (
        ("qlq-order", hosts.switch, CONTROL), ("qlq-order2", hosts.pbx, PBX_CONTROL),
    ):  # fmt: skip
        stack.enter_context(net.port(cable, net.CONTROL))
        machine.plug(cable, f"{address}/24")


def _missing() -> None:
    """Raise `ConfigError` if the region cannot be built here."""
    if os.geteuid() != 0:
        raise ConfigError("the region is made of network namespaces: it needs root")
    paths = f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin".split(":")
    os.environ["PATH"] = ":".join(dict.fromkeys(paths))
    absent = [one for one in PROGRAMS if shutil.which(one) is None]
    if absent:
        raise ConfigError(f"not installed: {', '.join(absent)} (tests/peers.sh)")
