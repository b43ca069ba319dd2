# SPDX-License-Identifier: Apache-2.0
"""The region's end of a serial line, whoever is or is not at the other one."""

import os
import socket
from pathlib import Path

from hil.region.serial import Pty, Socket


def test_a_pseudo_terminal() -> None:
    line = Pty()
    far = os.open(line.port, os.O_RDWR | os.O_NOCTTY)
    line.write(b"\x00\xff\r")
    assert os.read(far, 10) == b"\x00\xff\r"
    os.write(far, b"back")
    assert line.read(5) == b"back"
    assert line.read(0) == b""
    os.close(far)
    line.close()
    line.close()
    line.write(b"nobody")
    assert line.read(0) == b""


def test_a_machine_that_is_switched_off_and_on(tmp_path: Path) -> None:
    path = tmp_path / "line"
    line = Socket(path)
    line.write(b"nobody is there")
    assert line.read(0) == b""
    for _ in range(2):
        with socket.socket(socket.AF_UNIX) as machine:
            machine.bind(str(path))
            machine.listen()
            line.write(b"on")
            far, _ = machine.accept()
            assert far.recv(10) == b"on"
            far.send(b"hears")
            assert line.read(5) == b"hears"
            far.close()
        assert line.read(5) == b"", "its plug was pulled"
        path.unlink()
    line.close()
