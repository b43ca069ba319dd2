# SPDX-License-Identifier: Apache-2.0
"""What is compiled and its twin in Python come to the same, whatever a device writes."""

import msgspec
import pytest
from hypothesis import example, given, strategies as st

from edge.detect import fast, shape, sketch
from edge.detect.fast import COMPILED
from edge.detect.sketch import EXACT
from edge.detect.stats import Kind, Seen, Stats

pytestmark = pytest.mark.skipif(not COMPILED, reason="built without a C compiler: no second way")

TOKENS = st.one_of(
    st.binary(max_size=300),
    st.text("0123456789abcdefABCDEF-@.:[]{}|;gZ", max_size=300).map(str.encode),
    st.uuids().map(lambda one: str(one).encode()),
)
HASHES = st.integers(0, (1 << 64) - 1)


@given(TOKENS)
@example(b"")
@example(b"a" * 32)
@example(b"3f2a1c77-8a1b-4c2d-9e0f-aabbccddeeff")
@example(b"3f2a1c77-8a1b-4c2d-9e0f-aabbccddeef|")
@example(b"7" * 300)
@example(b"-" * 300)
def test_shapes_of_tokens(token: bytes) -> None:
    assert fast.shape_of(token) == shape.shape_of(token)
    assert fast.branch_shape(token) == shape.branch_shape(token)
    for cookie in (b"z9hG4bK", b"z9hG4bKPj"):
        assert fast.branch_shape(cookie + token) == shape.branch_shape(cookie + token)


HOSTS = st.one_of(TOKENS, st.from_regex(rb"\A[\[]?[0-9a-f:.\]]{0,12}\Z"))


@given(TOKENS, HOSTS)
@example(b"1", b"[::1]")
@example(b"1", b"[")
@example(b"1", b"]")
@example(b"1", b"[]")
@example(b"1", b"[1.2]")
@example(b"1", b"1.2.3.4:5060")
@example(b"1", b"pbx.example")
@example(b"1", b"pbx")
@example(b"1", b"")
def test_shapes_of_call_ids(local: bytes, host: bytes) -> None:
    for call_id in (local, local + b"@" + host):
        assert fast.call_id_shape(call_id) == shape.call_id_shape(call_id)


LINES = st.lists(
    st.sampled_from([b"\r\n", b"\n", b"Via", b"v", b":", b" :", b"\t", b" ", b"a=b:c", b"\x0b"])
).map(b"".join)


@given(LINES, st.integers(-1, 20))
@example(b"\nVia: x" * 700, 0)
def test_starts_of_lines(head: bytes, start: int) -> None:
    assert fast.starts(head, start) == shape.starts(head, max(start, 0))


@given(st.text("<sip:a@b;tag=x>", max_size=40), st.text("tagx=", max_size=4))
def test_tails_of_addresses(value: str, cut: str) -> None:
    pair = value.encode(), cut.encode()
    assert fast.tail_of(*pair) == shape.tail_of(*pair)


@given(st.integers(0, 1 << 70), st.integers(0, (1 << 64) - 1))
def test_places_of_numbers(number: int, secret: int) -> None:
    assert fast.placed(number, secret) == sketch.placed(number, secret)


@given(st.lists(HASHES, max_size=60), st.lists(st.sampled_from([1, 2, 3 << 60]), max_size=9))
def test_counts_of_different_ones(many: list[int], again: list[int]) -> None:
    one, other = fast.Distinct(), sketch.Distinct()
    for hashed in [*many, *again, *many]:
        one.add(hashed)
        other.add(hashed)
        assert len(one) == len(other)


def test_counts_of_very_many() -> None:
    one, other = fast.Distinct(), sketch.Distinct()
    for number in range(20_000):
        hashed, at, rank = fast.placed(number, 7)
        one.note(hashed, at, rank)
        other.note(hashed, at, rank)
        if number < EXACT + 2 or not number % 1000:
            assert len(one) == len(other)
    assert abs(len(one) - 20_000) < 2000


def place(number: int | None) -> tuple[int, int, int]:
    return sketch.placed(number or 0, 5)


SEEN = st.builds(
    Seen,
    at=st.integers(0, 1 << 62),
    called=st.one_of(st.just(0), st.integers(77172000000, 77172000040)),
    country=st.sampled_from([*"ABCDEFGHIJ"]),
    is_national=st.booleans(),
    shape=st.integers(0, 12),
    address=st.integers(0, 12),
    callee=st.integers(0, 40).map(place),
    caller=st.one_of(st.none(), st.integers(0, 40).map(place)),
)


def told(stats: Stats) -> dict[str, object]:
    said = {name: getattr(stats, name) for name in Stats.__struct_fields__}
    return {**said, "callees": len(stats.callees), "callers": len(stats.callers)}


@given(st.lists(SEEN, max_size=60))
def test_calls_are_counted_in_alike(calls: list[Seen]) -> None:
    one, other = (tuple(Stats(kind, "x", 0, 0) for kind in Kind) for _ in range(2))
    for seen in calls:
        fast.count_in(one, seen)
        for stats in other:
            stats.offered(seen)
    assert list(map(told, one)) == list(map(told, other))


def test_what_is_no_sketch_of_its_own_is_refused_not_written_over() -> None:
    stats = Stats(Kind.SOURCE, "x", 0, 0, callees=sketch.Distinct())  # type: ignore[arg-type]
    seen = Seen(1, 0, "GB", is_national=False, shape=0, address=0, callee=place(1), caller=None)
    with pytest.raises(TypeError):
        fast.count_in((stats,), seen)
    assert msgspec.structs.asdict(stats)["kind"] is Kind.SOURCE
