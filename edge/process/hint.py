# SPDX-License-Identifier: Apache-2.0
"""Hints between the processes of a box: "there is news". Datagrams on unix sockets.

Nothing rests on a hint: what matters is on disk and is looked at again every second; a hint that is
lost, because the other process is not there, costs that second.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

OUTBOX = "outbox"
"To `uplink`: new events are on disk."
ACKED = "acked"
"To whoever keeps an outbox: the hub has more of it."
LISTS = "lists"
"To `core`: a list changed on disk."
MODES = "modes"
"To `core`: the mode of a trunk changed on disk."
REQUESTS = "requests"
"To `uplink`: somebody before the box asks for something."
RESTART = "restart"
"To `core`: end in good order; whoever started it starts it anew, with the configuration of now."

MOST_OCTETS = 64
SHARED = 0o660
"Rights to a socket: of its owner, and of the group that all processes of the box share."


class Hints:
    """One process's ear for hints, and its voice."""

    def __init__(self, folder: Path, name: str) -> None:
        """Listen as `name` in a folder that all processes of the box share; made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        # A socket's path may have 107 octets, a folder's may be longer: it is named by descriptor.
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003 - the only way to say it
        with suppress(FileNotFoundError):
            os.unlink(f"{name}.sock", dir_fd=self._folder)
        self._socket.bind(self._path(name))
        # To speak to a socket takes the right to write it, which the umask of a unit takes from the
        # other processes; who may enter the folder is told by the folder.
        os.chmod(self._path(name), SHARED)  # noqa: PTH101 - of a path below a descriptor

    def _path(self, name: str) -> str:
        return f"/proc/self/fd/{self._folder}/{name}.sock"

    def give(self, name: str, word: str) -> None:
        """Give a hint to a process. It may not be there, or busy: then it looks by itself."""
        with suppress(OSError):
            self._socket.sendto(word.encode(), self._path(name))

    def hear(self, answers: Mapping[str, Callable[[], object]]) -> None:
        """Call what belongs to a word whenever it is heard, from now on, in the running loop."""
        asyncio.get_running_loop().add_reader(self._socket, self._take, answers)

    def _take(self, answers: Mapping[str, Callable[[], object]]) -> None:
        with suppress(OSError):
            while word := self._socket.recv(MOST_OCTETS):
                answers.get(word.decode(errors="replace"), lambda: None)()

    def close(self) -> None:
        """Listen no more. Call after the loop that hears has ended, or within it."""
        with suppress(RuntimeError):  # no loop is running
            asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        os.close(self._folder)


def give(folder: Path, name: str, word: str) -> None:
    """Give a hint to a process of the box that shares `folder`, as one who hears none."""
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return  # nobody ever ran here
    try:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as voice:
            voice.setblocking(False)  # noqa: FBT003 - the only way to say it
            voice.sendto(word.encode(), f"/proc/self/fd/{opened}/{name}.sock")
    finally:
        os.close(opened)
