# SPDX-License-Identifier: Apache-2.0
"""Identifiers keep their shape whatever was drawn."""

import random
import uuid

import pytest
from hypothesis import given, strategies as st

from edge.detect.shape import branch_shape, call_id_shape, shape_of, word_of

SHAPES = (
    (b"", "0"),
    (b"1", "n"),
    (b"4294967295", "n"),
    (b"1792838338765432", "N"),
    (b"0123456789abcdef0123456789abcdef", "X32"),
    (b"3f2a1c77-8a1b-4c2d-9e0f-aabbccddeeff", "u"),
    (b"1-7134", "n-n"),
    (b"as5d2f1c3b", "w2"),
    (b"7134SIPpTag001", "w3"),
    (b"hzy3Dz2bXR1o3yVJfJiB0Fr.bNDn9mGm", "w4"),
    (b"1;2|3", "n!n!n"),
)


@pytest.mark.parametrize(("token", "shape"), SHAPES)
def test_a_shape(token: bytes, shape: str) -> None:
    assert shape_of(token) == shape


@pytest.mark.parametrize(
    ("call_id", "shape"),
    [
        (b"1-7134@192.0.2.7", "n-n@i"),
        (b"abc@[2001:db8::1]", "n@i"),
        (b"4d2f@pbx.example", "n@h"),
        (b"4d2f@pbx", "n@w"),
        (b"3f2a1c77-8a1b-4c2d-9e0f-aabbccddeeff", "u"),
    ],
)
def test_a_call_id(call_id: bytes, shape: str) -> None:
    assert call_id_shape(call_id) == shape


def test_a_branch_tells_whether_it_has_its_cookie() -> None:
    assert branch_shape(b"z9hG4bK-7134-1-0") == "-n-n-n"
    assert branch_shape(b"z9hG4bKPj3f2a1c77-8a1b-4c2d-9e0f-aabbccddeeff") == "Pju"
    assert branch_shape(b"1234") == "!n"


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: f"{rng.getrandbits(32):08x}",
        lambda rng: f"{rng.getrandbits(32):x}",
        lambda rng: str(rng.getrandbits(31)),
        lambda rng: f"{rng.getrandbits(64):016x}",
        lambda rng: f"{rng.getrandbits(128):032X}",
        lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
        lambda rng: "".join(rng.choices("ABCXYZabcxyz0189-.", k=32)),
        lambda rng: f"as{rng.getrandbits(32):08x}",
        lambda rng: f"{rng.randrange(1, 100_000)}-{rng.randrange(1, 30_000)}",
    ],
)
def test_what_is_drawn_does_not_show(draw) -> None:
    rng = random.Random(7)
    assert len({shape_of(draw(rng).encode()) for _ in range(10_000)}) == 1


@given(st.binary(max_size=2000))
def test_anything_has_a_bounded_shape_without_marks_of_fields(token: bytes) -> None:
    shape = shape_of(token)
    assert 0 < len(shape) <= 256
    assert not set(shape) & {"|", ";"}


def test_words_by_length() -> None:
    assert [word_of(length) for length in (1, 6, 7, 12, 13, 24, 25, 99)] == [
        "w1", "w1", "w2", "w2", "w3", "w3", "w4", "w4",
    ]  # fmt: skip
