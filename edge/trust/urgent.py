# SPDX-License-Identifier: Apache-2.0
"""Signatures of urgent records: by the keys of the list's two sides, outside of the metadata.

A record must arrive in seconds, so it does not wait for a new snapshot of the whole repository.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.signer import Key, Signature, Signer

from edge.blocklist.manifest import Record, Signed, read_signed
from edge.errors import ListError
from edge.trust.handed import Flaw, NotTaken
from edge.trust.roles import LIST_SIDES

_CONTEXT = b"qalqan urgent record 1\n"

Keys = Mapping[str, Mapping[str, Key]]
"By side, then by key id."


def sign_record(record: Record, signers: Sequence[Signer]) -> Signed:
    """Return a record with the signatures of all signers."""
    signed = Signed(msgspec.json.encode(record), ())
    for signer in signers:
        signed = countersign(signed, signer)
    return signed


def countersign(signed: Signed, signer: Signer) -> Signed:
    """Return the very same octets with one more signature."""
    one = signer.sign(_CONTEXT + signed.record)
    return Signed(signed.record, (*signed.signatures, (one.keyid, one.signature)))


def signed_by(signed: Signed, keys: Keys) -> set[str]:
    """Return the sides that have signed a record."""
    sides = set()
    for side, known in keys.items():
        for keyid, signature in signed.signatures:
            key = known.get(keyid)
            if key and holds(key, Signature(keyid, signature), _CONTEXT + signed.record):
                sides.add(side)
    return sides


def enough(record: Record, sides: Collection[str]) -> bool:
    """Whether appliances take a record of these sides: an addition wants both, a lifting one."""
    return len(sides) >= (len(LIST_SIDES) if record.added else 1)


def handed_in(octets: bytes, record: bytes, side: str, keys: Keys) -> tuple[str, str]:
    """Return the signature of a side out of what it wrote on its own machine. Raises `NotTaken`.

    Args:
        octets: The file that came back, as `write_signed` makes it.
        record: What was handed out; the very same octets must be signed.
        side: Who hands it in. A signature of the other side in the file is not taken along.
        keys: Whose key is whose.
    """
    try:
        signed = read_signed(octets)
    except ListError as error:
        raise NotTaken(Flaw.UNREADABLE) from error
    if signed.record != record:
        raise NotTaken(Flaw.OTHER_RECORD)
    for one in signed.signatures:
        if side in signed_by(Signed(record, (one,)), keys):
            return one
    raise NotTaken(Flaw.OTHER_SIDE if signed_by(signed, keys) else Flaw.WRONG_KEY)


def holds(key: Key, signature: Signature, octets: bytes) -> bool:
    """Whether a key made this signature of these octets; whatever is none does not hold."""
    try:
        key.verify_signature(signature, octets)
    except (UnverifiedSignatureError, VerificationError):
        return False
    return True
