# SPDX-License-Identifier: Apache-2.0
"""Checks a bundle of evidence, on any machine and with nothing but the bundle and two keys.

The first thing that is wrong is named, and nothing after it is looked at. A key that is not given
is taken from the bundle, and then proves no more than that the bundle agrees with itself.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from edge.errors import InputError, TrustError
from edge.evidence import bundle
from edge.evidence.bundle import NAME, Files, Proof
from edge.evidence.merkle import leaf_hash, root_by_inclusion
from edge.evidence.note import (
    COSIGNS,
    SIGNS,
    Checkpoint,
    Note,
    VerifierKey,
    read_checkpoint,
    read_key,
    read_note,
)
from edge.evidence.section import frames_in, is_whole
from edge.evidence.shelf import capture_of, read_record

_SHARED = {bundle.HELP, bundle.SUMS, bundle.NOTE, bundle.KEYS, bundle.CERTIFICATE}
_OWN = {bundle.RECORD, bundle.FRAMES, bundle.REASONS, bundle.PROOF}

_PROOF = re.compile(
    r"leaf (0|[1-9][0-9]{0,17})\nsize ([1-9][0-9]{0,17})\n((?:(?:left|right) [0-9a-f]{64}\n){0,64})"
)


class Report(msgspec.Struct, frozen=True):
    """What came of it."""

    wrong: str = ""
    "The first thing that is wrong; empty if nothing is."
    records: tuple[str, ...] = ()
    checkpoint: Checkpoint | None = None
    "None if the bundle was made before one covered the record: it proves nothing yet."
    appliance: VerifierKey | None = None
    appliance_given: bool = False
    hub: VerifierKey | None = None
    hub_given: bool = False
    cosigned_s: int | None = None
    "When the hub signed, by its clock; None if it has not, or its key is not known."

    @property
    def is_proven(self) -> bool:
        """Whether nothing is wrong and nothing is missing."""
        return not self.wrong and self.cosigned_s is not None


def verify(
    files: Files, appliance: VerifierKey | None = None, hub: VerifierKey | None = None
) -> Report:
    """Return what is to be said of a bundle; nothing in it makes this raise."""
    report = Report()
    try:
        _check_sums(files)
        known = _keys(files)
        report = Report(
            records=tuple(bundle.records_in(files)),
            appliance=appliance or known.get("appliance"),
            appliance_given=appliance is not None,
            hub=hub or known.get("hub"),
            hub_given=hub is not None,
        )
        for name in report.records:
            _check_record(files, name)
        return _proven(files, report)
    except (InputError, TrustError) as wrong:
        return msgspec.structs.replace(report, wrong=str(wrong))


def _check_sums(files: Files) -> None:
    """See that every file is there, is known, and is what SHA256SUMS says."""
    if bundle.SUMS not in files:
        raise InputError(f"{bundle.SUMS} is missing")
    expected, found = bundle.sums(files), files[bundle.SUMS]
    for name in sorted(set(files) - {bundle.SUMS}):
        line = f"{sha256(files[name]).hexdigest()}  {name}\n".encode()
        if line not in found:
            raise InputError(f"{name} is not what {bundle.SUMS} says")
        folder, slash, file = name.rpartition("/")
        if file not in (_OWN if slash else _SHARED) or (slash and not NAME.fullmatch(folder)):
            raise InputError(f"{name} does not belong to a bundle")
    if found != expected:
        raise InputError(f"{bundle.SUMS} names a file that is missing, or none")
    if not bundle.records_in(files):
        raise InputError("the bundle has no record")


def _keys(files: Files) -> dict[str, VerifierKey]:
    """Return the keys that the bundle names."""
    keys = {}
    for line in files.get(bundle.KEYS, b"").decode(errors="replace").splitlines():
        whose, _, key = line.partition(" ")
        if whose not in {"appliance", "hub"} or whose in keys:
            raise InputError(f"{bundle.KEYS} is not a list of keys")
        keys[whose] = _read(bundle.KEYS, key, SIGNS if whose == "appliance" else COSIGNS)
    return keys


def _read(where: str, key: str, kind: int) -> VerifierKey:
    try:
        verifier = read_key(key)
    except TrustError as wrong:
        raise TrustError(f"{where}: {wrong}") from wrong
    if verifier.type != kind:
        raise TrustError(f"{where}: the key of {verifier.name} is for another kind of signature")
    return verifier


def _check_record(files: Files, name: str) -> None:
    """See that a record, its frames and its reasons belong together."""
    path = f"{name}/{bundle.RECORD}"
    record = read_record(files.get(path, b""))
    if record is None or record["id"] != name:
        raise InputError(f"{path} is not the record {name}")
    _check_frames(files, name, record)
    if files.get(f"{name}/{bundle.REASONS}") != bundle.reasons(record):
        raise InputError(f"{name}/{bundle.REASONS} is not what the record says")


def _check_frames(files: Files, name: str, record: Mapping[str, Any]) -> None:
    capture, section = capture_of(record), files.get(f"{name}/{bundle.FRAMES}")
    path = f"{name}/{bundle.FRAMES}"
    if capture is None or section is None:
        if capture is None and section is None:
            return
        raise InputError(f"{path} is {'missing' if section is None else 'of no record'}")
    found = [sha256(frame).hexdigest() for frame in frames_in(section)]
    expected = record.get("frames")
    expected = expected if isinstance(expected, list) else []
    for number, frame in enumerate(expected, start=1):
        if found[number - 1 : number] != [frame]:
            raise InputError(f"{path}: frame {number} is not the one that was kept")
    if len(found) != len(expected) or not is_whole(section):
        raise InputError(f"{path} holds more than was kept")
    if sha256(section).hexdigest() != capture.sha256:
        raise InputError(f"{path}: what describes the frames is not what was kept")


def _proven(files: Files, report: Report) -> Report:
    """Return the report with what checkpoint and proofs add to it."""
    proofs = {name: files.get(f"{name}/{bundle.PROOF}") for name in report.records}
    if bundle.NOTE not in files:
        if any(proof is not None for proof in proofs.values()):
            raise InputError(f"{bundle.NOTE} is missing")
        return report
    note = _note(files)
    checkpoint = read_checkpoint(note.text)
    for name, proof in proofs.items():
        _check_proof(files[f"{name}/{bundle.RECORD}"], name, proof, checkpoint)
    cosigned_s = _check_signatures(note, checkpoint, report)
    return msgspec.structs.replace(report, checkpoint=checkpoint, cosigned_s=cosigned_s)


def _note(files: Files) -> Note:
    try:
        note = read_note(files[bundle.NOTE])
        read_checkpoint(note.text)
    except TrustError as wrong:
        raise TrustError(f"{bundle.NOTE}: {wrong}") from wrong
    return note


def _check_proof(line: bytes, name: str, text: bytes | None, checkpoint: Checkpoint) -> None:
    """See that a record's proof leads to the root of the checkpoint."""
    path = f"{name}/{bundle.PROOF}"
    if text is None:
        raise InputError(f"{path} is missing")
    proof, record = _read_proof(text), read_record(line)
    if proof is None:
        raise InputError(f"{path} cannot be read")
    if record is None or record["leaf"] != proof.leaf or checkpoint.size != proof.size:
        raise InputError(f"{path} is of another record or checkpoint")
    root = root_by_inclusion(leaf_hash(line), proof.leaf, proof.size, proof.hashes)
    if root != checkpoint.root:
        raise InputError(f"{path} does not lead from the record to the root of the checkpoint")


def _read_proof(text: bytes) -> Proof | None:
    found = _PROOF.fullmatch(text.decode(errors="replace"))
    if found is None:
        return None
    steps = found[3].split()[1::2]
    proof = Proof(int(found[1]), int(found[2]), tuple(map(bytes.fromhex, steps)))
    return proof if proof.leaf < proof.size and proof.text().encode() == text else None


def _check_signatures(note: Note, checkpoint: Checkpoint, report: Report) -> int | None:
    """See who has signed; returns when the hub has, if it has."""
    if report.appliance is None:
        raise TrustError("the key of the appliance is neither given nor in the bundle")
    if report.appliance.name != checkpoint.origin:
        raise TrustError(f"the key is of {report.appliance.name}, the log of {checkpoint.origin}")
    try:
        signed = report.appliance.signed(note)
        cosigned_s = report.hub.signed(note) if report.hub else None
    except TrustError as wrong:
        raise TrustError(f"{bundle.NOTE}: {wrong}") from wrong
    if signed is None:
        raise TrustError(f"{bundle.NOTE}: not signed with the key of the appliance")
    return cosigned_s
