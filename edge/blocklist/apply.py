# SPDX-License-Identifier: Apache-2.0
"""Takes a new version of a list, in the order of DESIGN section 7, or leaves all as it was.

Sizes, signatures, list and scope, version, expiry, deltas or snapshot, decoding, canonical hash,
guards; then fsync, rename, fsync of the folder, the highest version noted. Whoever holds a list
swaps it for `Store.open()` after that. Every refusal is a named alarm.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from threading import RLock
from typing import BinaryIO, NamedTuple

import msgspec

from edge.blocklist.codec import Limits, read_wire
from edge.blocklist.delta import Change, changed, difference, read_change
from edge.blocklist.guards import check_change, check_list
from edge.blocklist.manifest import (
    Blob,
    Guards,
    Manifest,
    Signed,
    read_manifest,
    read_record,
)
from edge.blocklist.snapshot import Snapshot
from edge.blocklist.store import State, Store, in_memory
from edge.errors import ListError
from edge.trust.alarm import Alarm, Refused
from edge.trust.client import Client
from edge.trust.roles import LIST_SIDES
from edge.trust.urgent import signed_by

MOST_AHEAD = 100_000
"Versions that a list may skip: more, and a thief of keys could use up all there are."

BUILT_S = 1_767_225_600
"2026-01-01: a clock that says less has lost its battery, and judges nobody."
MOST_EARLY_S = 86_400
"How far ahead of a good clock something may be signed."


class Settings(NamedTuple):
    """What this appliance allows."""

    node: str
    guards: Guards = Guards()
    limits: Limits = Limits()
    most_octets: int = 256 << 20
    "The largest snapshot or delta that is fetched."


class Applied(NamedTuple):
    """What an update did."""

    version: int
    before: int
    "The version in force before; 0 if there was none."
    by_delta: bool


class Updates:
    """Keeps one list of this appliance up to date."""

    def __init__(self, store: Store, client: Client, settings: Settings) -> None:
        """Forget what an earlier life left half done."""
        self._store = store
        self._client = client
        self._settings = settings
        self.alone = RLock()
        """Held while state is read, changed and noted, and no longer: an urgent record is taken in
        a thread of its own while a version is on its way, and is not forgotten by its end."""
        store.discard()

    def trusted_s(self, now_s: int) -> int:
        """Return the time to judge by: the clock's, never earlier than any signed time seen."""
        return max(now_s, BUILT_S, self._store.state().trusted_s)

    def update(self, now_s: int) -> Applied | None:
        """Take the newest version, if it is newer.

        Raises `Refused`, `DriverLost`, or `ListError` where this box has no room for it.
        """
        try:
            return self._update(now_s)
        except OSError as error:
            folder = self._store.current.parent
            raise ListError(f"{folder}: {error.strerror}; the list in force stays") from error

    def _update(self, now_s: int) -> Applied | None:
        trusted_s = self.trusted_s(now_s)
        self._client.refresh(trusted_s)
        with _named():
            manifest = read_manifest(self._client.manifest(self._store.name, trusted_s))
        state = self._store.state()
        old = self._store.open()
        if old is not None and manifest.version == state.highest:
            self._see(manifest, old, trusted_s)
            return None
        if manifest.issued > trusted_s + MOST_EARLY_S and now_s >= BUILT_S:
            raise Refused(Alarm.FAST_FORWARD, "was signed more than a day from now")
        self._check(manifest, state.highest - (old is None), trusted_s)
        by_delta = self._write(manifest, old)
        with self.alone:
            self._store.commit(manifest.version)
            self._store.note(_after(self._store.state(), manifest, trusted_s))
        return Applied(manifest.version, 0 if old is None else old.version, by_delta)

    def _see(self, manifest: Manifest, old: Snapshot, trusted_s: int) -> None:
        """Remember what a manifest says that brings nothing new.

        It was signed anew, or a cut came between the rename of its list and the note of it.
        """
        with self.alone:
            state = self._store.state()
            seen = msgspec.structs.replace(state, trusted_s=max(state.trusted_s, manifest.issued))
            if manifest.digest == old.layout.digest.hex() and manifest.issued > state.issued_s:
                seen = _after(state, manifest, trusted_s)
            if seen != state:
                self._store.note(seen)

    def _check(self, manifest: Manifest, highest: int, trusted_s: int) -> None:
        """Raise unless this manifest may be followed by this appliance, now."""
        self._check_is_ours(manifest)
        if manifest.version <= highest:
            raise Refused(Alarm.ROLLBACK, f"is version {manifest.version}; {highest} was in force")
        if highest and manifest.version > highest + MOST_AHEAD:
            raise Refused(Alarm.FAST_FORWARD, f"is version {manifest.version} after {highest}")
        if manifest.expires <= trusted_s:
            raise Refused(Alarm.FREEZE, f"version {manifest.version} has expired")

    def _check_is_ours(self, manifest: Manifest) -> None:
        """Raise unless it is this list, meant for this appliance, and no larger than allowed."""
        if manifest.list != self._store.name:
            raise Refused(Alarm.WRONG_LIST, f"is of list {manifest.list}, not {self._store.name}")
        if manifest.scope and self._settings.node not in manifest.scope:
            raise Refused(Alarm.WRONG_LIST, f"is not meant for {self._settings.node}")
        largest = max(blob.size for blob in (manifest.snapshot, *manifest.deltas))
        if largest > self._settings.most_octets:
            raise Refused(Alarm.TOO_LARGE, f"names {largest} octets of data")

    def _write(self, manifest: Manifest, old: Snapshot | None) -> bool:
        """Write the new list beside the old one, and check all that it is; whether by a delta."""
        delta = next((b for b in manifest.deltas if old and b.base == old.version), None)
        try:
            with _named(), self._fetched(delta or manifest.snapshot) as stream:
                change = self._decode(manifest, old, stream, by_delta=delta is not None)
                self._check_written(manifest, old, change)
        except BaseException:
            self._store.discard()
            raise
        return delta is not None

    def _check_written(
        self, manifest: Manifest, old: Snapshot | None, change: Change | None
    ) -> None:
        """Raise unless the file that was written is the list that was signed, within its guards."""
        guards = self._settings.guards.stricter(manifest.guards)
        new = self._store.draft()
        if new.layout.digest.hex() != manifest.digest or len(new) != manifest.entries:
            raise Refused(Alarm.WRONG_HASH, "the list is not the one that was signed")
        if old and change is None:
            change = difference(old.sheet(), new.sheet())
        if change is not None:
            check_change(change, guards)
        check_list(new, guards)
        new.verify()

    @contextmanager
    def _fetched(self, blob: Blob) -> Iterator[BinaryIO]:
        """Give the data of a blob, whole and verified before a single octet is decoded."""
        with TemporaryFile(dir=self._store.current.parent) as stream:
            self._client.blob(blob.sha256, blob.size, stream)
            stream.seek(0)
            yield stream

    def _decode(
        self, manifest: Manifest, old: Snapshot | None, stream: BinaryIO, *, by_delta: bool
    ) -> Change | None:
        """Decode to a new file; return the change, if it came as one."""
        wire = read_wire(stream, self._settings.limits)
        if (wire.head.name, wire.head.version) != (manifest.list, manifest.version):
            raise Refused(Alarm.WRONG_LIST, f"data is of {wire.head.name} {wire.head.version}")
        if not by_delta or old is None:
            self._store.write(wire.sheet())
            return None
        change = read_change(wire)
        self._store.write(changed(old, change, wire.head))
        return change

    def take_urgent(self, signed: Signed, now_s: int) -> None:
        """Take an urgent record, in force when this returns. Raises `Refused`.

        An addition needs both sides. To lift is enough for one: a wrong block must not wait for a
        second signature, and all that a stolen key can do with it is to let calls through.
        """
        with _named():
            record = read_record(signed.record)
        sides = signed_by(signed, self._client.signers(self._store.name))
        if not sides:
            raise Refused(Alarm.WRONG_KEY, "an urgent record is signed by nobody we trust")
        if record.added and len(sides) < len(LIST_SIDES):
            raise Refused(Alarm.ONE_ROLE_ONLY, "an urgent addition needs both sides")
        if record.list != self._store.name:
            raise Refused(Alarm.WRONG_LIST, f"an urgent record is for list {record.list}")
        with self.alone:
            if self._store.has_urgent(record.seq):
                raise Refused(Alarm.ROLLBACK, f"urgent record {record.seq} was taken before")
            if record.expires <= self.trusted_s(now_s):
                raise Refused(Alarm.FREEZE, f"urgent record {record.seq} has expired")
            guards = self._settings.guards.stricter(self._store.state().guards)
            check_list(in_memory(record.list, record.added), guards)
            self._store.add_urgent(signed, self.trusted_s(now_s))


def _after(state: State, manifest: Manifest, now_s: int) -> State:
    """Return what is known once the list of a manifest is in force."""
    return msgspec.structs.replace(
        state, highest=manifest.version, folded=max(state.folded, manifest.urgent),
        applied_s=now_s, issued_s=manifest.issued, guards=manifest.guards,
        trusted_s=max(state.trusted_s, manifest.issued),
    )  # fmt: skip


@contextmanager
def _named() -> Iterator[None]:
    """Turn what is wrong with a list into a named alarm."""
    try:
        yield
    except ListError as error:
        raise Refused(Alarm.BAD_LIST, f"the list {error}") from error
