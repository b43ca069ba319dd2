# SPDX-License-Identifier: Apache-2.0
"""The house of the hour: a region, the box's three processes, a hub behind mTLS, all on this host.

SIPp, Kamailio, phone ── bridge ──┐
hil.hour.play ────────────────────┴─ mirror port ─► core ─► outbox ─► uplink ─► broker ─► hub
exchange ── pseudo-terminals ─────────────────────►      state/ ─► page
"""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock

from edge import clock
from edge.moment import Moments
from edge.seen.readings import Reading, read
from edge.trust.enrol import write_code
from hil.demo.region import Centre
from hil.hour.services import Service, below, with_word
from hil.region import traffic
from hil.region.beside import ROOT
from hil.region.e1 import Exchange
from hil.region.net import MIRROR_TAP
from hil.region.serial import Pty
from hil.region.tables import LIST, tables
from hil.region.world import Program, Region, region, until
from hil.rig.hub import LISTENS, SEEN_FROM_INSIDE, RigHub, now_s

NODE = "hour"
CABLE = f"{MIRROR_TAP}-p"
"The bridge's end of the cable to the mirror port: what is sent into it, the box alone hears."
BOX = ("core", "uplink", "page")
"The processes of the box."
SIPP = 30
"Calls a second of SIPp's, by Kamailio, which asks about each."
BEYOND = 1.01
"So much more than is wanted: SIPp takes a while to begin."
DISK_MB = 2048
"Of the folder in which the box keeps all: a file system of its own, so that it can be filled."
FRESH_S = 4.0
LISTS_FOLLOWED_S = 20.0
"In which a box has heard of a new list, and looked at it."
PAGE = """
[page]
people = "127.0.0.1:8443"
listen = "127.0.0.1:9443"
"""


class Lead:
    """The plug of the E1 probe: a serial line that can be pulled, and put in again."""

    def __init__(self, port: Path) -> None:
        """Plug it in; `port` is the name under which a driver finds it."""
        self.port = port
        self._lock = Lock()
        self._pty: Pty | None = None
        self.plug()

    def plug(self) -> None:
        """Put it in."""
        with self._lock:
            self._pty = Pty()
            self.port.unlink(missing_ok=True)
            self.port.symlink_to(self._pty.port)

    def pull(self) -> None:
        """Pull it."""
        with self._lock:
            self.port.unlink(missing_ok=True)
            if self._pty:
                self._pty.close()
            self._pty = None

    def write(self, octets: bytes) -> None:
        """Send octets; without the plug they are lost."""
        with self._lock:
            if self._pty:
                self._pty.write(octets)

    def read(self, within_s: float) -> bytes:  # noqa: ARG002 - as `Serial` has it
        """Return nothing: nobody speaks to a probe."""
        return b""

    def close(self) -> None:
        """Pull it; may be said twice."""
        self.pull()


