# SPDX-License-Identifier: Apache-2.0
"""A signed card holds for those who have only openssl, and for nobody once it was changed."""

import base64
import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, strategies as st

from edge.errors import ConfigError, InputError, TrustError
from edge.trust.certificate import named
from edge.trust.jcard import (
    MOST_OCTETS,
    Card,
    Said,
    card_of,
    check,
    jcard,
    read,
    read_certificate,
    read_key,
    sign,
)

NOW_S = 1_795_600_000
X5U = "https://operator.example/card.cer"
CARD = Card("Оператор", "+77172000001", "redress@operator.example", "https://redress.example/")
KEY = ec.derive_private_key(7, ec.SECP256R1())
DAY = timedelta(days=1)


def certificate(key=KEY, begins=-1, ends=1):
    now = datetime.fromtimestamp(NOW_S, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named("operator"))
        .issuer_name(named("operator"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + begins * DAY)
        .not_valid_after(now + ends * DAY)
    )
    return builder.sign(KEY, hashes.SHA256())


GOOD = sign(CARD, KEY, X5U, NOW_S)


def part(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def test_it_says_what_rfc_8688_wants():
    head, payload, signature = map(octets, GOOD.split("."))
    assert json.loads(head) == {"alg": "ES256", "typ": "vcard+json", "x5u": X5U}
    assert json.loads(payload) == {
        "iat": NOW_S,
        "jcard": ["vcard", [
            ["version", {}, "text", "4.0"],
            ["fn", {}, "text", "Оператор"],
            ["tel", {"type": "work"}, "uri", "tel:+77172000001"],
            ["email", {"type": "work"}, "text", "redress@operator.example"],
            ["url", {"type": "work"}, "uri", "https://redress.example/"],
        ]],
    }  # fmt: skip
    assert len(signature) == 64
    assert check(GOOD, certificate(), NOW_S) == read(GOOD) == Said(CARD, X5U, NOW_S)


def der(number: bytes) -> bytes:
    number = number.lstrip(b"\0") or b"\0"
    number = b"\0" * (number[0] > 127) + number
    return bytes([2, len(number)]) + number


@pytest.mark.peer("openssl")
@pytest.mark.parametrize("changed", [False, True])
def test_openssl_says_the_same(tmp_path, changed):
    head, payload, signature = GOOD.split(".")
    numbers = octets(signature)
    body = der(numbers[:32]) + der(numbers[32:])
    (tmp_path / "signature").write_bytes(bytes([0x30, len(body)]) + body)
    signed = f"{head}.{payload}" + ("x" if changed else "")
    (tmp_path / "signed").write_text(signed)
    (tmp_path / "card.cer").write_bytes(certificate().public_bytes(Encoding.PEM))
    make = ["openssl", "x509", "-in", "card.cer", "-pubkey", "-noout", "-out", "key.pub"]
    subprocess.run(make, cwd=tmp_path, check=True)
    words = ["openssl", "dgst", "-sha256", "-verify", "key.pub", "-signature", "signature"]
    done = subprocess.run([*words, "signed"], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode == 0) is not changed, done.stderr


@pytest.mark.peer("openssl")
def test_a_key_and_a_certificate_of_openssl(tmp_path):
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    words = f"{make} -subj /CN=operator -keyout key.pem -out card.cer".split()
    subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)
    found = read_certificate(tmp_path / "card.cer")
    now_s = int(found.not_valid_before_utc.timestamp()) + 1
    signed = sign(CARD, read_key(tmp_path / "key.pem"), X5U, now_s)
    assert check(signed, found, now_s).card == CARD


def resigned(head=None, payload=None, key=KEY):
    """A card whose signature is good and whose parts are as given."""
    whole = {"alg": "ES256", "typ": "vcard+json", "x5u": X5U} | (head or {})
    said = {"iat": NOW_S, "jcard": jcard(CARD)} | (payload or {})
    signed = f"{part(json.dumps(whole).encode())}.{part(json.dumps(said).encode())}"
    numbers = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{part(b''.join(number.to_bytes(32) for number in numbers))}"


