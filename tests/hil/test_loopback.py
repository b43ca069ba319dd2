# SPDX-License-Identifier: Apache-2.0
"""A port that is free can be had, of both kinds, and no two are one."""

import socket

import pytest

from hil.loopback import closed_port, free_port, free_ports


def test_ports_are_free_and_different() -> None:
    found = free_ports(32)
    assert len(set(found)) == 32
    for port in found:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(type=kind) as one:
                one.bind(("127.0.0.1", port))


def test_a_port_that_datagrams_have_is_not_free() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        assert taken.getsockname()[1] not in {free_port() for _ in range(16)}


def test_a_closed_port_refuses_and_is_not_given_away() -> None:
    with closed_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
