# SPDX-License-Identifier: Apache-2.0
"""The lists: age, octets, signatures, and whether what is listed is found."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from securesystemslib.exceptions import StorageError
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Targets

from edge import counters
from edge.blocklist.entry import Shape
from edge.blocklist.kernel import which
from edge.blocklist.layout import digits_of
from edge.blocklist.manifest import read_manifest
from edge.blocklist.snapshot import Snapshot
from edge.blocklist.stale import Age, age_of
from edge.blocklist.store import Store, open_list
from edge.doctor.finding import Finding, Value, fail, ok, warn
from edge.doctor.patient import Patient
from edge.errors import ListError
from edge.report.lists.follow import TRUST
from edge.trust.identity import root_of
from edge.trust.roles import path_of, role_of, sides

NS = 1_000_000_000
SAMPLE = 1000
FETCH = "qalqan blocklist --help; it is fetched anew when the hub is reached: see the line `hub`"
STANDS = "version {version:d}, {count} entries, signed {hours} hours ago"
ONLY_OBSERVES = "version {version:d}, {count} entries, signed {hours} hours ago: it only observes"
NOT_LOADED = (
    "version {version:d}, {count} entries, signed {hours} hours ago: core has not loaded it"
)


def lists(patient: Patient) -> Iterator[Finding]:
    """Yield how each list stands that is followed."""
    if not patient.config.hub.lists and not patient.config.blocklist.files:
        yield warn("lists", "none is configured", "name one in [hub] lists")
    for name in patient.config.hub.lists:
        store = Store(patient.places.lists, name)
        try:
            found = open_list(store.current)
            found.verify()
            yield _age(patient, name, store.state().issued_s, found)
        except ListError as error:
            yield fail(f"list:{name}", "cannot be used: {why}", FETCH, why=str(error))
            continue
        yield looked_up(name, found)


def signatures(patient: Patient) -> Iterator[Finding]:
    """Yield whether both sides have signed what is in force; a list that is none is left out."""
    for name in patient.config.hub.lists:
        try:
            found = open_list(Store(patient.places.lists, name).current)
        except ListError:
            continue  # `lists` says so
        yield _signed(patient, name, found)


def _age(patient: Patient, name: str, issued_s: int, found: Snapshot) -> Finding:
    hours = max(patient.moments.now().at // NS - issued_s, 0) // 3600
    held = {one.labels[0] for one in patient.series(counters.LIST_ENTRIES)}
    values: dict[str, Value] = {"version": found.version, "count": len(found), "hours": hours}
    age = age_of(issued_s, patient.moments.now().at // NS)
    if age is Age.OLD:
        return fail(f"list:{name}", ONLY_OBSERVES, FETCH, **values)
    if "core" in patient.readings and name not in held:
        return fail(f"list:{name}", NOT_LOADED, "journalctl -u qalqan-core says why", **values)
    if age is Age.STALE:
        return warn(f"list:{name}", STANDS, FETCH, **values)
    return ok(f"list:{name}", STANDS, **values)


def _signed(patient: Patient, name: str, found: Snapshot) -> Finding:
    check = f"signature:{name}"
    try:
        root = root_of(patient.config.hub.root, patient.places.identity)
        digest = signed_digest(patient.places.lists / TRUST, root, name)
    except (RepositoryError, StorageError, ListError, OSError, ValueError, KeyError) as error:
        return fail(check, "cannot be checked: {why}", FETCH, why=str(error))
    if digest == found.layout.digest.hex():
        return ok(check, "both sides have signed what is in force")
    return warn(
        check, "what both sides signed last is not in force here",
        "a newer list is on its way, or was refused: journalctl -b -u qalqan-uplink",
    )  # fmt: skip


def signed_digest(folder: Path, root: Path | None, name: str) -> str:
    """Return the hash of the list that both sides signed last, each signature checked anew.

    From the root that the box was built with down to both sides; whether they have expired is not
    asked, as the list's age says that. Raises errors of `tuf` and `ListError`.
    """
    if root is None:
        raise ValueError("no root is configured")
    trusted = _newest_root(folder, Metadata[Root].from_file(str(root)))
    for role in ("timestamp", "snapshot", "targets"):
        seen = Metadata.from_file(str(folder / f"{role}.json"))
        trusted.signed.verify_delegate(role, seen.signed_bytes, seen.signatures)
    delegating = Metadata[Targets].from_file(str(folder / "targets.json"))
    subject, manifest = sides(name), folder / f"{name}.{sides(name)[0]}.fetched"
    octets = manifest.read_bytes()
    for side in subject:
        role = role_of(name, side)
        own = Metadata[Targets].from_file(str(folder / f"{role}.json"))
        delegating.signed.verify_delegate(role, own.signed_bytes, own.signatures)
        own.signed.targets[path_of(name, side)].verify_length_and_hashes(octets)
    return read_manifest(octets).digest


def _newest_root(folder: Path, root: Metadata[Root]) -> Metadata[Root]:
    """Return the newest root that the one before it, and itself, have signed."""
    while True:
        path = folder / "root_history" / f"{root.signed.version + 1}.root.json"
        if not path.exists():
            return root
        later = Metadata[Root].from_file(str(path))
        for signer in (root, later):
            signer.signed.verify_delegate("root", later.signed_bytes, later.signatures)
        root = later


def looked_up(name: str, found: Snapshot) -> Finding:
    """Say whether numbers of a list are found in it, as calls are looked up."""
    exact = (block.keys for block in found.sheet().blocks if block.shape is Shape.EXACT)
    digits = [digits_of(key) for key in islice((key for keys in exact for key in keys), SAMPLE)]
    missed = [one for one in digits if next(found.covering(one), None) is None]
    if missed:
        return fail(
            f"look-up:{name}", "{missed} of {count} listed numbers are not found",
            "report it, with this version's name; until then: qalqan blocklist rollback",
            missed=len(missed), count=len(digits),
        )  # fmt: skip
    return ok(
        f"look-up:{name}", "{count} listed numbers were found ({kernel})",
        count=len(digits), kernel=which(),
    )  # fmt: skip
