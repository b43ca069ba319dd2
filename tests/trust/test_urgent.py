# SPDX-License-Identifier: Apache-2.0
"""Signatures of urgent records count for their side, and for these octets only."""

import pytest
from securesystemslib.signer import CryptoSigner

from edge.blocklist.manifest import Record, Signed, read_record, write_signed
from edge.trust.handed import Flaw, NotTaken
from edge.trust.urgent import countersign, enough, handed_in, sign_record, signed_by
from tests.blocklist.images import entry

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


def test_an_addition_wants_both_and_a_lifting_one():
    adding = Record("fraud", 1, 100, 200, (entry("77172000001"),))
    lifting = Record("fraud", 1, 100, 200, (), (entry("77172000001"),))
    assert [enough(adding, sides) for sides in ((), ("operator",), tuple(KEYS))] == [
        False, False, True,
    ]  # fmt: skip
    assert [enough(lifting, sides) for sides in ((), ("operator",))] == [False, True]


OCTETS = sign_record(RECORD, []).record


def taken(octets, side="operator"):
    return handed_in(octets, OCTETS, side, KEYS)


def test_the_signature_of_the_side_is_taken_out_of_its_file_and_no_other():
    both = sign_record(RECORD, [STRANGER, PROSECUTOR, OPERATOR])
    for side, key in (("operator", OPERATOR), ("prosecutor", PROSECUTOR)):
        keyid, signature = taken(write_signed(both), side)
        assert keyid == key.public_key.keyid
        assert signed_by(Signed(OCTETS, ((keyid, signature),)), KEYS) == {side}


@pytest.mark.parametrize(
    ("signed", "flaw"),
    [
        (b"", Flaw.UNREADABLE),
        (b"{}", Flaw.UNREADABLE),
        (b"\xff", Flaw.UNREADABLE),
        (b'["!", []]', Flaw.UNREADABLE),
        (OCTETS, Flaw.UNREADABLE),
        (sign_record(RECORD, []), Flaw.WRONG_KEY),
        (sign_record(RECORD, [STRANGER]), Flaw.WRONG_KEY),
        (sign_record(RECORD, [PROSECUTOR]), Flaw.OTHER_SIDE),
        (sign_record(Record("fraud", 2, 100, 200), [OPERATOR]), Flaw.OTHER_RECORD),
        (countersign(Signed(OCTETS + b" ", ()), OPERATOR), Flaw.OTHER_RECORD),
        (Signed(OCTETS, ((OPERATOR.public_key.keyid, "00" * 64),)), Flaw.WRONG_KEY),
    ],
)
def test_what_is_not_signed_so_is_named(signed, flaw):
    octets = write_signed(signed) if isinstance(signed, Signed) else signed
    with pytest.raises(NotTaken) as caught:
        taken(octets)
    assert caught.value.flaw is flaw
    assert str(caught.value)


def test_a_signature_under_another_record_is_of_nobody():
    """The octets are the right ones, and the signature beside them is of others."""
    [one] = sign_record(Record("fraud", 2, 100, 200), [OPERATOR]).signatures
    with pytest.raises(NotTaken) as caught:
        taken(write_signed(Signed(OCTETS, (one,))))
    assert caught.value.flaw is Flaw.WRONG_KEY
