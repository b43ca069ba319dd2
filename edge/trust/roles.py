# SPDX-License-Identifier: Apache-2.0
"""Names and places in the repository: the same for who signs and for who checks.

Each list has two roles, operator and prosecutor, each with a path of its own, and counts only
where both name the same octets (as TAP 3 would have it). A threshold of two over keys of both
would be met by two operators.
"""

from collections.abc import Sequence

LIST_SIDES = ("operator", "prosecutor")
FIRMWARE_SIDES = ("release", "operations")
FIRMWARE = "firmware"
COMMAND_SIDES = ("operator", "engineer")
COMMAND = "command"
"Nothing is named here: its keys sign orders to appliances."
_OWN_SIDES = {FIRMWARE: FIRMWARE_SIDES, COMMAND: COMMAND_SIDES}
OWN = frozenset(_OWN_SIDES)
"Subjects that are no list; no list may be called so."

METADATA = "metadata"
TARGETS = "targets"
BLOBS = "blobs"
MANIFEST = "manifest.json"

MOST_MANIFEST = 1 << 20


def sides(subject: str) -> Sequence[str]:
    """Return the two sides that must agree about a list, firmware or a command."""
    return _OWN_SIDES.get(subject, LIST_SIDES)


def role_of(subject: str, side: str) -> str:
    """Return the name of the delegated role."""
    return f"{subject}-{side}"


def path_of(subject: str, side: str, name: str = MANIFEST) -> str:
    """Return the path under which a side names a target."""
    return f"{subject}/{side}/{name}"


def paths_of(subject: str, side: str) -> list[str]:
    """Return the only paths a side may speak of."""
    return [f"{subject}/{side}/*"]


def blob_path(sha256: str) -> str:
    """Return where data lies: by its hash, so that it is the same whoever sends it."""
    return f"{BLOBS}/{sha256}"
