# SPDX-License-Identifier: Apache-2.0
"""Small networks for tests: namespaces, pairs of interfaces, and a hub with a mirror port.

A namespace here has no name: it goes with the last process in it, whatever became of the test.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLONE_NEWNET = 0x4000_0000
_LIBC = ctypes.CDLL(None, use_errno=True)


@contextmanager
def namespace() -> Iterator[None]:
    """Be in a new and empty network; so are the processes that are started meanwhile."""
    with Path("/proc/thread-self/ns/net").open() as home:
        _call(_LIBC.unshare(_CLONE_NEWNET))
        try:
            ip("link set lo up")
            yield
        finally:
            _call(_LIBC.setns(home.fileno(), _CLONE_NEWNET))


def _call(code: int) -> None:
    if code:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def ip(words: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *words.split()], check=True)


def veth(left: str, right: str) -> None:
    """Make a cable between two interfaces that say nothing of themselves, and plug it in."""
    ip(f"link add {left} type veth peer name {right}")
    for name in (left, right):
        _up_and_quiet(name)


def cable(here: str, address: str, there: str, other: str, machine: "Host") -> None:
    """Plug a cable of its own between us and a machine, with an address at each end."""
    veth(here, f"{there}-far")
    ip(f"link set {there}-far netns {machine.pid}")
    ip(f"addr add {address}/30 dev {here}")
    ip(f"link set {here} up")
    machine.ip(f"link set {there}-far name {there}")
    machine.ip(f"addr add {other}/30 dev {there}")
    machine.ip(f"link set {there} up")


def hub(name: str) -> None:
    """Make a switch that learns nothing: every port hears all, as a mirror port does."""
    ip(f"link add {name} type bridge ageing_time 0 mcast_snooping 0")
    _up_and_quiet(name)


def _up_and_quiet(name: str) -> None:
    """Bring an interface up without the greetings of IPv6, if there is any."""
    switch = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
    if switch.exists():
        switch.write_text("1", encoding="ascii")
    ip(f"link set {name} up")


class Host:
    """A machine with one cable and one address."""

    def __init__(self, pid: int) -> None:
        """Take any process in its namespace."""
        self.pid = pid
        self.inside = ("nsenter", f"--target={pid}", "--net")
        "What a command begins with to run there."
        self._sockets = [Path(f"/proc/{pid}/net/{kind}") for kind in ("udp", "tcp")]

    def ip(self, words: str) -> None:
        """Run `ip` on it."""
        subprocess.run([*self.inside, "ip", *words.split()], check=True)

    def ports(self) -> set[int]:
        """Return the local ports in use."""
        tables = [path.read_text(encoding="ascii").splitlines()[1:] for path in self._sockets]
        return {int(row.split()[1].rpartition(":")[2], 16) for table in tables for row in table}


@contextmanager
def host(cable: str, address: str, switch: str) -> Iterator[Host]:
    """Put a machine with `address` (`10.0.0.1/24`) to a hub; its processes end with it."""
    keeper = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE
    )
    try:
        assert keeper.stdout is not None
        keeper.stdout.readline()
        machine = Host(keeper.pid)
        veth(f"{cable}-hub", cable)
        ip(f"link set {cable}-hub master {switch}")
        ip(f"link set {cable} netns {keeper.pid}")
        for words in ("link set lo up", f"addr add {address} dev {cable}", f"link set {cable} up"):
            machine.ip(words)
        yield machine
    finally:
        keeper.kill()
        keeper.communicate()