NOBODY = ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Operator"]]]
WRONG = [
    ("", "no compact JWS"),
    ("a.b", "no compact JWS"),
    (GOOD + ".x", "no compact JWS"),
    ("x" * (MOST_OCTETS + 1), "no compact JWS"),
    ("a!.b.c", "not base64url"),
    (f"{part(b'{')}.{part(b'{}')}.", "not JSON"),
    (f"{part(b'[]')}.{part(b'{}')}.", "not objects"),
    (f"{part(b'[' * 40_000)}.{part(b'{}')}.", "not JSON"),
    (resigned({"alg": "none"}), "does not say alg"),
    (resigned({"alg": "HS256"}), "does not say alg"),
    (resigned({"typ": "JWT"}), "does not say alg"),
    (resigned({"crit": ["exp"]}), "does not say alg"),
    (resigned({"x5u": "http://a.example"}), "x5u and iat"),
    (resigned({"x5u": None}), "x5u and iat"),
    (resigned(payload={"iat": "1"}), "x5u and iat"),
    (resigned(payload={"iat": True}), "x5u and iat"),
    (resigned(payload={"iat": NOW_S + 1}), "in the future"),
    (resigned(payload={"jcard": None}), "reaches nobody"),
    (resigned(payload={"jcard": ["vcard"]}), "reaches nobody"),
    (resigned(payload={"jcard": NOBODY}), "reaches nobody"),
    (resigned(key=ec.derive_private_key(8, ec.SECP256R1())), "not signed with"),
    (GOOD[:-4] + "AAAA", "not signed with"),
    (GOOD[:-1] + chr(ord(GOOD[-1]) + 1), "not base64url as it is written"),
    (GOOD[: GOOD.rindex(".")] + ".", "none of ES256"),
    (GOOD[: GOOD.rindex(".")] + "." + "A" * 86, "not signed with"),
]


@pytest.mark.parametrize(("text", "why"), WRONG)
def test_what_is_no_card_or_was_changed_does_not_hold(text, why):
    with pytest.raises(TrustError, match=why):
        check(text, certificate(), NOW_S)


def test_a_certificate_of_another_time_or_kind_does_not_hold():
    for begins, ends in ((1, 2), (-2, -1)):
        with pytest.raises(TrustError, match="not valid now"):
            check(GOOD, certificate(begins=begins, ends=ends), NOW_S)
    for key in (ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1())):
        with pytest.raises(TrustError, match="not on P-256"):
            check(GOOD, certificate(key), NOW_S)


@given(st.integers(0, len(GOOD) - 1), st.sampled_from("AZaz09-_."))
def test_no_change_of_one_character_holds(at, new):
    changed = GOOD[:at] + new + GOOD[at + 1 :]
    if changed != GOOD:
        with pytest.raises(TrustError):
            check(changed, certificate(), NOW_S)


@pytest.mark.parametrize(
    "card",
    [
        Card("", "+77172000001"),
        Card("a\nb", "+77172000001"),
        Card("Operator"),
        Card("Operator", tel="87172000001"),
        Card("Operator", email="operator"),
        Card("Operator", url="http://operator.example"),
    ],
)
def test_a_card_that_reaches_nobody_is_not_signed(card):
    with pytest.raises(ConfigError):
        sign(card, KEY, X5U, NOW_S)


def test_an_address_of_the_certificate_is_needed():
    with pytest.raises(ConfigError, match="x5u"):
        sign(CARD, KEY, "card.cer", NOW_S)


def test_contacts_are_known_by_their_shape():
    assert card_of("Оператор", [CARD.url, CARD.tel, CARD.email]) == CARD
    with pytest.raises(ConfigError, match="a second tel"):
        card_of("x", ["+77172000001", "+77172000002"])
    with pytest.raises(ConfigError, match=r"'x' is no \+77172000001"):
        card_of("x", ["x"])


def test_only_a_key_on_p256_is_taken(tmp_path):
    path = tmp_path / "key.pem"
    for key in (ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1())):
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with pytest.raises(ConfigError, match="P-256"):
            read_key(path)
    path.write_text("x")
    with pytest.raises(ConfigError, match="no key file"):
        read_key(path)
    with pytest.raises(ConfigError, match="No such file"):
        read_key(tmp_path / "none")
    with pytest.raises(InputError, match="no certificate"):
        read_certificate(path)
