# SPDX-License-Identifier: Apache-2.0
"""Who may see the page, and as what: `state/page/users.json`, passwords as argon2id (RFC 9106).

A password is checked in the same time whether its person is known or not.
"""

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from threading import Lock

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from edge.blocklist.store import replace
from edge.errors import InputError

FILE = "users.json"
VERSION = 1
MOST = 200
MOST_OCTETS = 1 << 20
"Of the file; what is larger is none of ours."
HASHER = PasswordHasher(time_cost=3, memory_cost=32_768, parallelism=1)
"32 MiB and 80 ms: several at once would be more than a small box has, so they take turns."


class Role(Enum):
    """What somebody does with the page."""

    VIEWER = "viewer"
    "Sees how the box stands; of numbers the last digits are masked."
    OPERATOR = "operator"
    "Sees calls and lists as well, hands out evidence, and spares who is stopped by mistake."
    PROSECUTOR = "prosecutor"
    "As the operator."
    ENGINEER = "engineer"
    "As the operator; sets the modes of trunks, and says who may see the page."


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who may see the page."""

    name: str
    role: Role
    secret: str = msgspec.field(name="argon2")
    "The password, hashed."
    made_s: int
    "When, epoch seconds."
    made_by: str


class _File(msgspec.Struct, frozen=True):
    v: int
    people: tuple[Person, ...]


class People:
    """All who may see the page. From any thread."""

    def __init__(self, folder: Path, hasher: PasswordHasher = HASHER) -> None:
        """Use the file in a folder, made when there is somebody to keep. Raises `InputError`."""
        self._path = folder / FILE
        self._hasher = hasher
        self._changing, self._checking = Lock(), Lock()
        self._people = {person.name: person for person in _read(self._path)}
        self._nobody = hasher.hash("nobody")

    def all(self) -> list[Person]:
        """Return them, by name."""
        return [person for _, person in sorted(self._people.items())]

    def get(self, name: str) -> Person | None:
        """Return one."""
        return self._people.get(name)

    def hashed(self, password: str) -> str:
        """Return a password as it is kept."""
        with self._checking:
            return self._hasher.hash(password)

    def check(self, name: str, password: str) -> Person | None:
        """Return who it is; None if there is no such person with this password."""
        person = self._people.get(name)
        with self._checking:
            try:
                self._hasher.verify(person.secret if person else self._nobody, password)
            except (VerificationError, InvalidHashError):
                return None
        return person

    def put(self, person: Person) -> None:
        """Let somebody in, or in otherwise than before. Raises `InputError`."""
        with self._changing:
            if person.name not in self._people and len(self._people) >= MOST:
                raise InputError(f"more than {MOST} people")
            self._write({**self._people, person.name: person})

    def drop(self, name: str) -> None:
        """Let somebody in no longer. Raises `InputError`."""
        with self._changing:
            self._write({key: one for key, one in self._people.items() if key != name})

    def _write(self, people: dict[str, Person]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace(self._path, msgspec.json.encode(_File(VERSION, tuple(people.values()))))
            self._path.chmod(0o600)
        except OSError as refusal:
            raise InputError(f"{self._path}: {refusal.strerror}") from refusal
        self._people = people


def _read(path: Path) -> Iterable[Person]:
    try:
        with path.open("rb") as file:
            octets = file.read(MOST_OCTETS + 1)
        found = msgspec.json.decode(octets, type=_File)
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise InputError(f"{path}: {wrong}") from wrong
    if found.v != VERSION or len(octets) > MOST_OCTETS:
        raise InputError(f"{path}: is of another version")
    return found.people
