# SPDX-License-Identifier: Apache-2.0
"""A whole house for tests: a real broker, the hub's processes, and the processes of one appliance.

Every part is a process of its own, and can be killed and started anew at any time.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from edge import clock
from hil.demo.region import Centre
from hil.hub import cosign
from hil.hub.store import EVENTS, STREAMS, Store, sqlite_url
from hil.loopback import free_port

ROOT = Path(__file__).parents[2]
NS = 1_000_000_000
PATIENCE_S = 90.0
NODE = "bench"


class Part:
    """A process, in a session of its own so that nothing of it outlives a kill."""

    def __init__(self, log: Path, *command: str) -> None:
        self._log = log
        self._command = command
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as out:
            self.process = subprocess.Popen(
                self._command, stdout=out, stderr=out, cwd=ROOT, start_new_session=True
            )

    def kill(self) -> None:
        """Kill it and all that it started, as a power cut would."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """End it in good order; return its exit code."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.kill()

    def said(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""


class House:
    """A broker, a hub, an appliance."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        self.folder = folder
        self.port = free_port()
        self.hub_folder = folder / "hub"
        self.hub_folder.mkdir()
        self.centre = Centre(self.hub_folder / "repository")
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 1000\n"
        )
        self.store = Store(sqlite_url(self.hub_folder / "hub.db"))
        self.vkey = cosign.load(self.hub_folder).vkey
        self.broker = Part(folder / "broker.log", "mosquitto", "-c", f"{folder}/mosquitto.conf")
        where = f"127.0.0.1:{self.port}"
        words = ("--broker", where, "--folder", str(self.hub_folder), "--workers", str(workers))
        self.hub = self.part("hub", "hil.hub", "run", *words)
        self.config = folder / "edge.toml"
        self.uplink = self.part("uplink", "edge", "uplink", "--config", str(self.config))
        self.core = self.part("core", "edge", "core", "--config", str(self.config))

    def part(self, name: str, *module: str) -> Part:
        """Return a process that runs a module of this house."""
        return Part(self.folder / f"{name}.log", sys.executable, "-m", *module)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def write_config(self, more: str = "", *, lists: bool = False, dead_man_s: int = 10) -> None:
        """Write the appliance's configuration; with `lists` it follows one, and takes commands."""
        root = self.centre.folder / "metadata" / "1.root.json"
        signed = f'root = "{root}"\nlists = ["fraud"]\n' if lists else ""
        self.config.write_text(
            f'[node]\nname = "{NODE}"\nstate_dir = "{self.state}"\n'
            f'[hub]\nbrokers = ["127.0.0.1:{self.port}"]\ntls = false\n'
            f"dead_man_s = {dead_man_s}\n{signed}{more}"
        )
        identity = self.state / "identity"
        identity.mkdir(parents=True, exist_ok=True)
        (identity / "hub.key").write_text(self.vkey + "\n")

    def events(self) -> list[tuple[str, int, dict[str, Any]]]:
        """Return what the hub has: stream, number, event."""
        asked = sa.select(STREAMS.c.stream, EVENTS.c.seq, EVENTS.c.body).join(
            EVENTS, EVENTS.c.stream == STREAMS.c.id
        )
        with self.store.reading() as connection:
            rows = connection.execute(asked).all()
        return [(stream, seq, msgspec.json.decode(body)) for stream, seq, body in rows]

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        return [event for _, _, event in self.events() if event["kind"] == kind]

    def close(self) -> None:
        for part in (self.core, self.uplink, self.hub, self.broker):
            part.kill()
        self.store.close()


@contextmanager
def house(folder: Path, workers: int = 2) -> Iterator[House]:
    made = House(folder, workers)
    try:
        yield made
    finally:
        made.close()


def until(there: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for what other processes do."""
    end_s = clock.monotonic_s() + patience_s
    while not there():
        assert clock.monotonic_s() < end_s, f"never: {what}"
        time.sleep(0.05)  # noqa: TID251 - other processes work meanwhile


def records_in(evidence: Path) -> list[dict[str, Any]]:
    """Return all records of evidence; the last of a process that runs may still be written."""
    whole = (
        path.read_bytes().rpartition(b"\n")[0] for path in sorted(evidence.rglob("verdicts.jsonl"))
    )
    return [msgspec.json.decode(line) for lines in whole for line in lines.splitlines()]
