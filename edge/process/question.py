# SPDX-License-Identifier: Apache-2.0
"""Questions from one process of a box to another, and their answers: datagrams on unix sockets.

They lie beside the hints, in the same folder. Whoever asks goes on meanwhile, and has a deadline: a
datagram that is lost, because the other process is not there or does not read, is a question
without an answer.
"""

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

import msgspec

from edge.errors import DriverLost
from edge.process.hint import SHARED

CORE = "core"
"Asks."
UPLINK = "uplink"
"Answers."

MOST_OCTETS = 256
"Of a datagram: a question has at most 128."
LOOK_AGAIN_S = 0.002
"After the other's queue was full: no descriptor tells when that is over."
PATIENCE_S = 0.5
"How long a full queue is waited for: one who does not read for so long is not there."

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Digits = Annotated[str, msgspec.Meta(pattern="^[1-9][0-9]{6,14}$")]
Milliseconds = Annotated[int, msgspec.Meta(ge=1, le=60_000)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]


class Question(msgspec.Struct, frozen=True):
    """Is the owner of this mobile number abroad?"""

    id: Id
    "Comes back with the answer."
    number: Digits
    "E.164, without `+`."
    deadline_ms: Milliseconds
    "An answer later than this comes too late for the call that asks."
    ask: Literal["roaming"] = "roaming"


class Answer(msgspec.Struct, frozen=True):
    """What is known of it."""

    id: Id
    abroad: bool | None
    "None: nobody knows."
    ttl_s: Seconds = 0
    "Most seconds that this may be believed."


Word = TypeVar("Word", Question, Answer)


class Letters(Generic[Word]):
    """What a process sends to others, and reads: questions, or answers."""

    def __init__(self, folder: Path, name: str, reads: type[Word]) -> None:
        """Be reached as `name` in a folder that all processes share; made if need be."""
        self.unread = 0
        "Datagrams that were no such word."
        self._decoder: msgspec.json.Decoder[Word] = msgspec.json.Decoder(reads)
        folder.mkdir(parents=True, exist_ok=True)
        # As of hints: a socket's path may have 107 octets, a folder's may be longer.
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003 - the only way to say it
        with suppress(FileNotFoundError):
            os.unlink(f"{name}.letters.sock", dir_fd=self._folder)
        self._socket.bind(self._path(name))
        os.chmod(self._path(name), SHARED)  # noqa: PTH101 - as of hints

    def _path(self, name: str) -> str:
        return f"/proc/self/fd/{self._folder}/{name}.letters.sock"

    async def put(self, name: str, word: Question | Answer) -> None:
        """Send a word to a process. Raises `DriverLost` if it is not there, or does not read."""
        octets, where = msgspec.json.encode(word), self._path(name)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not self._sent(octets, where):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(LOOK_AGAIN_S)
        except (OSError, TimeoutError) as error:
            raise DriverLost(f"{name} takes no words: {error}") from error

    def _sent(self, octets: bytes, where: str) -> bool:
        """Send if there is room."""
        try:
            self._socket.sendto(octets, where)
        except BlockingIOError:
            return False
        return True

    async def read(self) -> Word:
        """Return the next word that is sent here; yields to the event loop at least once."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0)
            octets = await loop.sock_recv(self._socket, MOST_OCTETS)
            try:
                return self._decoder.decode(octets)
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.unread += 1

    def close(self) -> None:
        """Be reached no more. Call when nobody reads."""
        self._socket.close()
        os.close(self._folder)
