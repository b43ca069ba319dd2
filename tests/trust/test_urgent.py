# SPDX-License-Identifier: Apache-2.0
"""Signatures of urgent records count for their side, and for these octets only."""

from securesystemslib.signer import CryptoSigner

from edge.blocklist.manifest import Record, Signed, read_record
from edge.trust.urgent import sign_record, signed_by

OPERATOR, PROSECUTOR, STRANGER = (CryptoSigner.generate_ed25519() for _ in range(3))
KEYS = {
    "operator": {OPERATOR.public_key.keyid: OPERATOR.public_key},
    "prosecutor": {PROSECUTOR.public_key.keyid: PROSECUTOR.public_key},
}
RECORD = Record("fraud", 1, 100, 200)


def test_each_side_counts_once():
    assert signed_by(sign_record(RECORD, [OPERATOR, OPERATOR]), KEYS) == {"operator"}
    assert signed_by(sign_record(RECORD, [OPERATOR, PROSECUTOR]), KEYS) == set(KEYS)
    assert signed_by(sign_record(RECORD, [STRANGER]), KEYS) == set()
    assert read_record(sign_record(RECORD, []).record) == RECORD


def test_a_signature_under_anothers_name_does_not_count():
    signed = sign_record(RECORD, [STRANGER])
    [(_, signature)] = signed.signatures
    for keyid in (OPERATOR.public_key.keyid, ""):
        assert signed_by(Signed(signed.record, ((keyid, signature),)), KEYS) == set()
    keyid = OPERATOR.public_key.keyid
    assert signed_by(Signed(signed.record, ((keyid, "no hex"),)), KEYS) == set()


def test_a_signature_of_the_bare_record_does_not_count():
    """What else a key signs must never pass for an urgent record."""
    record = sign_record(RECORD, []).record
    bare = OPERATOR.sign(record)
    assert signed_by(Signed(record, ((bare.keyid, bare.signature),)), KEYS) == set()
