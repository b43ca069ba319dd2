# SPDX-License-Identifier: Apache-2.0
"""The centre's side: a folder of signed metadata, made and signed without any network (TUF 1.0).

Root names all keys and is signed once. Each side signs its own metadata in `pending/`; publishing
moves there what both have signed and binds it with snapshot and timestamp.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from securesystemslib.signer import Key, Signer
from tuf.api.exceptions import RepositoryError, UnsignedMetadataError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    Targets,
    Timestamp,
)

from edge.blocklist.store import replace
from edge.errors import ConfigError
from edge.trust import handed
from edge.trust.handed import after
from edge.trust.roles import BLOBS, METADATA, TARGETS, path_of, paths_of, role_of, sides

URGENT = "urgent"
"Folder of signed urgent records: what is put here, a hub gives to appliances."

DAY_S = 86_400
ROOT_S, SNAPSHOT_S, TIMESTAMP_S = 3650 * DAY_S, 30 * DAY_S, 7 * DAY_S


class Repository:
    """A repository folder: `metadata/` and `targets/` and `blobs/` are what appliances read."""

    def __init__(self, folder: Path) -> None:
        """Use a folder that `create` has made."""
        self.folder = folder
        self.metadata = folder / METADATA
        self.pending = folder / "pending"
        self.blobs = folder / BLOBS

    def create(self, root: Signer, online: Signer, now_s: int) -> None:
        """Make a repository in which nobody may sign anything yet.

        `root` signs root and delegations and is then locked away; `online` signs time and snapshot.
        """
        if self.metadata.exists():
            raise ConfigError(f"{self.folder}: a repository is here already")
        for folder in (self.metadata, self.pending, self.blobs, self.folder / URGENT):
            folder.mkdir(parents=True)
        top = Root(expires=after(now_s, ROOT_S))
        for role, signer in (
            ("root", root), ("targets", root), ("snapshot", online), ("timestamp", online),
        ):  # fmt: skip
            top.add_key(signer.public_key, role)
        targets = Targets(expires=after(now_s, ROOT_S), delegations=Delegations({}, {}))
        self._save("root", _signed(top, root))
        self._save("targets", _signed(targets, root))
        self._bind(online, now_s)

    def delegate(
        self, subject: str, keys: Mapping[str, Key], root: Signer, online: Signer, now_s: int
    ) -> None:
        """Say whose keys sign a list (or firmware), by side; new keys replace the old ones."""
        if len({key.keyid for key in keys.values()}) < len(sides(subject)):
            raise ConfigError(f"the sides of {subject} need a key each, not one for both")
        targets = self._newest("targets")
        for side in sides(subject):
            key, name = keys[side], role_of(subject, side)
            targets.delegations.keys[key.keyid] = key
            targets.delegations.roles[name] = DelegatedRole(
                name, [key.keyid], 1, terminating=True, paths=paths_of(subject, side)
            )
        targets.version += 1
        targets.expires = after(now_s, ROOT_S)
        self._save("targets", _signed(targets, root))
        self._bind(online, now_s)

    def subjects(self) -> list[str]:
        """Return what is signed here."""
        roles = self._newest("targets").delegations.roles
        return sorted({name.rpartition("-")[0] for name in roles})

    def root(self) -> bytes:
        """Return what an appliance is built with."""
        return (self.metadata / "1.root.json").read_bytes()

    def signers(self, subject: str) -> dict[str, dict[str, Key]]:
        """Return the keys of each side of a subject, by key id."""
        delegations = self._newest("targets").delegations
        return {
            side: {
                keyid: delegations.keys[keyid]
                for keyid in delegations.roles[role_of(subject, side)].keyids
            }
            for side in sides(subject)
        }

    def check_signer(self, subject: str, side: str, signer: Signer) -> None:
        """Raise `ConfigError` if the key is not of that side."""
        if signer.public_key.keyid not in self.signers(subject).get(side, {}):
            raise ConfigError(f"this key does not sign as {side} of {subject}")

    def sign(self, subject: str, side: str, manifest: Path, signer: Signer, now_s: int) -> None:
        """Have one side name a manifest. Raises `ConfigError` if the key is not of that side."""
        self.check_signer(subject, side, signer)
        place = (subject, side, self.next_number(subject, side))
        octets = handed.sign(place, manifest.read_bytes(), signer, now_s)
        replace(self._pending(subject, side), octets)

    def next_number(self, subject: str, side: str) -> int:
        """Return the number that the next metadata of a side is to have."""
        return self._version(role_of(subject, side)) + 1

    def take(self, subject: str, side: str, manifest: Path, octets: bytes, now_s: int) -> None:
        """Take what a side has signed on a machine of its own. Raises `NotTaken`."""
        if side in self.signed(subject, manifest):
            raise handed.NotTaken(handed.Flaw.TWICE)
        place = (subject, side, self.next_number(subject, side))
        handed.check(self._newest("targets"), place, manifest.read_bytes(), octets, now_s)
        replace(self._pending(subject, side), octets)

    def signed(self, subject: str, manifest: Path) -> list[str]:
        """Return the sides that have signed this manifest and wait for publication."""
        return [
            side
            for side in sides(subject)
            if self._names(self._pending(subject, side), subject, side, manifest)
        ]

    def publish(self, subject: str, manifest: Path, online: Signer, now_s: int) -> None:
        """Put in force what both sides have signed. Raises `ConfigError` if one is missing.

        Cut off anywhere, nothing or all of it is in force, and it can be done again.
        """
        waits = self.signed(subject, manifest)
        missing = set(sides(subject)) - {*waits, *self._published(subject, manifest)}
        if missing:
            raise ConfigError(f"{subject} is not signed by {' and '.join(sorted(missing))}")
        for side in waits:
            metadata: Metadata[Targets] = Metadata.from_file(str(self._pending(subject, side)))
            target = metadata.signed.targets[path_of(subject, side)]
            place = self.folder / TARGETS / subject / side
            place.mkdir(parents=True, exist_ok=True)
            replace(place / f"{target.hashes['sha256']}.{manifest.name}", manifest.read_bytes())
            self._save(role_of(subject, side), metadata)
        self._bind(online, now_s)
        for side in waits:
            self._pending(subject, side).unlink()

    def _published(self, subject: str, manifest: Path) -> list[str]:
        """Return the sides whose newest metadata names this manifest: of a publication before."""
        return [
            side
            for side in sides(subject)
            if self._names(self._path(role_of(subject, side)), subject, side, manifest)
        ]

    def _names(self, path: Path, subject: str, side: str, manifest: Path) -> bool:
        """Whether a file is metadata of a side, signed by it, that names a manifest."""
        if not path.exists():
            return False
        metadata: Metadata[Targets] = Metadata.from_file(str(path))
        try:
            self._newest("targets").verify_delegate(
                role_of(subject, side), metadata.signed_bytes, metadata.signatures
            )
            with manifest.open("rb") as file:
                metadata.signed.targets[path_of(subject, side)].verify_length_and_hashes(file)
        except (RepositoryError, UnsignedMetadataError, KeyError):
            return False
        return True

    def _pending(self, subject: str, side: str) -> Path:
        """Return where the metadata of a side waits for publication."""
        return self.pending / f"{role_of(subject, side)}.json"

    def _bind(self, online: Signer, now_s: int) -> None:
        """Sign the state of all roles, and that it is the newest."""
        names = {path.name.split(".", 1)[1] for path in self.metadata.glob("*.*.json")}
        meta = {
            name: self._meta(name.removesuffix(".json"))
            for name in sorted(names - {"root.json", "snapshot.json"})
        }
        version = self._version("snapshot") + 1
        snapshot = Snapshot(version, expires=after(now_s, SNAPSHOT_S), meta=meta)
        self._save("snapshot", _signed(snapshot, online))
        before = self.metadata / "timestamp.json"
        number = Metadata.from_file(str(before)).signed.version + 1 if before.exists() else 1
        timestamp = Timestamp(
            number, expires=after(now_s, TIMESTAMP_S), snapshot_meta=self._meta("snapshot")
        )
        # whole at every moment: somebody may read the old one just now
        replace(before, _signed(timestamp, online).to_bytes())

    def _meta(self, name: str) -> MetaFile:
        """Return version, length and hash of a role's newest metadata."""
        version = self._version(name)
        octets = self._path(name).read_bytes()
        return MetaFile(version, len(octets), {"sha256": hashlib.sha256(octets).hexdigest()})

    def _save(self, name: str, metadata: Metadata[Any]) -> None:
        replace(self.metadata / f"{metadata.signed.version}.{name}.json", metadata.to_bytes())

    def _path(self, name: str) -> Path:
        """Return where the newest metadata of a role is; nothing is there if there is none."""
        return self.metadata / f"{self._version(name)}.{name}.json"

    def _version(self, name: str) -> int:
        """Return the newest version of a role's metadata; 0 if there is none."""
        found = (path.name.split(".", 1)[0] for path in self.metadata.glob(f"*.{name}.json"))
        return max((int(number) for number in found if number.isdigit()), default=0)

    def _newest(self, name: str) -> Any:  # noqa: ANN401 - one of four classes, by its name
        path = self._path(name)
        if not path.exists():
            raise ConfigError(f"{self.folder}: no repository is here")
        return Metadata.from_file(str(path)).signed


def _signed(content: Signed, signer: Signer) -> Metadata[Any]:
    metadata: Metadata[Any] = Metadata(content)
    metadata.sign(signer)
    return metadata
