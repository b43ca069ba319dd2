# SPDX-License-Identifier: Apache-2.0
"""Signed notes and checkpoints: C2SP signed-note, tlog-checkpoint and tlog-cosignature, Ed25519.

A checkpoint says of a log how long it is and what the root over it is. The appliance signs it, and
the hub signs under it, with the time; keys are written `name+id+base64`.
"""

import base64
import binascii
import os
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from typing_extensions import override

from edge.blocklist.store import sync_folder
from edge.errors import ConfigError, TrustError
from edge.evidence.merkle import WIDTH

SIGNS, COSIGNS = 1, 4
"Types of signature: over the note, and over the note with a time before it."

MOST_OCTETS = 65_536
"Of a note; it has a handful of lines."

_DASH = "\N{EM DASH} "
_ID, _KEY, _SIGNATURE, _TIME = 4, 32, 64, 8
"Octets of a key's id, of a key, of a signature, of the time before one."


class Checkpoint(msgspec.Struct, frozen=True):
    """What a note says of a log."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return it as the text of a note."""
        return f"{self.origin}\n{self.size}\n{_text(self.root)}\n"


class Signature(msgspec.Struct, frozen=True):
    """A line under a note."""

    name: str
    key: bytes
    "Id of the key."
    octets: bytes

    def line(self) -> str:
        """Return it as it is written, without the newline."""
        return f"{_DASH}{self.name} {_text(self.key + self.octets)}"


class Note(msgspec.Struct, frozen=True):
    """A text and who has signed it."""

    text: str
    signatures: tuple[Signature, ...]

    @override
    def __str__(self) -> str:
        """Return it as it is written."""
        return self.text + "\n" + "".join(f"{each.line()}\n" for each in self.signatures)


class VerifierKey(msgspec.Struct, frozen=True):
    """Whose signature it is, and how to check it."""

    name: str
    type: int
    public: bytes

    @override
    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.name}+{self.id.hex()}+{_text(bytes([self.type]) + self.public)}"

    @property
    def id(self) -> bytes:
        """The first octets of its hash: which key, not proof of which."""
        return sha256(f"{self.name}\n".encode() + bytes([self.type]) + self.public).digest()[:_ID]

    def signed(self, note: Note) -> int | None:
        """Return when this key signed a note, 0 without a time; None if it has not.

        Raises `TrustError` for a signature that says it is of this key and is not.
        """
        known = self.id
        for each in note.signatures:
            if (each.name, each.key) == (self.name, known):
                return self._checked(note.text, each.octets)
        return None

    def _checked(self, text: str, octets: bytes) -> int:
        before = _TIME if self.type == COSIGNS else 0
        time, signature = octets[:before], octets[before:]
        at = int.from_bytes(time, "big")
        message = cosigned_text(text, at) if self.type == COSIGNS else text.encode()
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as wrong:
            raise TrustError(f"the signature of {self.name} does not hold") from wrong
        return at


class SigningKey:
    """Who signs notes under a name."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        """Sign as `name`."""
        self.name = name
        self._private = private
        self._public = private.public_key().public_bytes_raw()

    def verifier(self, kind: int = SIGNS) -> VerifierKey:
        """Return the key that checks what this one signs: `SIGNS` or `COSIGNS`."""
        return VerifierKey(self.name, kind, self._public)

    def sign(self, text: str) -> Signature:
        """Return the signature of a note's text."""
        return Signature(self.name, self.verifier().id, self._private.sign(text.encode()))

    def cosign(self, text: str, at_s: int) -> Signature:
        """Return the cosignature of a checkpoint's text: seen at a time, and consistent."""
        octets = at_s.to_bytes(_TIME, "big") + self._private.sign(cosigned_text(text, at_s))
        return Signature(self.name, self.verifier(COSIGNS).id, octets)


def cosigned_text(text: str, at_s: int) -> bytes:
    """Return what a cosigner signs."""
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()


def read_note(octets: bytes) -> Note:
    """Return a note. Raises `TrustError`."""
    try:
        text = octets.decode()
    except UnicodeDecodeError as wrong:
        raise TrustError("a note is UTF-8") from wrong
    body, blank, below = text.rpartition("\n\n")
    if len(octets) > MOST_OCTETS or not blank or not body or not below.endswith("\n"):
        raise TrustError("a note is a text, an empty line, and lines of signatures")
    if any(char < " " and char != "\n" for char in text):
        raise TrustError("a note has no control characters")
    return Note(body + "\n", tuple(read_signature(line) for line in below[:-1].split("\n")))


def read_signature(line: str) -> Signature:
    """Return a line under a note. Raises `TrustError`."""
    name, _, octets = line.removeprefix(_DASH).partition(" ")
    signature = _octets(octets)
    if not line.startswith(_DASH) or not _is_name(name) or len(signature) <= _ID:
        raise TrustError("a line under a note is a dash, a name and a signature")
    return Signature(name, signature[:_ID], signature[_ID:])


def read_key(text: str) -> VerifierKey:
    """Return a verifier key, `name+id+base64`. Raises `TrustError`."""
    name, _, rest = text.strip().partition("+")
    known, _, octets = rest.partition("+")
    key = _octets(octets)
    if not _is_name(name) or len(key) != 1 + _KEY or key[0] not in {SIGNS, COSIGNS}:
        raise TrustError("a verifier key is a name, an id and an Ed25519 key, joined by +")
    verifier = VerifierKey(name, key[0], key[1:])
    if verifier.id.hex() != known:
        raise TrustError(f"the id of the verifier key {name} is not of that key")
    return verifier


def read_checkpoint(text: str) -> Checkpoint:
    """Return what a note's text says of a log. Raises `TrustError`."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):  # noqa: PLR2004 - three lines at least
        raise TrustError("a checkpoint is three lines: origin, size, root")
    origin, size, root = lines[:3]
    octets = _octets(root)
    number = int(size) if size.isascii() and size.isdigit() and len(size) < 20 else -1  # noqa: PLR2004
    if str(number) != size or len(octets) != WIDTH:
        raise TrustError("size or root of a checkpoint cannot be read")
    return Checkpoint(origin, number, octets)


def own_key(path: Path) -> Ed25519PrivateKey:
    """Return the evidence key of this box, made at the first start. Raises `ConfigError`."""
    try:
        if not path.exists():
            _new_key(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as wrong:
        raise ConfigError(f"{path}: is no key file: {wrong}") from wrong
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: is no Ed25519 key")
    return key


def _new_key(path: Path) -> None:
    """Write a new key, whole or not at all, for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    sync_folder(path.parent)


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(char.isspace() for char in name)


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _octets(text: str) -> bytes:
    """Return what base64 says; empty if it is not written as it must be."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return octets if _text(octets) == text else b""
