# SPDX-License-Identifier: Apache-2.0
"""Ports of loopback for what is started beside each other."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

TRIES = 100


def free_port() -> int:
    """Return a port that nobody has now, neither of TCP nor of UDP. Raises `OSError`."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return so many of them, each another. Raises `OSError`."""
    ports: list[int] = []
    with ExitStack() as held:  # all, until the last is found
        for _ in range(count + TRIES):
            if len(ports) == count:
                return ports
            stream = held.enter_context(socket.socket())
            stream.bind(("127.0.0.1", 0))
            port: int = stream.getsockname()[1]
            datagrams = held.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            with suppress(OSError):
                datagrams.bind(("127.0.0.1", port))
                ports.append(port)
    raise OSError("no port of loopback is free")


@contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port of TCP that refuses everybody, and that nobody else can take meanwhile."""
    with socket.socket() as held:  # bound, and never listens
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
