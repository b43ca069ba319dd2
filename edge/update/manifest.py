# SPDX-License-Identifier: Apache-2.0
"""What release and operations sign: which bundles there are, for which product, and their blocks.

Pure. Beside the bundle's own signature (CMS, checked by RAUC) this says that it may be installed
now: the newest is never older than what runs, and each block is known before it is asked for.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated

import msgspec

from edge.errors import ConfigError
from edge.update.state import Failed, Why

BLOCK = 1 << 17
"Octets of a block; the last of a bundle is shorter."
MOST_OCTETS = 2 << 30
"Of a bundle."
HASH = hashlib.sha256().digest_size

_Hash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_Second = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800)]  # year 10000
_Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9}){0,3}$")]
_Product = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]


class Release(msgspec.Struct, frozen=True, omit_defaults=True):
    """One bundle."""

    compatible: _Product
    "The product that it is for, as RAUC calls it."
    version: _Number
    sha256: _Hash
    size: Annotated[int, msgspec.Meta(ge=1, le=MOST_OCTETS)]
    blocks: _Hash
    "Of the list of the SHA-256 of all blocks, which lies in the repository under this hash."
    min_from: _Number = "0"
    "The oldest version that it may be installed upon."
    downgrade_from: tuple[_Number, ...] = ()
    "Newer versions that it may be installed upon nevertheless."
    block: Annotated[int, msgspec.Meta(ge=BLOCK, le=BLOCK)] = BLOCK


class Manifest(msgspec.Struct, frozen=True):
    """All bundles that may be installed; those that are not named may not."""

    version: Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
    issued: _Second
    expires: _Second
    "After this second nothing of it is begun to be installed."
    releases: tuple[Release, ...] = ()


def read_manifest(octets: bytes) -> Manifest:
    """Return a manifest. Raises `ConfigError`."""
    try:
        return msgspec.json.decode(octets, type=Manifest)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"is no manifest of firmware: {error}") from error


def write_manifest(manifest: Manifest) -> bytes:
    """Return the octets that are signed."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def parts_of(version: str) -> tuple[int, ...]:
    """Return a version so that a newer one is greater; `1.2` is `1.2.0`. None that is one: empty.

    Raises `Failed`.
    """
    try:
        found = [int(part) for part in version.split(".")]
    except ValueError as error:
        raise Failed(Why.VERSION, f"{version[:32]!r} is no version") from error
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def chosen(manifest: Manifest, version: str, compatible: str, installed: str) -> Release:
    """Return the bundle of a version for a product, if it may be installed. Raises `Failed`."""
    named = [one for one in manifest.releases if parts_of(one.version) == parts_of(version)]
    if not named:
        raise Failed(Why.UNKNOWN, f"nobody has signed a version {version}")
    fitting = [one for one in named if one.compatible == compatible]
    if not fitting:
        products = ", ".join(sorted({one.compatible for one in named}))
        raise Failed(Why.PRODUCT, f"{version} is for {products}, and this is {compatible}")
    check_step(fitting[-1], installed)
    return fitting[-1]


def check_step(release: Release, installed: str) -> None:
    """Raise `Failed` unless a bundle may be installed upon a version."""
    now, new = parts_of(installed), parts_of(release.version)
    if new == now:
        raise Failed(Why.INSTALLED, f"{installed} runs already")
    allowed = {parts_of(one) for one in release.downgrade_from}
    if new < now and now not in allowed:
        raise Failed(Why.OLDER, f"{release.version} is older than {installed}, which runs")
    if now < parts_of(release.min_from):
        text = f"{release.version} needs {release.min_from} or newer, and {installed} runs"
        raise Failed(Why.STEP, text)


def block_hashes(octets: Iterable[bytes]) -> bytes:
    """Return the list of the hashes of blocks, as it lies in the repository."""
    return b"".join(hashlib.sha256(block).digest() for block in octets)


def split_hashes(listed: bytes, release: Release) -> tuple[bytes, ...]:
    """Return the hash of each block. Raises `Failed` if they are not as many as the bundle has."""
    count = -(-release.size // release.block)
    if len(listed) != count * HASH:
        raise Failed(Why.BLOCKS, f"{len(listed)} octets of hashes do not fit {count} blocks")
    return tuple(listed[at : at + HASH] for at in range(0, len(listed), HASH))
