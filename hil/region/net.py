# SPDX-License-Identifier: Apache-2.0
"""The cables of a region: machines are network namespaces, a mirrored switch is a bridge.

A machine's namespace has no name: it goes with the process that keeps it. Whatever has a name
begins with `qlq-`, and is replaced if somebody was killed before he could take it away.
"""

import ctypes
import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from edge.errors import ConfigError

TRUNK, CONTROL = "qlq-trunk", "qlq-control"
"Bridges: what the mirror copies, and the switch's own cable to the box."
MIRROR_TAP, SWITCH_TAP = "qlq-mirror", "qlq-sw"
"Ports for a box that is another machine, as QEMU opens them."
TRUNK_EYE, CONTROL_EYE = "qlq-eye0", "qlq-eye1"
"Ports at which the region itself looks on."
LOCK = Path("/run/qalqan-region.lock")
_CLONE_NEWNET = 0x4000_0000
_LIBC = ctypes.CDLL(None, use_errno=True)


def ip(words: str, inside: tuple[str, ...] = ()) -> None:
    """Run `ip`. Raises `ConfigError` with what it says."""
    done = subprocess.run(
        [*inside, "ip", *words.split()], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ConfigError(f"ip {words}: {done.stderr.strip()}")


def _call(code: int) -> None:
    if code:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextmanager
def own_network() -> Iterator[None]:
    """Have this thread, and what it starts, in a new and empty network."""
    with Path("/proc/thread-self/ns/net").open() as home:
        _call(_LIBC.unshare(_CLONE_NEWNET))
        try:
            ip("link set lo up")
            yield
        finally:
            _call(_LIBC.setns(home.fileno(), _CLONE_NEWNET))


@contextmanager
def alone() -> Iterator[None]:
    """Be the one region of this machine's own network. Raises `ConfigError` if there is one."""
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise ConfigError("a region runs on this machine already: end that first") from held
        yield


def quiet(name: str) -> None:
    """Bring an interface up without the greetings of IPv6, if there is any."""
    switch = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
    if switch.exists():
        switch.write_text("1", encoding="ascii")
    ip(f"link set {name} up")


@contextmanager
def _made(name: str, words: str) -> Iterator[None]:
    """Have an interface for as long as the block lasts."""
    _gone(name)
    ip(f"link add {name} {words}")
    try:
        quiet(name)
        yield
    finally:
        _gone(name)


def _gone(name: str) -> None:
    if Path(f"/proc/sys/net/ipv4/conf/{name}").exists():
        ip(f"link del {name}")


@contextmanager
def bridge(name: str) -> Iterator[None]:
    """Make a switch that learns nothing: every port hears all, as a mirror port does."""
    with _made(name, "type bridge ageing_time 0 mcast_snooping 0"):
        # Else it answers for an address of this machine's that is at another cable (RFC 826).
        Path(f"/proc/sys/net/ipv4/conf/{name}/arp_ignore").write_text("1", encoding="ascii")
        yield


@contextmanager
def port(name: str, switch: str, queue: int = 1000) -> Iterator[None]:
    """Plug a cable into a switch; its free end has that name."""
    plug = f"{name}-p"
    with _made(plug, f"txqueuelen {queue} type veth peer name {name}"):
        quiet(name)
        ip(f"link set {plug} master {switch}")
        yield


@contextmanager
def tap(name: str, switch: str) -> Iterator[None]:
    """Plug in a cable whose free end is opened by a virtual machine."""
    _gone(name)
    ip(f"tuntap add dev {name} mode tap")
    try:
        quiet(name)
        ip(f"link set {name} txqueuelen 10000 master {switch}")
        yield
    finally:
        _gone(name)


class Machine:
    """A network of its own, and what is started in it."""

    def __init__(self, pid: int) -> None:
        """Take any process in its namespace."""
        self.pid = pid
        self.inside = ("nsenter", f"--target={pid}", "--net")
        "What a command begins with to run there."
        self._sockets = [Path(f"/proc/{pid}/net/{kind}") for kind in ("udp", "tcp")]

    def ip(self, words: str) -> None:
        """Run `ip` on it."""
        ip(words, self.inside)

    def plug(self, name: str, address: str) -> None:
        """Take the free end of a cable, with an address: `10.0.0.1/24`."""
        ip(f"link set {name} netns {self.pid}")
        self.ip(f"addr add {address} dev {name}")
        self.ip(f"link set {name} up")

    def ports(self) -> set[int]:
        """Return the local ports in use."""
        tables = [path.read_text(encoding="ascii").splitlines()[1:] for path in self._sockets]
        return {int(row.split()[1].rpartition(":")[2], 16) for table in tables for row in table}


@contextmanager
def machine() -> Iterator[Machine]:
    """Make a machine with no cable; its processes are ended by whoever started them."""
    words = ["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"]
    keeper = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        if keeper.stdout is None or not keeper.stdout.readline():
            raise ConfigError("no network namespace can be made here")
        made = Machine(keeper.pid)
        made.ip("link set lo up")
        yield made
    finally:
        keeper.kill()
        keeper.communicate()


@contextmanager
def switches() -> Iterator[None]:
    """Make both switches, with a port of each at which we look on."""
    with ExitStack() as stack:
        for switch, eye in ((TRUNK, TRUNK_EYE), (CONTROL, CONTROL_EYE)):
            stack.enter_context(bridge(switch))
            stack.enter_context(port(eye, switch))
        yield
