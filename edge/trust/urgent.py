# SPDX-License-Identifier: Apache-2.0
"""Signatures of urgent records: by the keys of the list's two sides, outside of the metadata.

A record must arrive in seconds, so it does not wait for a new snapshot of the whole repository.
"""

from collections.abc import Mapping, Sequence

import msgspec
from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.signer import Key, Signature, Signer

from edge.blocklist.manifest import Record, Signed

_CONTEXT = b"qalqan urgent record 1\n"


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


def signed_by(signed: Signed, keys: Mapping[str, Mapping[str, Key]]) -> set[str]:
    """Return the sides that have signed a record."""
    sides = set()
    for side, known in keys.items():
        for keyid, signature in signed.signatures:
            key = known.get(keyid)
            if key and holds(key, Signature(keyid, signature), _CONTEXT + signed.record):
                sides.add(side)
    return sides


def holds(key: Key, signature: Signature, octets: bytes) -> bool:
    """Whether a key made this signature of these octets; whatever is none does not hold."""
    try:
        key.verify_signature(signature, octets)
    except (UnverifiedSignatureError, VerificationError):
        return False
    return True
