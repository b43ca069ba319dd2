# SPDX-License-Identifier: Apache-2.0
"""The code with which the first engineer comes in: made at the box, shown once, good for one use.

Who can make one holds this box anyway. It mends a lost password, too.
"""

import secrets
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

import msgspec

from edge.blocklist.store import replace
from edge.errors import InputError

FILE = "code.json"
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"None that is taken for another: 5 bits each."
GROUPS, EACH = 3, 4
LIFE_S = 3600


class _Code(msgspec.Struct, frozen=True):
    sha256: str
    "60 random bits, for an hour: no slow hash is needed."
    until_s: int


def make(folder: Path, now_s: int) -> str:
    """Return a new code; the one before it is worth nothing from now on. Raises `InputError`."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(GROUPS * EACH))
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace(path, msgspec.json.encode(_Code(_hashed(letters), now_s + LIFE_S)))
        path.chmod(0o600)
    except OSError as refusal:
        raise InputError(f"{path}: {refusal.strerror}") from refusal
    return "-".join(letters[at : at + EACH] for at in range(0, len(letters), EACH))


def is_right(folder: Path, code: str, now_s: int) -> bool:
    """Return whether it is the code that was made, and still good."""
    try:
        known = msgspec.json.decode((folder / FILE).read_bytes(), type=_Code)
    except (OSError, msgspec.DecodeError):
        return False
    letters = "".join(char for char in code.upper() if char in LETTERS)
    fresh = known.until_s - LIFE_S <= now_s < known.until_s
    return compare_digest(_hashed(letters), known.sha256) and fresh


def spend(folder: Path) -> None:
    """See that it is not used again. Raises `InputError`."""
    try:
        (folder / FILE).unlink(missing_ok=True)
    except OSError as refusal:
        raise InputError(f"{folder / FILE}: {refusal.strerror}") from refusal


def _hashed(letters: str) -> str:
    return sha256(letters.encode()).hexdigest()
