# SPDX-License-Identifier: Apache-2.0
"""Real places for a hub within a test: a mosquitto, a cluster of PostgreSQL, a hub's processes."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hil.hub.crew import Orders
from hil.hub.madeup import appliance, fresh_stream
from hil.hub.mqtt import Broker
from hil.loopback import free_port

ROOT = Path(__file__).parents[3]
PATIENCE_S = 30.0

MOSQUITTO = """
listener {port} 127.0.0.1
allow_anonymous true
user root
persistence false
max_queued_messages 0
max_inflight_messages 0
"""
POSTGRES = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=60")


def _until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens on a port."""
    for _ in range(int(PATIENCE_S * 50)):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "the broker has ended"
        time.sleep(0.02)  # noqa: TID251 - until another program listens
    raise TimeoutError(f"nobody listens on {port}")


@contextmanager
def mosquitto(folder: Path, more: str = "") -> Iterator[Broker]:
    """Run a mosquitto until the block is left."""
    port = free_port()
    config = folder / f"mosquitto-{port}.conf"
    config.write_text(MOSQUITTO.format(port=port) + more)
    command = ["mosquitto", "-c", str(config)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        _until_open(port, process)
        yield Broker("127.0.0.1", port)
    finally:
        process.terminate()
        process.wait()


def _postgres(program: str) -> str:
    """Return the path of a program of PostgreSQL; Debian keeps them where no PATH looks."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return str(found[-1]) if found else program


@contextmanager
def postgres() -> Iterator[str]:
    """Run a cluster of PostgreSQL until the block is left; yields the URL of its database."""
    with TemporaryDirectory(prefix="qalqan-pg-") as name:
        user: str | None = None
        if os.geteuid() == 0:  # which PostgreSQL refuses to be
            user = "postgres" if _exists("postgres") else "nobody"
            shutil.chown(name, user)
        folder = Path(name)
        data = folder / "data"
        init = [
            _postgres("initdb"),
            "-D",
            str(data),
            "-U",
            "hub",
            "-A",
            "trust",
            "-N",
            "--no-locale",
        ]
        subprocess.run([*init, "-E", "UTF8"], check=True, user=user, capture_output=True, cwd=name)
        options = [word for option in POSTGRES for word in ("-c", option)]
        server = [_postgres("postgres"), "-D", str(data), "-k", name, *options]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(server, user=user, stderr=log, stdout=log, cwd=folder)
        try:
            _until_ready(folder, process)
            yield f"postgresql+psycopg://hub@/postgres?host={folder}"
        finally:
            process.send_signal(signal.SIGINT)  # which sends those away who are connected
            process.wait()


def _until_ready(folder: Path, process: subprocess.Popen[bytes]) -> None:
    ready = [_postgres("pg_isready"), "-h", str(folder), "-U", "hub", "-d", "postgres", "-t", "1"]
    for _ in range(int(PATIENCE_S * 20)):
        if subprocess.run(ready, capture_output=True, check=False).returncode == 0:
            return
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.05)  # noqa: TID251 - until another program answers
    raise TimeoutError("PostgreSQL does not answer")


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


class HubProcess:
    """A hub that runs as it does anywhere: a herald, and workers in processes of their own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Look after a process."""
        self.process = process

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in children.read_text().split()]


async def until_answered(broker: Broker, workers: int = 1) -> None:
    """Wait until a hub answers, all of its workers, each of which is asked in turn."""
    async with appliance(broker, f"first-{os.getpid()}") as one:
        for _ in range(workers):
            stream = fresh_stream()
            for _ in range(int(PATIENCE_S)):
                await one.ask(stream)
                if await one.until(lambda: stream in one.acks, 1.0):  # noqa: B023 - awaited here
                    break
            else:
                raise TimeoutError("the hub does not answer")


@contextmanager
def hub(orders: Orders, log: Path | None = None) -> Iterator[HubProcess]:
    """Run a hub until the block is left; all of it is there when the block begins."""
    words = ["--broker", f"{orders.broker.host}:{orders.broker.port}", "--db", orders.db]
    words += ["--folder", str(orders.folder), "--workers", str(orders.workers)]
    for url in orders.amqp:
        words += ["--amqp", url]
    if orders.roamers:
        words += ["--roamers", str(orders.roamers)]
    command = [sys.executable, "-m", "hil.hub", "run", *words]
    with (log or Path(os.devnull)).open("ab") as said:
        process = subprocess.Popen(command, cwd=ROOT, stderr=said, stdout=said)
    try:
        asyncio.run(until_answered(orders.broker, orders.workers))
        yield HubProcess(process)
    finally:
        process.terminate()
        process.wait()
