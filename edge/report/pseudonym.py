# SPDX-License-Identifier: Apache-2.0
"""Keyed hashes for numbers of honest people: the only form in which they leave the box.

A plain hash of a phone number hides nothing: all numbers of a country are hashed in a minute. This
is HMAC-SHA-256 (RFC 2104) under a secret of the deployment; each quarter has a key of its own, so
that whoever may resolve numbers of one quarter learns nothing of another.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from edge.blocklist.store import sync_folder
from edge.errors import ConfigError

FILE = "pseudonym.key"
"In the folder of the identity: 64 hex digits, readable by its owner alone."
SECRET_OCTETS = 32
HASH_OCTETS = 16

_NS = 10**9
_BLOCK_OCTETS = 64
"Of SHA-256: a key is filled up to it."


class Pseudonyms:
    """Hashes texts under the key of the quarter in which they were heard."""

    def __init__(self, secret: bytes) -> None:
        """Hash under a secret of the deployment."""
        if len(secret) != SECRET_OCTETS:
            raise ValueError(f"a secret has {SECRET_OCTETS} octets")
        self._secret = secret
        self._from_ns, self._to_ns = 0, 0
        self._inner = self._outer = hashlib.sha256()
        self._id = ""

    def of(self, text: str, at_ns: int) -> str:
        """Return the hash of a number or a Call-ID heard at a time, 32 hex digits."""
        if not self._from_ns <= at_ns < self._to_ns:
            self._turn(at_ns)
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return outer.digest()[:HASH_OCTETS].hex()

    def key_id(self, at_ns: int) -> str:
        """Return which key hashes at a time: the quarter, and what tells two secrets apart."""
        if not self._from_ns <= at_ns < self._to_ns:
            self._turn(at_ns)
        return self._id

    def _turn(self, at_ns: int) -> None:
        """Take the key of another quarter, and do the half of HMAC that is the same every time."""
        name, self._from_ns, self._to_ns = quarter(at_ns)
        key = hmac.digest(self._secret, name.encode(), "sha256")
        block = key.ljust(_BLOCK_OCTETS, b"\0")
        self._inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in block))
        self._outer = hashlib.sha256(bytes(octet ^ 0x5C for octet in block))
        self._id = f"{name}-{hashlib.sha256(key).hexdigest()[:8]}"


def quarter(at_ns: int) -> tuple[str, int, int]:
    """Return the quarter of a time, UTC, and where it begins and ends: `("2026Q4", ..., ...)`."""
    day = datetime.fromtimestamp(at_ns // _NS, UTC)
    number = (day.month + 2) // 3
    begins = datetime(day.year, 3 * number - 2, 1, tzinfo=UTC)
    ends = datetime(day.year + number // 4, 3 * number % 12 + 1, 1, tzinfo=UTC)
    return f"{day.year}Q{number}", _NS * int(begins.timestamp()), _NS * int(ends.timestamp())


def load(folder: Path) -> Pseudonyms:
    """Return the hashes of a box; its secret is made if the hub has not given one yet.

    Raises `ConfigError` if it cannot be kept: hashes that change with every start are worthless.
    """
    path = folder / FILE
    try:
        if not path.exists():
            _make(path)
        return Pseudonyms(bytes.fromhex(path.read_text(encoding="ascii").strip()))
    except OSError as refusal:
        raise ConfigError(f"{path}: {refusal.strerror}") from refusal
    except ValueError as wrong:
        raise ConfigError(f"{path}: is not a secret of {SECRET_OCTETS} octets in hex") from wrong


def _make(path: Path) -> None:
    """Make a secret. Of two processes that do so at once, both use the same afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="ascii") as out:
        out.write(secrets.token_hex(SECRET_OCTETS))
        out.flush()
        os.fsync(out.fileno())
    with suppress(FileExistsError):
        os.link(new, path)
    new.unlink()
    sync_folder(path.parent)
