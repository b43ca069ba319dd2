# SPDX-License-Identifier: Apache-2.0
"""A cluster of three RabbitMQ 4 on this machine: Debian 13 in a folder, three nodes within it.

Debian 12 has RabbitMQ 3.10, which knows no MQTT 5. The folder is made once, and kept in `build/`.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from hil import debian
from hil.hub.mqtt import Broker
from hil.loopback import free_port

SYSTEM = debian.MADE / "rabbitmq-root"
PROGRAMS = "/usr/lib/rabbitmq/bin"
NODES = ("r1", "r2", "r3")
PATIENCE_S = 180.0

CONFIG = """
listeners.tcp.1 = 127.0.0.1:{amqp}
mqtt.listeners.tcp.1 = 127.0.0.1:{mqtt}
mqtt.durable_queue_type = quorum
anonymous_login_user = guest
anonymous_login_pass = guest
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.classic_config.nodes.1 = r1@localhost
cluster_formation.classic_config.nodes.2 = r2@localhost
cluster_formation.classic_config.nodes.3 = r3@localhost
cluster_partition_handling = pause_minority
net_ticktime = 10
disk_free_limit.absolute = 50MB
log.console = true
log.console.level = warning
"""


class Ports(NamedTuple):
    """Where a node listens."""

    amqp: int
    mqtt: int
    distribution: int


class Node:
    """One of the three."""

    def __init__(self, name: str, folder: Path, epmd: int) -> None:
        """Prepare a folder of its own within the system's."""
        self.name = f"{name}@localhost"
        self.ports = Ports(free_port(), free_port(), free_port())
        self.folder = folder / name
        self.folder.mkdir()
        config = CONFIG.format(amqp=self.ports.amqp, mqtt=self.ports.mqtt)
        (self.folder / "rabbitmq.conf").write_text(config)
        (self.folder / "plugins").write_text("[rabbitmq_mqtt].\n")
        inside = f"/{self.folder.relative_to(SYSTEM)}"
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": f"/{folder.relative_to(SYSTEM)}",
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(self.ports.distribution),
            "RABBITMQ_CONFIG_FILE": f"{inside}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{inside}/plugins",
            "RABBITMQ_MNESIA_BASE": f"{inside}/mnesia",
            "RABBITMQ_LOG_BASE": f"{inside}/log",
            "RABBITMQ_PID_FILE": f"{inside}/pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none",
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def broker(self) -> Broker:
        """Where it speaks MQTT."""
        return Broker("127.0.0.1", self.ports.mqtt)

    @property
    def url(self) -> str:
        """Where it speaks AMQP."""
        return f"amqp://guest:guest@127.0.0.1:{self.ports.amqp}/"

    def start(self) -> None:
        """Start it; `until_ready` waits for it."""
        command = ["chroot", str(SYSTEM), f"{PROGRAMS}/rabbitmq-server"]
        with (self.folder / "said").open("ab") as said:
            self._process = subprocess.Popen(
                command, env=self._environment, stdout=said, stderr=said, start_new_session=True
            )

    def ask(self, *words: str, within_s: float = 60) -> subprocess.CompletedProcess[str]:
        """Run rabbitmqctl upon it."""
        command = ["chroot", str(SYSTEM), f"{PROGRAMS}/rabbitmqctl", "-n", self.name, *words]
        return subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=False,
            timeout=within_s,
        )  # fmt: skip

    def until_ready(self) -> None:
        """Wait until it answers, and all three are one."""
        end = time.monotonic() + PATIENCE_S  # noqa: TID251 - until other programs are ready
        while time.monotonic() < end:  # noqa: TID251 - as above
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "said").read_text()[-4000:]
            if self.ask("await_startup", "--timeout", "20").returncode == 0 and self._sees_all():
                return
        raise TimeoutError((self.folder / "said").read_text()[-4000:])

    def _sees_all(self) -> bool:
        said = self.ask("eval", "length(rabbit_nodes:list_running()).")
        return said.stdout.strip() == str(len(NODES))

    def kill(self) -> None:
        """Kill it as a power cut does: at once, all of its processes."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


def make_system() -> None:
    """Make the folder with Debian 13 and RabbitMQ in it, if it is not there; half a minute."""
    debian.make(SYSTEM, "trixie", "rabbitmq-server")
    (SYSTEM / "etc" / "hosts").write_text("127.0.0.1 localhost\n")


@contextmanager
def cluster() -> Iterator[list[Node]]:
    """Run three nodes as one cluster until the block is left."""
    make_system()
    folder = Path(mkdtemp(prefix="cluster-", dir=SYSTEM / "tmp"))
    epmd = free_port()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        cookie = folder / ".erlang.cookie"
        cookie.write_text("QALQAN")
        cookie.chmod(0o400)
        daemon = subprocess.Popen(
            ["chroot", str(SYSTEM), "/usr/bin/epmd", "-port", str(epmd), "-address", "127.0.0.1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(daemon.wait)
        stack.callback(daemon.terminate)
        nodes = [Node(name, folder, epmd) for name in NODES]
        for node in nodes:
            stack.callback(node.kill)
            node.start()
        for node in nodes:
            node.until_ready()
        yield nodes
