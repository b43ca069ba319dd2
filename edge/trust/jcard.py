# SPDX-License-Identifier: Apache-2.0
"""The signed card of a 608: whom a rejected caller can turn to (RFC 8688), a JWS (RFC 7515).

`core` sends only the address of the card (`Call-Info: <...>;purpose=jwscard`); the card itself is
made once, at a desk, and put on a web server.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge.errors import ConfigError, InputError, TrustError

CURVE = ec.SECP256R1
HALF = 32
"Octets of each number of an ES256 signature (RFC 7518 section 3.4)."
MOST_OCTETS = 65_536
TYPE = "vcard+json"
PARTS = 3
_DAMAGED = (ValueError, TypeError, UnsupportedAlgorithm)
_SHAPES = {
    "tel": re.compile(r"\+[1-9]\d{6,14}", re.ASCII),
    "email": re.compile(r"[!-?A-~]+@[!-?A-~]+", re.ASCII),
    "url": re.compile(r"https://[!-~]+", re.ASCII),
}


class Card(NamedTuple):
    """Who rejected the call, and how to reach them: one way at least."""

    name: str
    tel: str = ""
    "E.164 with `+`."
    email: str = ""
    url: str = ""
    "`https`."


class Said(NamedTuple):
    """What a signed card says."""

    card: Card
    x5u: str
    "Where whoever gets it finds the certificate."
    iat: int
    "When it was signed, epoch seconds."


def read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return a private key on P-256 from PEM. Raises `ConfigError`."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, *_DAMAGED) as error:
        raise ConfigError(f"{path}: is no key file: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, CURVE):
        raise ConfigError(f"{path}: ES256 takes a key on P-256")
    return key


def card_of(name: str, contacts: Iterable[str]) -> Card:
    """Return the card of a name and of contacts, each known by its shape. Raises `ConfigError`."""
    said: dict[str, str] = {}
    for contact in contacts:
        kind = next((kind for kind, shape in _SHAPES.items() if shape.fullmatch(contact)), "")
        if not kind or kind in said:
            why = f"a second {kind}" if kind else "no +77172000001, a@b.example or https://..."
            raise ConfigError(f"{contact!r} is {why}")
        said[kind] = contact
    return Card(name, **said)


def jcard(card: Card) -> list[Any]:
    """Return a card as RFC 7095 has it. Raises `ConfigError` for one that reaches nobody."""
    if not card.name or not card.name.isprintable():
        raise ConfigError("a card needs a name")
    if not (card.tel or card.email or card.url):
        raise ConfigError("a card needs a tel, an email or a url")
    for kind, shape in _SHAPES.items():
        value = getattr(card, kind)
        if value and not shape.fullmatch(value):
            raise ConfigError(f"{value!r} is no {kind}")
    lines: list[list[Any]] = [["version", {}, "text", "4.0"], ["fn", {}, "text", card.name]]
    if card.tel:
        lines.append(["tel", {"type": "work"}, "uri", f"tel:{card.tel}"])
    if card.email:
        lines.append(["email", {"type": "work"}, "text", card.email])
    if card.url:
        lines.append(["url", {"type": "work"}, "uri", card.url])
    return ["vcard", lines]


def sign(card: Card, key: ec.EllipticCurvePrivateKey, x5u: str, now_s: int) -> str:
    """Return the signed card as compact JWS. Raises `ConfigError`."""
    if not _SHAPES["url"].fullmatch(x5u):
        raise ConfigError(f"x5u {x5u!r} is no https address of the certificate")
    head = {"alg": "ES256", "typ": TYPE, "x5u": x5u}  # RFC 8688 section 3.2.1
    payload = {"iat": now_s, "jcard": jcard(card)}  # section 3.2.2
    signed = f"{_encoded(_json(head))}.{_encoded(_json(payload))}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{_encoded(r.to_bytes(HALF) + s.to_bytes(HALF))}"


def read(text: str) -> Said:
    """Return what a signed card says, unproven. Raises `TrustError` for what is none."""
    head, payload = map(_object, _parts(text)[:2])
    if head.get("alg") != "ES256" or head.get("typ") != TYPE or "crit" in head:
        raise TrustError(f"its header does not say alg ES256 and typ {TYPE}")
    x5u, iat = head.get("x5u"), payload.get("iat")
    if not isinstance(x5u, str) or not _SHAPES["url"].fullmatch(x5u) or type(iat) is not int:
        raise TrustError("it does not say x5u and iat")
    return Said(_card(payload.get("jcard")), x5u, iat)


def check(text: str, certificate: x509.Certificate, now_s: int) -> Said:
    """Return what a signed card says. Raises `TrustError` if it does not hold."""
    found = read(text)
    head, payload, signature = _parts(text)
    _verify(f"{head}.{payload}".encode(), _decoded(signature), certificate)
    at = datetime.fromtimestamp(now_s, UTC)
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise TrustError("the certificate is not valid now")
    if found.iat > now_s:
        raise TrustError("it was signed in the future")
    return found


def read_certificate(path: Path) -> x509.Certificate:
    """Return a certificate from PEM. Raises `InputError`."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, *_DAMAGED) as error:
        raise InputError(f"{path}: is no certificate: {error}") from error


def _parts(text: str) -> list[str]:
    parts = text.strip().split(".") if len(text) <= MOST_OCTETS else []
    if len(parts) != PARTS:
        raise TrustError("is no compact JWS: three parts with dots between")
    return parts


def _verify(signed: bytes, signature: bytes, certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, CURVE):
        raise TrustError("the certificate's key is not on P-256")
    if len(signature) != 2 * HALF:
        raise TrustError("its signature is none of ES256")
    r, s = int.from_bytes(signature[:HALF]), int.from_bytes(signature[HALF:])
    try:
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    except InvalidSignature as wrong:
        raise TrustError("it was not signed with the certificate's key, or was changed") from wrong


def _card(found: object) -> Card:
    """Return the card in a jCard; properties that are not ours are passed over."""
    said: dict[str, str] = {}
    lines = found[1] if isinstance(found, list) and found[:1] == ["vcard"] and found[1:] else None
    for line in lines if isinstance(lines, list) else ():
        match line:
            case [str(name), dict(), str(), str(value), *_]:
                said.setdefault(name, value)
            case _:
                continue
    card = Card(
        said.get("fn", ""), said.get("tel", "").removeprefix("tel:"), said.get("email", ""),
        said.get("url", ""),
    )  # fmt: skip
    try:
        jcard(card)
    except ConfigError as wrong:
        raise TrustError(f"its card reaches nobody: {wrong}") from wrong
    return card


def _object(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_decoded(part))
    except (ValueError, RecursionError) as wrong:
        raise TrustError("its parts are not JSON") from wrong
    if not isinstance(found, dict):
        raise TrustError("its parts are not objects of JSON")
    return found


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _encoded(octets: bytes) -> str:
    """Return base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    try:
        octets = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise TrustError("its parts are not base64url") from wrong
    if _encoded(octets) != part:  # bits that stand for nothing: one card has one text
        raise TrustError("its parts are not base64url as it is written")
    return octets
