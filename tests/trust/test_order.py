# SPDX-License-Identifier: Apache-2.0
"""Signatures of orders count for their side, for this text only, and for nothing but orders."""

import pytest
from securesystemslib.signer import CryptoSigner

from edge.blocklist.manifest import Record
from edge.errors import ConfigError
from edge.trust.order import commanders, ordered_by, sign_order
from edge.trust.roles import COMMAND
from edge.trust.urgent import sign_record
from tests.trust.centre import NOW, Box, Centre

OPERATOR, ENGINEER, STRANGER = (CryptoSigner.generate_ed25519() for _ in range(3))
ID = {signer: signer.public_key.keyid for signer in (OPERATOR, ENGINEER, STRANGER)}
KEYS = {
    "operator": {ID[OPERATOR]: OPERATOR.public_key},
    "engineer": {ID[ENGINEER]: ENGINEER.public_key},
}
BODY = '{"id": "ä"}'


def test_each_side_counts_once():
    both = {"operator": ID[OPERATOR], "engineer": ID[ENGINEER]}
    assert ordered_by(BODY, sign_order(BODY, [ENGINEER, OPERATOR]), KEYS) == both
    assert ordered_by(BODY, sign_order(BODY, [OPERATOR, OPERATOR]), KEYS) == {
        "operator": ID[OPERATOR]
    }
    assert ordered_by(BODY, sign_order(BODY, [STRANGER]), KEYS) == {}
    assert ordered_by(BODY, (), KEYS) == {}
    assert ordered_by(BODY, sign_order(BODY, [OPERATOR]), {}) == {}


def test_another_text_another_name_or_no_hex_does_not_count():
    signatures = sign_order(BODY, [OPERATOR])
    assert ordered_by(BODY + " ", signatures, KEYS) == {}
    [(keyid, signature)] = sign_order(BODY, [STRANGER])
    assert ordered_by(BODY, ((ID[OPERATOR], signature),), KEYS) == {}
    assert ordered_by(BODY, ((ID[OPERATOR], "no hex"), (keyid, signature)), KEYS) == {}


def test_what_else_a_key_signs_is_no_order():
    text = '{"list":"fraud","seq":1,"issued":1,"expires":2,"added":[],"lifted":[]}'
    signed = sign_record(Record("fraud", 1, 1, 2), [OPERATOR])
    assert signed.record.decode() == text
    assert ordered_by(text, signed.signatures, KEYS) == {}
    bare = OPERATOR.sign(text.encode())
    assert ordered_by(text, ((bare.keyid, bare.signature),), KEYS) == {}


def test_who_commands_is_in_the_signed_metadata(tmp_path):
    centre = Centre(tmp_path / "centre")
    box = Box(tmp_path, centre)
    assert commanders(box.client) == {}, "nothing came yet"
    centre.publish()
    box.update()
    assert commanders(box.client) == {}, "nobody was named"
    public = {"operator": OPERATOR.public_key, "engineer": ENGINEER.public_key}
    centre.repository.delegate(COMMAND, public, centre.root, centre.online, NOW)
    box.update()
    assert {side: set(keys) for side, keys in commanders(box.client).items()} == {
        side: set(keys) for side, keys in KEYS.items()
    }
    public["engineer"] = STRANGER.public_key
    centre.repository.delegate(COMMAND, public, centre.root, centre.online, NOW)
    box.update()
    assert set(commanders(box.client)["engineer"]) == {ID[STRANGER]}


def test_one_key_for_both_sides_is_nobody(tmp_path):
    centre = Centre(tmp_path / "centre")
    with pytest.raises(ConfigError, match="a key each"):
        centre.repository.delegate(
            COMMAND,
            dict.fromkeys(("operator", "engineer"), OPERATOR.public_key),
            centre.root, centre.online, NOW,
        )  # fmt: skip
