# SPDX-License-Identifier: Apache-2.0
"""Notes are those of others: the published vectors hold, and no other octet passes."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st

from edge.errors import ConfigError, TrustError
from edge.evidence.merkle import EMPTY
from edge.evidence.note import (
    COSIGNS,
    SIGNS,
    Checkpoint,
    Note,
    SigningKey,
    cosigned_text,
    own_key,
    read_checkpoint,
    read_key,
    read_note,
    read_signature,
)
from tests.evidence.box import APPLIANCE, HUB, SEEN_S

# The example of golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_NOTE = (
    f"{GO_TEXT}\n\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FF"
    "YC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# Keys of the tests of transparency-dev/formats: one whose base64 holds a plus, one that cosigns.
PLUS_KEY = "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6"
WITNESS_KEY = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"

TEXT = Checkpoint(APPLIANCE.name, 3, EMPTY).text()
SIGNED = str(Note(TEXT, (APPLIANCE.sign(TEXT), HUB.cosign(TEXT, SEEN_S)))).encode()


def test_the_note_of_others_holds_and_ours_is_the_same() -> None:
    key, note = read_key(GO_KEY), read_note(GO_NOTE.encode())
    assert (key.type, str(key), note.text) == (SIGNS, GO_KEY, GO_TEXT)
    assert key.signed(note) == 0
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(GO_SEED)[1:])
    signer = SigningKey("PeterNeumann", private)
    assert signer.verifier() == key
    assert str(Note(GO_TEXT, (signer.sign(GO_TEXT),))) == GO_NOTE


@pytest.mark.parametrize(("text", "kind"), [(PLUS_KEY, SIGNS), (WITNESS_KEY, COSIGNS)])
def test_keys_of_others(text: str, kind: int) -> None:
    key = read_key(text + "\n")
    assert (str(key), key.type) == (text, kind)


@given(st.integers(0, len(GO_KEY) - 1), st.sampled_from("+A1 /\n\N{EM DASH}"))
def test_no_key_but_itself(at: int, char: str) -> None:
    wrong = GO_KEY[:at] + char + GO_KEY[at + 1 :]
    if wrong.strip() != GO_KEY:
        with pytest.raises(TrustError):
            read_key(wrong)


def test_who_signed_and_when() -> None:
    note = read_note(SIGNED)
    assert str(note).encode() == SIGNED
    assert APPLIANCE.verifier().signed(note) == 0
    assert HUB.verifier(COSIGNS).signed(note) == SEEN_S
    assert HUB.verifier(SIGNS).signed(note) is None  # another key, by its id
    assert SigningKey("hub.other", HUB._private).verifier(COSIGNS).signed(note) is None


def test_what_a_cosigner_signs_is_the_text_with_a_time_before_it() -> None:
    expected = f"cosignature/v1\ntime {SEEN_S}\n{TEXT}".encode()
    assert cosigned_text(TEXT, SEEN_S) == expected
    octets = HUB.cosign(TEXT, SEEN_S).octets
    assert octets[:8] == SEEN_S.to_bytes(8, "big")
    HUB._private.public_key().verify(octets[8:], expected)


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_no_octet_of_a_note_can_be_changed(at: int, bits: int) -> None:
    wrong = SIGNED[:at] + bytes([SIGNED[at] ^ bits]) + SIGNED[at + 1 :]
    try:
        note = read_note(wrong)
        whole = [key.signed(note) is None for key in (APPLIANCE.verifier(), HUB.verifier(COSIGNS))]
    except TrustError:
        return
    assert any(whole)


@pytest.mark.parametrize(
    "wrong",
    [
        b"", b"text\n", b"text\n\n", b"\n\n\xe2\x80\x94 a AAAAAAA=\n", b"\xff\n\n" + SIGNED,
        SIGNED[:-1], SIGNED + b"\n", SIGNED.replace(b"\n", b"\r\n"), SIGNED + b"x" * 70_000,
        SIGNED.replace("\N{EM DASH}".encode(), b"-"), b"a\n\n\xe2\x80\x94 a A\n",
        b"a\n\n\xe2\x80\x94  AAAAAAAA\n", b"a\n\n\xe2\x80\x94 a+b AAAAAAAA\n",
    ],
)  # fmt: skip
def test_what_is_no_note(wrong: bytes) -> None:
    with pytest.raises(TrustError):
        read_note(wrong)


def test_a_line_under_a_note() -> None:
    signature = HUB.cosign(TEXT, SEEN_S)
    assert read_signature(signature.line()) == signature
    for wrong in ("", "\N{EM DASH} hub", signature.line() + "=", signature.line()[2:]):
        with pytest.raises(TrustError):
            read_signature(wrong)


@given(st.integers(0, 1 << 62), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_is_written(size: int, root: bytes) -> None:
    checkpoint = Checkpoint("astana-1/verdicts", size, root)
    assert read_checkpoint(checkpoint.text()) == checkpoint


@pytest.mark.parametrize(
    "wrong",
    [
        "", "o\n1\n", TEXT[:-1], TEXT.replace("\n3\n", "\n03\n"), TEXT.replace("\n3\n", "\n-3\n"),
        TEXT.replace("\n3\n", "\n\N{SUPERSCRIPT THREE}\n"), TEXT.replace("\n3\n", "\n\n"),
        TEXT.replace("\n3\n", f"\n{'9' * 30}\n"), TEXT.replace("=\n", "\n"), "\n" + TEXT,
    ],
)  # fmt: skip
def test_what_is_no_checkpoint(wrong: str) -> None:
    with pytest.raises(TrustError):
        read_checkpoint(wrong)


def test_the_key_of_a_box_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "identity" / "evidence.pem"
    first = own_key(path)
    assert own_key(path).private_bytes_raw() == first.private_bytes_raw()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    path.write_bytes(b"torn")
    with pytest.raises(ConfigError, match="is no key file"):
        own_key(path)
