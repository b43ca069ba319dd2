# SPDX-License-Identifier: Apache-2.0
"""How a box and a hub that have never met come to trust each other: the protocol, without any I/O.

The box shows a code of 80 bits; a person types it in at the hub. From the code and the request both
derive three keys (HKDF, RFC 5869). Under the first the box proves that the request is its own,
under the second the hub that the answer is; the third seals what the deployment shares (AES-GCM).
Whoever stands between them knows no code, so that what he changes fits no proof, and what he keeps
opens nothing; the listener's certificate need not be known yet.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge.errors import TrustError

CODE_OCTETS = 10
CODE_VALID_S = 86_400
"How long a code may be typed in after it was made."
KEY_OCTETS = 32
NONCE_OCTETS = 12

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"Crockford's base 32: no I, L, O and U."
_MISREAD = str.maketrans("OIL", "011", " -")


class Fault(Enum):
    """Why a box or a hub did not go on. Nothing was changed."""

    BAD_CODE = "bad-code"
    "What was typed in is no code."
    CODE_EXPIRED = "code-expired"
    WRONG_CODE = "wrong-code"
    TOO_MANY_TRIES = "too-many-tries"
    NOBODY_ASKS = "nobody-asks"
    NAME_TAKEN = "name-taken"
    BAD_REQUEST = "bad-request"
    WRONG_PROOF = "wrong-proof"
    "The answer was not made by somebody who knows the code, or not for this request."
    UNREADABLE = "unreadable"
    WRONG_KEY = "wrong-key"
    "The certificate is for another key ..."
    WRONG_NAME = "wrong-name"
    "... for another box ..."
    WRONG_AUTHORITY = "wrong-authority"
    "... of another authority ..."
    WRONG_PURPOSE = "wrong-purpose"
    "... not for a client ..."
    NOT_YET_VALID = "not-yet-valid"
    "... of a time to come, as this box's clock believes ..."
    EXPIRED = "expired"
    "... or of one that is over."


class EnrolRefused(TrustError):
    """A step of enrolment or renewal was refused; nothing was changed."""

    def __init__(self, fault: Fault, why: str) -> None:
        """Name the fault, and say in a sentence what was seen."""
        super().__init__(f"{fault.value}: {why}")
        self.fault = fault


class Keys(NamedTuple):
    """What both ends derive from a code, for one request."""

    request: bytes
    answer: bytes
    seal: bytes


class Answer(NamedTuple):
    """What a hub gives to a box whose code fits."""

    certificate: str
    authority: str
    sealed: str
    proof: str


def write_code(octets: bytes) -> str:
    """Return 80 random bits as people read them: `7K3Q-M2ZD-0FHX-9WTB`."""
    number = int.from_bytes(octets)
    letters = [_ALPHABET[number >> shift & 31] for shift in range(8 * CODE_OCTETS - 5, -1, -5)]
    return "-".join("".join(letters[at : at + 4]) for at in range(0, len(letters), 4))


def read_code(typed: str) -> bytes:
    """Return the bits of a code as typed: O is 0, I and L are 1. Raises `EnrolRefused`."""
    letters = typed.strip().upper().translate(_MISREAD)
    if len(letters) != 8 * CODE_OCTETS // 5 or not set(letters) <= set(_ALPHABET):
        raise EnrolRefused(Fault.BAD_CODE, "a code has four groups of four letters and digits")
    number = 0
    for letter in letters:
        number = number << 5 | _ALPHABET.index(letter)
    return number.to_bytes(CODE_OCTETS)


def keys_of(code: bytes, node: str, request: str) -> Keys:
    """Derive the keys of a code for a request: an answer to another request opens nothing here."""
    salt = hashlib.sha256(_framed("qalqan enrol 1", node, request)).digest()
    derived = HKDF(hashes.SHA256(), 3 * KEY_OCTETS, salt, b"request, answer, seal").derive(code)
    return Keys(*(derived[at : at + KEY_OCTETS] for at in range(0, len(derived), KEY_OCTETS)))


def prove(keys: Keys, request: str) -> str:
    """Return what shows that a request was made by the box that shows the code."""
    return hmac.digest(keys.request, request.encode(), "sha256").hex()


def fits(keys: Keys, request: str, proof: str) -> bool:
    """Whether a request was made where the code was shown."""
    return hmac.compare_digest(prove(keys, request).encode(), proof.encode())


def make_answer(
    keys: Keys, certificate: str, authority: str, secrets: Mapping[str, str], nonce: bytes
) -> Answer:
    """Return what a hub says to a box; `nonce` is random, never used twice."""
    bound = _framed(certificate, authority)
    sealed = AESGCM(keys.seal).encrypt(nonce, json.dumps(dict(secrets)).encode(), bound)
    text = (nonce + sealed).hex()
    return Answer(certificate, authority, text, _answer_proof(keys, certificate, authority, text))


def open_answer(keys: Keys, answer: Answer) -> dict[str, str]:
    """Return the secrets of an answer that is the hub's. Raises `EnrolRefused`."""
    certificate, authority, text, proof = answer
    if not hmac.compare_digest(
        _answer_proof(keys, certificate, authority, text).encode(), proof.encode()
    ):
        raise EnrolRefused(Fault.WRONG_PROOF, "whoever answered does not know the code")
    try:
        sealed = bytes.fromhex(text)
        nonce, rest = sealed[:NONCE_OCTETS], sealed[NONCE_OCTETS:]
        opened = json.loads(AESGCM(keys.seal).decrypt(nonce, rest, _framed(certificate, authority)))
        return {str(name): str(value) for name, value in opened.items()}
    except (ValueError, InvalidTag, AttributeError) as error:
        raise EnrolRefused(Fault.UNREADABLE, "the secrets cannot be opened") from error


def _answer_proof(keys: Keys, *parts: str) -> str:
    return hmac.digest(keys.answer, _framed(*parts), "sha256").hex()


def _framed(*parts: str) -> bytes:
    """Return texts as octets that no other texts give: each with its length before it."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(octets).to_bytes(4) + octets for octets in encoded)
