# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: TID251 - waits for programs of other hands, which take real time
"""A region of three networks around one exchange, in namespaces that live for one recording.

    intl 198.51.100.0/24 --+                +-- local 192.0.2.0/24, the phones
                           +-- lan bridge --+
    natl 203.0.113.0/24  --+                +-- core, the exchange: .1 in each network

Every process started here is ended here, by its own id; nothing leaves the namespaces.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PLACES: dict[str, tuple[str, ...]] = {
    "core": (
        "198.51.100.1/24",
        "203.0.113.1/24",
        "192.0.2.1/24",
        "2001:db8:51::1/64",
        "2001:db8:2::1/64",
    ),
    "intl": ("198.51.100.10/24", "198.51.100.11/24", "198.51.100.12/24", "2001:db8:51::10/64"),
    "natl": ("203.0.113.10/24", "203.0.113.11/24"),
    "local": (
        "192.0.2.20/24",
        "192.0.2.21/24",
        "192.0.2.22/24",
        "192.0.2.23/24",
        "192.0.2.24/24",
        "192.0.2.26/24",
        "192.0.2.27/24",
        "2001:db8:2::20/64",
    ),
}
TRUNK = "trunk0"
"The one interface of every place; the tap listens on that of `core`."

CLONE_NEWNET = 0x40000000
SIOCETHTOOL = 0x8946
OFFLOADS = {"rx checksum": 0x15, "tx checksum": 0x17, "TSO": 0x1F, "GSO": 0x24, "GRO": 0x2C}
"Ethtool set commands: what a veth leaves to hardware that it does not have."
START_S = 10.0
QUIET_S = 1.5
"New interfaces announce themselves to multicast routers for a second; not for our captures."


class Region:
    """The namespaces, and the processes in them; a context manager."""

    def __init__(self) -> None:
        self._prefix = f"qv{os.getpid()}"
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self._clear()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clear()

    def name(self, place: str) -> str:
        """Name the namespace of a place."""
        return f"{self._prefix}-{place}"

    def start(self, place: str, argv: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a program in a place; what it says goes to `log`."""
        with log.open("wb") as said:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.name(place), *argv],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes], sign: signal.Signals) -> None:
        """End one program that was started here."""
        process.send_signal(sign)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its own group: with all that it started
            process.wait()
        self._running.remove(process)

    def _build(self) -> None:
        lan = self.name("lan")
        for place in (*PLACES, "lan"):
            _run("ip", "netns", "add", self.name(place))
        _in(
            lan,
            "link add bridge0 type bridge mcast_snooping 0",
            "link set bridge0 addrgenmode none up",
        )
        for place, addresses in PLACES.items():
            inside = self.name(place)
            _in(
                inside,
                "link set lo up",
                f"link add {TRUNK} type veth peer name {place} netns {lan}",
            )
            _in(lan, f"link set {place} addrgenmode none master bridge0 up")
            _set_plain(inside)
            _in(
                inside,
                *(
                    f"addr add {address} dev {TRUNK}{' nodad' if ':' in address else ''}"
                    for address in addresses
                ),
                f"link set {TRUNK} addrgenmode none",
                f"link set {TRUNK} up",
            )
        time.sleep(QUIET_S)

    def _clear(self) -> None:
        while self._running:
            self.stop(self._running[-1], signal.SIGTERM)
        for place in (*PLACES, "lan"):
            subprocess.run(
                ["ip", "netns", "del", self.name(place)], check=False, capture_output=True
            )


def wait_listening(process: subprocess.Popen[bytes], want: int, log: Path) -> None:
    """Wait until `want` sockets of the process's own network namespace are bound to port 5060."""
    deadline = time.monotonic() + START_S
    while _bound(process.pid) < want:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{log.stem} does not listen: {log.read_text(errors='replace')}")
        time.sleep(0.02)


def wait_said(process: subprocess.Popen[bytes], word: str, log: Path) -> None:
    """Wait until a program has said a word."""
    deadline = time.monotonic() + START_S
    while word not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{log.stem} did not start: {log.read_text(errors='replace')}")
        time.sleep(0.02)


def _bound(pid: int) -> int:
    """Count sockets bound to port 5060 (hexadecimal 13C4), listening ones only for TCP."""
    found = 0
    with contextlib.suppress(OSError):
        if Path(f"/proc/{pid}/ns/net").samefile("/proc/self/ns/net"):
            return 0  # not yet moved to its place: these are the host's sockets
    for table in ("udp", "udp6", "tcp", "tcp6"):
        with contextlib.suppress(OSError):
            rows = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
            found += sum(
                row.split()[1].endswith(":13C4") and (table[0] == "u" or row.split()[3] == "0A")
                for row in rows
            )
    return found


def _in(namespace: str, *commands: str) -> None:
    batch = "\n".join(commands) + "\n"
    subprocess.run(
        ["ip", "-n", namespace, "-batch", "-"],
        input=batch.encode(),
        check=True,
    )


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)


def _set_plain(namespace: str) -> None:
    """Have the kernel itself do checksums and segments, so that the captures are as on a wire."""
    with _inside(namespace):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        for command in OFFLOADS.values():
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP", TRUNK.encode(), ctypes.addressof(value))
            with contextlib.suppress(OSError):  # an older kernel may hold one of them fixed
                fcntl.ioctl(sock, SIOCETHTOOL, request)


@contextlib.contextmanager
def _inside(namespace: str) -> Iterator[None]:
    """Be in another network namespace for a moment (os.setns came with Python 3.12)."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        libc.setns(home, CLONE_NEWNET)
        os.close(home)
        os.close(there)
