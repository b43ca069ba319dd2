# SPDX-License-Identifier: Apache-2.0
"""The centre's desk for firmware: which bundles there are, and what is signed next.

A folder `firmware` in the repository holds the draft and the manifest that waits for signatures;
bundles and the lists of their blocks lie among the blobs. What a bundle is for stands in its own
manifest, which a bundle of format verity carries within its signature.
"""

import configparser
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.blocklist.store import put, replace
from edge.errors import ConfigError, InputError
from edge.trust.repository import Repository
from edge.trust.roles import FIRMWARE, MANIFEST
from edge.update.install import FORMATS
from edge.update.manifest import (
    BLOCK,
    MOST_OCTETS,
    Manifest,
    Release,
    block_hashes,
    read_manifest,
    write_manifest,
)

DRAFT = "draft.json"
MOST_SIGNATURE = 1 << 20
MOST_RELEASES = 64
_DAY_S = 86_400
_TAIL = 8
_TEXT = re.compile(rb"\[update\]\n[\t\n\r -~]{1,65536}")


class Read(NamedTuple):
    """What a bundle's own manifest says."""

    compatible: str
    version: str


def read_bundle(path: Path) -> Read:
    """Return what a bundle is for. Raises `InputError` for one that RAUC would not take."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            length = int.from_bytes(file.read(_TAIL))
            file.seek(max(0, size - _TAIL - min(length, MOST_SIGNATURE)))
            signature = file.read(min(length, MOST_SIGNATURE))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    if not 0 < length <= min(MOST_SIGNATURE, size - _TAIL) or size > MOST_OCTETS:
        raise InputError(f"{path}: is no bundle of RAUC")
    found = _TEXT.search(signature)
    if not found:
        raise InputError(f"{path}: carries no manifest in its signature: is it of format plain?")
    return _read(path, found[0].decode("ascii"))


def _read(path: Path, text: str) -> Read:
    fields = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    with suppress(configparser.Error):  # behind the text the signature goes on
        fields.read_string(text)
    format_ = fields.get("bundle", "format", fallback="plain")
    if format_ not in FORMATS:
        raise InputError(f"{path}: is of format {format_}, and only verity is taken")
    try:
        return Read(fields.get("update", "compatible"), fields.get("update", "version"))
    except configparser.Error as error:
        raise InputError(f"{path}: {error}") from error


class FirmwareDesk:
    """The firmware of one repository."""

    def __init__(self, repository: Repository) -> None:
        """Use the repository's folder; raises `ConfigError` where firmware is not signed in it."""
        if not repository.metadata.exists() or FIRMWARE not in repository.subjects():
            raise ConfigError(
                f"{repository.folder}: firmware is not signed here; say by whom with"
                " `qalqan firmware new`"
            )
        self._folder = repository.folder / FIRMWARE
        self._folder.mkdir(exist_ok=True)
        self._blobs = repository.blobs
        self._repository = repository
        self.manifest = self._folder / MANIFEST
        "What waits for two signatures, or was published last."

    def draft(self) -> tuple[Release, ...]:
        """Return the bundles that are to be allowed."""
        path = self._folder / DRAFT
        if not path.exists():
            return ()
        return msgspec.json.decode(path.read_bytes(), type=tuple[Release, ...])

    def add(
        self, bundle: Path, min_from: str = "0", downgrade_from: tuple[str, ...] = ()
    ) -> Release:
        """Allow a bundle. Raises `InputError`."""
        read = read_bundle(bundle)
        hashes = block_hashes(_blocks(bundle))
        with bundle.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        listed = hashlib.sha256(hashes).hexdigest()
        release = Release(
            read.compatible, read.version, sha256, bundle.stat().st_size, listed, min_from,
            downgrade_from,
        )  # fmt: skip
        try:
            msgspec.json.decode(msgspec.json.encode(release), type=Release)  # as it will be read
        except msgspec.ValidationError as error:
            raise InputError(f"{bundle}: {error}") from error
        self._put(bundle, sha256)
        replace(self._blobs / listed, hashes)
        same = release.compatible, release.version
        others = [one for one in self.draft() if (one.compatible, one.version) != same]
        self._draft((*others, release)[-MOST_RELEASES:])
        return release

    def drop(self, version: str) -> list[Release]:
        """Allow a version no longer. Raises `InputError` if it is not allowed now."""
        gone = [one for one in self.draft() if one.version == version]
        if not gone:
            raise InputError(f"version {version} is not in the draft")
        self._draft(tuple(one for one in self.draft() if one.version != version))
        return gone

    def _put(self, bundle: Path, sha256: str) -> None:
        place = self._blobs / sha256
        if place.exists():
            return
        new = place.with_name(f"{sha256}.new")
        new.unlink(missing_ok=True)
        shutil.copyfile(bundle, new)
        put(new, place)

    def _draft(self, releases: tuple[Release, ...]) -> None:
        replace(self._folder / DRAFT, msgspec.json.encode(releases))

    def pending(self) -> Manifest | None:
        """Return the manifest that waits, if it is of the draft as it is now."""
        if not self.manifest.exists():
            return None
        manifest = read_manifest(self.manifest.read_bytes())
        return manifest if manifest.releases == self.draft() else None

    def prepare(self, now_s: int, days: int) -> Manifest:
        """Write the manifest that is to be signed: as it waits, or anew where nobody signed it."""
        waits = self.pending()
        if waits and self._repository.signed(FIRMWARE, self.manifest):
            return waits
        before = read_manifest(self.manifest.read_bytes()).version if self.manifest.exists() else 0
        manifest = Manifest(before + 1, now_s, now_s + days * _DAY_S, self.draft())
        replace(self.manifest, write_manifest(manifest))
        return manifest


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while octets := file.read(BLOCK):
            yield octets
