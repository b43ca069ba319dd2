# SPDX-License-Identifier: Apache-2.0
"""A serial port behind a network: RFC 2217, spoken by pyserial's own server half."""

import socket
import threading

import serial
from serial import rfc2217


class TerminalServer:
    """Serves one client in a thread; `write` is what its serial port received."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self._port = serial.serial_for_url("loop://", timeout=0)
        self._negotiated: rfc2217.PortManager | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        host, port = self._listening.getsockname()
        return f"rfc2217://{host}:{port}"

    def write(self, octets: bytes) -> None:
        assert self._client
        assert self._negotiated
        self._client.sendall(b"".join(self._negotiated.escape(octets)))

    def hang_up(self) -> None:
        assert self._client
        self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._thread.join(5)
        if self._client:
            self._client.close()
        self._listening.close()
        self._port.close()

    def _serve(self) -> None:
        self._client, _ = self._listening.accept()
        connection = _Connection(self._client)
        # The stubs take both for the client's class.
        self._negotiated = rfc2217.PortManager(self._port, connection)  # type: ignore[arg-type]
        while octets := self._client.recv(1024):
            for _ in self._negotiated.filter(octets):
                raise AssertionError("a tap sends nothing")


class _Connection:
    """What the server half writes its side of the negotiation to."""

    def __init__(self, client: socket.socket) -> None:
        self.write = client.sendall
