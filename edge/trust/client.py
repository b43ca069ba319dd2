# SPDX-License-Identifier: Apache-2.0
"""Fetches what both sides have signed, by TUF 1.0 (`tuf.ngclient`); the appliance's side of trust.

TUF guards against rollback, freeze, mix-and-match and endless data; on top of it a target must be
named by both roles with the same hash, and time is never earlier than the last signed time seen.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from securesystemslib.exceptions import StorageError
from securesystemslib.signer import Key
from tuf.api import exceptions
from tuf.api.metadata import Delegations, Metadata, TargetFile
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig
from typing_extensions import override

from edge.errors import DriverLost
from edge.trust.alarm import Alarm, Refused
from edge.trust.fetch import Fetcher, Missing
from edge.trust.roles import (
    METADATA,
    MOST_MANIFEST,
    TARGETS,
    blob_path,
    path_of,
    paths_of,
    role_of,
    sides,
)

_NOT_FOUND = 404

# The nearer in the hierarchy of exceptions, the earlier.
_ALARMS: tuple[tuple[type[Exception], Alarm], ...] = (
    (exceptions.DownloadLengthMismatchError, Alarm.ENDLESS_DATA),
    (exceptions.BadVersionNumberError, Alarm.ROLLBACK),
    (exceptions.ExpiredMetadataError, Alarm.FREEZE),
    (exceptions.UnsignedMetadataError, Alarm.WRONG_KEY),
    (exceptions.LengthOrHashMismatchError, Alarm.MIX_AND_MATCH),
    (exceptions.RepositoryError, Alarm.BAD_METADATA),
)


class _Fetching(FetcherInterface):
    """Our port in the shape that `tuf` asks for."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    @override
    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            yield from self._fetcher.fetch(url)
        except Missing as error:
            raise exceptions.DownloadHTTPError(str(error), _NOT_FOUND) from error


@contextmanager
def _named() -> Iterator[None]:
    """Turn what `tuf` raises into a named alarm, or into `DriverLost` if nothing came at all."""
    try:
        yield
    except (exceptions.RepositoryError, exceptions.DownloadLengthMismatchError) as error:
        alarm = next(alarm for kind, alarm in _ALARMS if isinstance(error, kind))
        raise Refused(alarm, str(error)) from error
    except exceptions.DownloadError as error:
        raise DriverLost(f"the repository cannot be reached: {error}") from error


class Client:
    """One appliance's view of one repository. `refresh` first, then ask."""

    def __init__(self, folder: Path, root: bytes, fetcher: Fetcher) -> None:
        """Keep trusted metadata in `folder`; `root` is what the appliance was built with."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._root = root
        self._fetcher = fetcher
        self._updater = self._new_updater()

    def _new_updater(self) -> Updater:
        with _named():
            return Updater(
                str(self._folder), METADATA, None, TARGETS, _Fetching(self._fetcher),
                UpdaterConfig(), bootstrap=self._root,
            )  # fmt: skip

    def refresh(self, trusted_s: int) -> None:
        """Fetch and check the metadata of now. Raises `Refused` or `DriverLost`."""
        self._updater = self._new_updater()
        with _named():
            self._updater.refresh()
        for name in ("timestamp", "snapshot", "targets"):
            self._check_fresh(name, trusted_s)
        if self._trusted("targets").targets:
            raise Refused(Alarm.BAD_METADATA, "the targets role may delegate, not name targets")

    def manifest(self, subject: str, trusted_s: int) -> bytes:
        """Return the manifest that both sides signed. Raises `Refused` or `DriverLost`."""
        infos = [self._info(subject, side, trusted_s) for side in sides(subject)]
        if infos[0].hashes != infos[1].hashes or infos[0].length != infos[1].length:
            raise Refused(Alarm.ROLES_DISAGREE, f"the sides of {subject} name different manifests")
        if "sha256" not in infos[0].hashes:
            raise Refused(Alarm.BAD_METADATA, f"the manifest of {subject} has no SHA-256")
        if infos[0].length > MOST_MANIFEST:
            raise Refused(Alarm.TOO_LARGE, f"a manifest of {infos[0].length} octets")
        place = self._folder / f"{subject}.{sides(subject)[0]}.fetched"
        with _named():
            return Path(self._updater.download_target(infos[0], str(place))).read_bytes()

    def signers(self, subject: str) -> dict[str, dict[str, Key]]:
        """Return the keys of each side of a subject, by key id."""
        delegations = self._delegations(subject)
        return {
            side: {
                keyid: delegations.keys[keyid]
                for keyid in delegations.roles[role_of(subject, side)].keyids
            }
            for side in sides(subject)
            if delegations.roles
        }

    def blob(self, sha256: str, size: int, out: BinaryIO) -> None:
        """Write the data of this hash and size, no more of it than that. Raises `Refused`."""
        found = hashlib.sha256()
        taken = 0
        for octets in self._fetcher.fetch(blob_path(sha256)):
            taken += len(octets)
            if taken > size:
                raise Refused(Alarm.ENDLESS_DATA, f"more than the {size} octets that were signed")
            found.update(octets)
            out.write(octets)
        if taken != size or found.hexdigest() != sha256:
            raise Refused(Alarm.WRONG_HASH, f"{sha256[:16]}... is not what was signed")

    def _info(self, subject: str, side: str, trusted_s: int) -> TargetFile:
        """Return what one side names as the manifest."""
        role, path = role_of(subject, side), path_of(subject, side)
        delegations = self._delegations(subject)
        if [name for name, _ in delegations.get_roles_for_target(path)] != [role]:
            raise Refused(Alarm.BAD_METADATA, f"{path} is delegated to another than {role}")
        if f"{role}.json" not in self._trusted("snapshot").meta:
            raise Refused(Alarm.ONE_ROLE_ONLY, f"{role} has signed nothing")
        with _named():
            info = self._updater.get_targetinfo(path)
        if info is None:
            raise Refused(Alarm.ONE_ROLE_ONLY, f"{role} does not name {path}")
        self._check_fresh(role, trusted_s)
        return info

    def _delegations(self, subject: str) -> Delegations:
        """Return the delegations, if the two sides of a subject are two indeed."""
        delegations: Delegations | None = self._trusted("targets").delegations
        roles = [
            delegations.roles.get(role_of(subject, side))
            for side in sides(subject)
            if delegations and delegations.roles
        ]
        if delegations is None or not roles or None in roles:
            raise Refused(Alarm.WRONG_LIST, f"nobody is trusted to sign {subject}")
        keys = [set(role.keyids) for role in roles if role]
        if keys[0] & keys[1]:
            raise Refused(Alarm.ONE_ROLE_ONLY, f"one key stands on both sides of {subject}")
        for side, role in zip(sides(subject), roles, strict=True):
            if role and role.paths != paths_of(subject, side):
                raise Refused(Alarm.BAD_METADATA, f"{role.name} has paths of another")
        return delegations

    def _trusted(self, name: str) -> Any:  # noqa: ANN401 - one of four classes, by its name
        """Return metadata that the updater has verified and kept."""
        try:
            return Metadata.from_file(str(self._folder / f"{name}.json")).signed
        except StorageError as error:
            raise Refused(Alarm.WRONG_KEY, f"nobody is trusted: no {name} is here yet") from error

    def _check_fresh(self, name: str, trusted_s: int) -> None:
        """Raise if metadata has expired by our time: the updater knows the machine's alone."""
        expires = self._trusted(name).expires
        if expires.timestamp() <= trusted_s:
            raise Refused(Alarm.FREEZE, f"{name} has expired on {expires:%Y-%m-%d %H:%M} UTC")
