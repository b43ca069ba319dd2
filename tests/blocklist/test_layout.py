# SPDX-License-Identifier: Apache-2.0
"""The head of a look-up file: what it says is checked before anything is believed."""

import struct
import zlib

import pytest
from hypothesis import given, strategies as st

from edge.blocklist.layout import HEAD_SIZE, digits_of, home, key_of, mix, read_head, unmix
from edge.blocklist.sheet import from_entries
from edge.blocklist.snapshot import Snapshot
from edge.errors import ListError
from tests.blocklist.images import entry, image

SMALL = image(
    from_entries("fraud", 3, [entry("77172000001"), entry("4477*"), entry("15550100..15550199")])
)


@given(st.text("0123456789", min_size=1, max_size=15))
def test_a_number_is_its_key_and_scattering_loses_nothing(digits):
    key = key_of(digits)
    assert digits_of(key) == digits
    assert mix(key) < 1 << 51
    assert unmix(mix(key)) == key


@given(st.integers(0, (1 << 51) - 1), st.integers(1, (1 << 32) - 1))
def test_a_home_is_one_of_the_homes(mixed, homes):
    assert 0 <= home(mixed, homes) < homes


def test_a_file_cut_at_any_length_is_refused():
    for size in range(len(SMALL)):
        with pytest.raises(ListError):
            Snapshot(memoryview(SMALL[:size]))


def test_the_head_is_as_the_format_page_draws_it():
    layout = read_head(memoryview(SMALL))
    assert SMALL[:8] == b"QALQLIST"
    assert struct.unpack_from("<HH", SMALL, 8) == (1, 0)
    assert struct.unpack_from("<QQ", SMALL, 16) == (len(SMALL), 3)
    assert SMALL[32:96] == b"fraud".ljust(64, b"\0")
    assert SMALL[96:128] == layout.digest
    assert struct.unpack_from("<QQQQII", SMALL, 128) == (3, 1, 1, 1, 1, 1 << 4)
    assert struct.unpack_from("<QQ", SMALL, 168) == (512, layout.exact_table.size)


@pytest.mark.parametrize(
    ("at", "form", "value", "why"),
    [
        pytest.param(0, "8s", b"QALQWIRE", "no look-up file", id="magic"),
        pytest.param(8, "H", 2, "format 2", id="format"),
        pytest.param(16, "Q", 1, "octets where its head says 1", id="size"),
        pytest.param(168, "Q", 1 << 40, "outside of the file", id="section beyond"),
        pytest.param(176, "Q", (1 << 64) - 1, "outside of the file", id="section endless"),
        pytest.param(168, "Q", 513, "outside of the file", id="section askew"),
        pytest.param(192, "Q", 25, "directory of the wrong size", id="directory"),
        pytest.param(176, "Q", 0, "segment outside", id="segment beyond its table"),
        pytest.param(152, "Q", 2, "range table of the wrong size", id="ranges"),
        pytest.param(160, "I", 2, "group table of the wrong size", id="groups"),
    ],
)
def test_a_forged_head_is_refused_by_name(at, form, value, why):
    forged = bytearray(SMALL)
    struct.pack_into("<" + form, forged, at, value)
    layout = read_head(memoryview(SMALL))
    directory = 25 if (at, value) == (192, 25) else layout.exact_directory.size
    sections = [
        (layout.exact_directory.start, directory),
        (layout.prefix_directory.start, layout.prefix_directory.size),
        (layout.group_table.start, layout.group_table.size),
        (layout.group_records.start, layout.group_records.size),
    ]
    forged[12:16] = bytes(4)
    crc = zlib.crc32(forged[:HEAD_SIZE])
    for start, size in sections:
        crc = zlib.crc32(forged[start : start + size], crc)
    struct.pack_into("<I", forged, 12, crc)
    with pytest.raises(ListError, match=why):
        read_head(memoryview(forged))
