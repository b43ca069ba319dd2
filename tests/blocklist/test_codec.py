# SPDX-License-Identifier: Apache-2.0
"""Lists on the wire: what is written is read, what is not ours is refused before it costs."""

import tracemalloc
import zlib
from array import array
from contextlib import suppress
from io import BytesIO

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from edge.blocklist.codec import FRAME, MAGIC, Limits, read_wire
from edge.blocklist.sheet import Sheet, from_entries
from edge.errors import ListError
from tests.blocklist.images import columns, delta_of, entry, groups, image, opened, snapshot_of
from tests.blocklist.test_snapshot import entries


@settings(max_examples=150, deadline=None)
@given(st.sets(entries(), max_size=25))
def test_a_snapshot_comes_back(listed):
    sheet = from_entries("fraud", 7, listed)
    wire = read_wire(BytesIO(snapshot_of(sheet)))
    assert image(wire.sheet()) == image(sheet)
    assert wire.head.digest == opened(sheet).layout.digest


WIRE = snapshot_of(
    from_entries("fraud", 3, [entry("77172000001"), entry("4477*"), entry("10..19")])
)


def read_all(octets, limits=None):
    wire = read_wire(BytesIO(octets), limits or Limits())
    return list(wire.blocks)


def test_a_stream_cut_anywhere_is_refused():
    for size in range(len(WIRE)):
        with pytest.raises(ListError):
            read_all(WIRE[:size])


def test_a_stream_that_goes_on_is_refused():
    with pytest.raises(ListError, match="behind its end"):
        read_all(WIRE + b"\0")


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(WIRE) - 1), st.binary(min_size=1, max_size=12))
def test_no_octets_do_more_than_raise_a_list_error(at, octets):
    with suppress(ListError):
        image(read_wire(BytesIO(WIRE[:at] + octets + WIRE[at + len(octets) :])).sheet())


def frame(kind, octets, size=None):
    stored = zlib.compress(octets)
    return FRAME.pack(kind, len(stored), len(octets) if size is None else size) + stored


def head_frame(**more):
    fields = {"name": "fraud", "base": 0, "version": 1, "digest": bytes(32)}
    fields |= {"numbers": 0, "prefixes": 0, "ranges": 0, "groups": 0} | more
    return MAGIC + frame(1, msgspec.msgpack.encode(list(fields.values())))


EXACT = 16
END = frame(3, b"")


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param(b"", "no list of this format", id="empty"),
        pytest.param(head_frame(version=0) + END, "cannot be read", id="version 0"),
        pytest.param(head_frame(name="a/b") + END, "cannot be read", id="name with a path"),
        pytest.param(head_frame(numbers=51_000_000), "larger than", id="too many numbers"),
        pytest.param(head_frame(groups=1_000_001), "more than", id="too many groups"),
        pytest.param(head_frame() + frame(99, b"x") + END, "unknown kind", id="unknown kind"),
        pytest.param(head_frame(numbers=1) + END, "ends before", id="fewer numbers"),
        pytest.param(head_frame() + frame(EXACT, bytes(12)), "more records", id="more numbers"),
        pytest.param(head_frame(numbers=1) + frame(EXACT, bytes(11)), "wrong size", id="torn"),
        pytest.param(head_frame(numbers=1) + frame(EXACT, bytes(12)), "a group", id="no group"),
        pytest.param(
            head_frame(numbers=2, groups=1)
            + frame(2, msgspec.msgpack.encode([b"g"]))
            + frame(EXACT, b"\xff" * 16 + bytes(8)),
            "beyond 64 bits",
            id="keys overflow",
        ),
        pytest.param(head_frame() + FRAME.pack(EXACT, 1 << 30, 12), "larger than any", id="stored"),
        pytest.param(head_frame() + FRAME.pack(EXACT, 12, 1 << 30), "larger than any", id="size"),
        pytest.param(head_frame() + frame(EXACT, bytes(9000), 12), "not as large", id="bomb"),
        pytest.param(head_frame(groups=1) + END, "dictionary", id="no dictionary"),
    ],
)  # fmt: skip
def test_what_we_never_write_is_refused_by_name(octets, why):
    with pytest.raises(ListError, match=why):
        read_all(octets)


def test_a_bomb_costs_no_more_than_a_block():
    bomb = head_frame(numbers=50_000_000) + frame(EXACT, bytes(100_000_000), 65536 * 12)
    tracemalloc.start()
    with pytest.raises(ListError):
        read_all(bomb)
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()


def test_dictionaries_beyond_the_limit_are_refused():
    many = head_frame(groups=1_000_000) + frame(2, msgspec.msgpack.encode([bytes(999_000)])) * 70
    with pytest.raises(ListError, match="too large"):
        read_all(many)


def test_the_planes_are_as_the_format_page_draws_them():
    key = 10**11 + 77_172_000_001
    sheet = columns([key, key + 1], [0, 0], groups(1))
    octets = snapshot_of(sheet)
    frames = {}
    at = len(MAGIC)
    while at < len(octets):
        kind, stored, size = FRAME.unpack_from(octets, at)
        at += FRAME.size
        frames[kind] = zlib.decompress(octets[at : at + stored])
        at += stored
        assert len(frames[kind]) == size
    deltas = array("Q", [key, 1]).tobytes()
    assert frames[EXACT] == b"".join(deltas[plane::8] for plane in range(8)) + bytes(8)
    assert list(frames) == [1, 2, EXACT, 3]


def test_a_delta_is_no_whole_list():
    old = opened(from_entries("fraud", 7, []))
    new = opened(Sheet("fraud", 8, [], []))
    with pytest.raises(ListError, match="not a whole list"):
        read_wire(BytesIO(delta_of(old, new))).sheet()