class House:
    """All of it."""

    def __init__(self, made: Region, stack: ExitStack, rate: float) -> None:
        """Start hub and box, and have the box taken in; `rate` is that of all calls."""
        self.region = made
        self.folder = made.folder
        self.box = made.folder / "box"
        self.state = self.box / "state"
        self.counts = made.folder / "played.json"
        self._stack = stack
        self._rate = rate
        self._moments = Moments()
        self.right_version = 0
        "Of the list that was published last, if a wrong one came before it."
        self.services: dict[str, Service] = {}
        self._hub()
        self._box()

    def start(self, name: str, *words: str) -> Service:
        """Have a module of this checkout run, or another program, and be started again."""
        command = words if "/" in words[0] else (sys.executable, "-m", *words)
        nice = ("nice", "-n", niceness(name))

        def begin() -> Program:
            return self.region.start(name, "env", f"PYTHONPATH={ROOT}", *nice, *command)

        self.services[name] = Service(name, begin)
        return self.services[name]

    def _hub(self) -> None:
        """Start the hub, with a list that both sides have signed."""
        self.hub = hub = RigHub.made(self.folder / "hub")
        self._stack.callback(hub.store.close)
        self.centre = Centre(hub.repository)
        table = self.folder / "list.csv"
        table.write_text(LIST, encoding="utf-8")
        self.centre.publish(table, now_s())
        for name, config in (("broker", "mosquitto.conf"), ("airlock", "airlock.conf")):
            self.start(name, "/usr/bin/env", "mosquitto", "-c", str(hub.folder / "broker" / config))
        self.start(
            "hub", "hil.hub", "run", "--broker", f"{LISTENS}:{hub.ports.hub}", "--tls",
            str(hub.folder / "worker"), "--folder", str(hub.folder / "hub"), "--workers", "1",
        )  # fmt: skip

    def _box(self) -> None:
        """Write the box's configuration, have it enrolled, and start its processes."""
        self.state.mkdir(parents=True)
        mounted = ("mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "qalqan-hour", str(self.state))
        subprocess.run(mounted, check=True)
        self._stack.callback(unmount, self.state)
        self.probe, port = Lead(self.box / "probe"), Pty()
        self.exchange = Exchange(self.probe, port)
        self._stack.callback(self.exchange.close)
        config = self.box / "edge.toml"
        told = tables(MIRROR_TAP, str(self.probe.port), port.port).replace("blocks = 8\n", "")
        hub = self.hub.settings().replace(SEEN_FROM_INSIDE, LISTENS).replace("true", "false")
        node = f'[node]\nname = "{NODE}"\nstate_dir = "{self.state}"\n'
        config.write_text(node + hub + told + PAGE)
        self._enrol(config)
        for name in BOX:
            self.start(name, "edge", name, "--config", str(config))
        self._stack.callback(self._end_box)
        until(lambda: self.hears("mirror") and self.hears("e1"), "the taps hear")
        until(lambda: self.value("core", "qalqan_list_entries"), "the list is in force")

    def _end_box(self) -> None:
        """End the box's processes, before their folder goes."""
        for name in BOX:
            self.services[name].stop()

    def _enrol(self, config: Path) -> None:
        code = write_code(secrets.token_bytes(10))
        path = self.box / "enrol.code"
        path.write_text(code)
        door = f"{LISTENS}:{self.hub.ports.enrolment}"
        words = ("--config", str(config), "--broker", door, "--code-file", str(path))
        asking = self.region.start(
            "enrol", "env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "edge", "enrol", *words
        )
        until(lambda: self.hub.admit(NODE, code), "the box asks to be taken in")
        if asking.wait():
            raise RuntimeError(f"not enrolled: {asking.log.read_text(errors='replace')}")
        self.services.pop("airlock").stop()

    @contextmanager
    def traffic(self) -> Iterator[None]:
        """Have everybody call, until the block is left."""
        rate = max(self._rate * BEYOND - SIPP, 1)
        play = self.start("play", "hil.hour.play", CABLE, f"{rate:g}", str(self.counts))
        self.services["sipp"] = sipp = Service("sipp", lambda: traffic.begin(self.region, SIPP))
        try:
            with traffic.on_e1(self.exchange):
                yield
        finally:
            for one in (sipp, play):
                one.stop()
                self.services.pop(one.name)

    def tend(self) -> None:
        """Start again what died."""
        for one in self.services.values():
            one.tend(clock.monotonic_s())

    def pids(self) -> Mapping[str, int]:
        """Return the processes that are looked at, by name."""
        found = {name: one.pid for name, one in self.services.items() if name not in _BESIDE}
        if worker := self.worker():
            found["worker"] = worker
        return found

    def worker(self) -> int | None:
        """Return the process of the hub's worker, if it has one now."""
        return with_word(below(self.services["hub"].pid), "worker")

    def freeze(self, *, frozen: bool) -> None:
        """Have broker and hub stand still, as if the line to them were dead; or go on."""
        number = signal.SIGSTOP if frozen else signal.SIGCONT
        for name in ("broker", "hub"):
            self.services[name].tell(number)
        if worker := self.worker():
            os.kill(worker, number)

    def reading(self, process: str) -> Reading | None:
        """Return the latest numbers of a process of the box."""
        return read(self.state / "run").get(process)

    def value(self, process: str, name: str, *labels: str) -> float:
        """Return a number, summed over all series that have these labels."""
        return sum(values_of(self.reading(process), name, *labels))

    def most(self, process: str, name: str) -> float:
        """Return the highest of all series of a number: an age is not to be summed."""
        return max(values_of(self.reading(process), name), default=0.0)

    def is_fresh(self, process: str) -> bool:
        """Whether the numbers of a process are of the one that runs, and of now."""
        found = self.reading(process)
        return bool(
            found
            and found.pid == self.services[process].pid
            and found.age_s(self._moments) < FRESH_S
        )

    def hears(self, part: str) -> bool:
        """Whether `core` says that a part of it runs."""
        return self.is_fresh("core") and bool(self.value("core", "qalqan_part_up", part))


def values_of(found: Reading | None, name: str, *labels: str) -> list[float]:
    """Return a number of a process in all series that have these labels; none if it says none."""
    series = found.numbers.get(name, []) if found else []
    return [values[0] for told, values in series if set(labels) <= set(told)]


def niceness(name: str) -> str:
    """Return how nice the unit of that process is, as on an appliance; others are not at all."""
    unit = ROOT / "systemd" / f"qalqan-{name}.service"
    lines = unit.read_text(encoding="ascii").splitlines() if unit.exists() else []
    return next((line[5:] for line in lines if line.startswith("Nice=")), "0")


_BESIDE = {"airlock", "play", "sipp"}
"Services that are no part of the product, nor of its hub."


def unmount(folder: Path) -> None:
    """Take a file system out, also where somebody still has a file of it open."""
    words = ["umount", "--lazy", str(folder)]
    subprocess.run(words, check=False)


def port_frames() -> int:
    """Return the frames that the mirror port was given, those it had no room for included."""
    text = Path("/proc/thread-self/net/dev").read_text("ascii")
    row = next(line for line in text.splitlines() if line.strip().startswith(f"{MIRROR_TAP}:"))
    numbers = row.partition(":")[2].split()
    return int(numbers[1]) + int(numbers[3])


@contextmanager
def house(folder: Path, rate: float) -> Iterator[House]:
    """Build it, and have it at work. Raises `ConfigError`."""
    with region(folder, taps=False) as made, ExitStack() as stack:
        yield House(made, stack, rate)
