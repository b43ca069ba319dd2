# SPDX-License-Identifier: Apache-2.0
"""A signature that is made away from the repository: the manifest goes there, metadata comes back.

The private key of a side stays on its own machine. What comes back may be anything, and is taken
only if it is the very metadata that this side would have signed here.
"""

from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from typing import Any

from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata, TargetFile, Targets

from edge.errors import ConfigError
from edge.trust.roles import path_of, role_of, sides

ROLE_S = 90 * 86_400
"How long a side's metadata is good."
MOST_OCTETS = 1 << 16
"Of what comes back; it names one target."


class Flaw(Enum):
    """Why what came back is not taken."""

    UNREADABLE = "unreadable"
    "It is no metadata of TUF."
    WRONG_KEY = "wrong-key"
    "No key of this side has signed it."
    OTHER_SIDE = "other-side"
    "It is good, and of the other side."
    OTHER_MANIFEST = "other-manifest"
    "It names other octets than those that are to be signed, or more than these."
    OTHER_RECORD = "other-record"
    "It is of another urgent record than the one that was handed out."
    OTHER_NUMBER = "other-number"
    "Its number is not the next: it was used before, or is too high."
    EXPIRED = "expired"
    TWICE = "twice"
    "This side has signed already."


_SENTENCES = {
    Flaw.UNREADABLE: "this is no signed metadata",
    Flaw.WRONG_KEY: "it is not signed by the key of this side",
    Flaw.OTHER_SIDE: "it is signed by the other side, which must hand it in itself",
    Flaw.OTHER_MANIFEST: "it signs another manifest than the one that waits",
    Flaw.OTHER_RECORD: "it signs another urgent record than this one",
    Flaw.OTHER_NUMBER: "its number is not the next one: sign anew with the command as shown",
    Flaw.EXPIRED: "it has expired",
    Flaw.TWICE: "this side has signed already",
}


class NotTaken(ConfigError):
    """What came back is not taken."""

    def __init__(self, flaw: Flaw) -> None:
        """Say why."""
        super().__init__(_SENTENCES[flaw])
        self.flaw = flaw


def digest(octets: bytes) -> str:
    """Return by what people see that two files are the same."""
    return sha256(octets).hexdigest()


def after(now_s: int, seconds: int) -> datetime:
    """Return a time so many seconds from now, as TUF writes it."""
    return datetime.fromtimestamp(now_s + seconds, UTC)


def sign(place: tuple[str, str, int], manifest: bytes, signer: Signer, now_s: int) -> bytes:
    """Return the metadata by which a side names a manifest.

    Args:
        place: The subject, the side, the number of its metadata.
        manifest: What is signed.
        signer: Whose key it is.
        now_s: When, epoch seconds.
    """
    subject, side, version = place
    path = path_of(subject, side)
    target = TargetFile.from_data(path, manifest, ["sha256"])
    metadata: Metadata[Targets] = Metadata(
        Targets(version, expires=after(now_s, ROLE_S), targets={path: target})
    )
    metadata.sign(signer)
    return metadata.to_bytes()


def check(
    top: Targets, place: tuple[str, str, int], manifest: bytes, octets: bytes, now_s: int
) -> None:
    """See that `octets` are what `sign` would give with a key of that side. Raises `NotTaken`.

    Args:
        top: What says whose key is whose.
        place: As for `sign`; the number is the one that is to be used.
        manifest: What was to be signed.
        octets: What came back.
        now_s: Now, epoch seconds.
    """
    subject, side, version = place
    metadata = _read(octets)
    if not _is_of(top, role_of(subject, side), metadata):
        others = (role_of(subject, other) for other in sides(subject) if other != side)
        known = any(_is_of(top, name, metadata) for name in others)
        raise NotTaken(Flaw.OTHER_SIDE if known else Flaw.WRONG_KEY)
    content: Targets = metadata.signed
    path = path_of(subject, side)
    if set(content.targets) != {path} or content.delegations:
        raise NotTaken(Flaw.OTHER_MANIFEST)
    try:
        content.targets[path].verify_length_and_hashes(manifest)
    except RepositoryError as other:
        raise NotTaken(Flaw.OTHER_MANIFEST) from other
    if content.version != version:
        raise NotTaken(Flaw.OTHER_NUMBER)
    if content.is_expired(after(now_s, 0)):
        raise NotTaken(Flaw.EXPIRED)


def _read(octets: bytes) -> Metadata[Any]:
    try:
        if len(octets) <= MOST_OCTETS:
            metadata: Metadata[Any] = Metadata.from_bytes(octets)
            if isinstance(metadata.signed, Targets):
                return metadata
    except RepositoryError:
        pass
    raise NotTaken(Flaw.UNREADABLE)


def _is_of(top: Targets, name: str, metadata: Metadata[Any]) -> bool:
    try:
        top.verify_delegate(name, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, UnsignedMetadataError, ValueError):
        return False
    return True
