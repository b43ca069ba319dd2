# SPDX-License-Identifier: Apache-2.0
"""Which bundle may be installed upon what."""

import hashlib
from typing import Any

import msgspec
import pytest

from edge.errors import ConfigError
from edge.update.manifest import (
    BLOCK,
    Manifest,
    Release,
    block_hashes,
    chosen,
    parts_of,
    read_manifest,
    split_hashes,
    write_manifest,
)
from edge.update.state import Failed

PRODUCT = "qalqan-edge-x86_64"


def release(version: str = "1.2.0", size: int = 3 * BLOCK + 1, **more: Any) -> Release:
    fields: dict[str, Any] = {"compatible": PRODUCT, "version": version, "size": size}
    return Release(**{**fields, "sha256": "a" * 64, "blocks": "b" * 64, **more})


def manifest(*releases: Release) -> Manifest:
    return Manifest(1, 1_900_000_000, 1_900_086_400, releases)


@pytest.mark.parametrize(
    ("lower", "higher"),
    [("1.2.0", "1.2.1"), ("1.9", "1.10"), ("0.1.0", "1"), ("1.2", "1.2.0.1"), ("9.9.9", "10")],
)
def test_a_newer_version_is_greater(lower: str, higher: str) -> None:
    assert parts_of(lower) < parts_of(higher)


def test_naughts_at_the_end_say_nothing() -> None:
    assert parts_of("1.2") == parts_of("1.2.0.0")


@pytest.mark.parametrize(
    ("version", "installed", "why"),
    [
        ("1.2.0", "1.1.9", ""),
        ("1.2.0", "1.2.0", "installed"),
        ("1.2.0", "1.2", "installed"),
        ("1.2.0", "1.3.0", "older"),
        ("1.2.0", "1.2.5", ""),
        ("1.2.0", "0.9", "too-old"),
        ("1.4.0", "1.2.0", "unknown-version"),
        ("1.2.0", "dev", "bad-version"),
    ],
)
def test_what_may_follow_what(version: str, installed: str, why: str) -> None:
    all_ = manifest(release(min_from="1.0", downgrade_from=("1.2.5",)))
    if not why:
        assert chosen(all_, version, PRODUCT, installed).version == version
        return
    with pytest.raises(Failed) as refused:
        chosen(all_, version, PRODUCT, installed)
    assert refused.value.why == why


def test_each_product_has_a_bundle_of_its_own() -> None:
    arm = release(compatible="qalqan-edge-arm64", sha256="c" * 64)
    assert chosen(manifest(release(), arm), "1.2.0", "qalqan-edge-arm64", "1.0") is arm
    with pytest.raises(Failed, match="is for qalqan-edge-arm64, and this is qalqan") as refused:
        chosen(manifest(arm), "1.2.0", PRODUCT, "1.0")
    assert refused.value.why == "wrong-product"


def test_it_reads_as_it_was_written_and_newer_fields_are_passed_over() -> None:
    made = manifest(release())
    octets = write_manifest(made)
    assert read_manifest(octets) == made
    more = msgspec.json.decode(octets)
    more["later"] = more["releases"][0]["later"] = 1
    assert read_manifest(msgspec.json.encode(more)) == made


@pytest.mark.parametrize(
    "octets",
    [b"", b"{}", b"[]", b'{"version":0,"issued":1,"expires":2}', b'{"version":1,"issued":1}'],
)
def test_what_is_no_manifest(octets: bytes) -> None:
    with pytest.raises(ConfigError, match="is no manifest of firmware"):
        read_manifest(octets)


@pytest.mark.parametrize(
    "fields",
    [
        {"size": 0}, {"size": (2 << 30) + 1}, {"block": 65_536}, {"sha256": "a"},
        {"version": "1.2-rc1"}, {"compatible": "A b"}, {"min_from": ""},
    ],
)  # fmt: skip
def test_a_release_out_of_bounds_is_not_read(fields: dict) -> None:
    octets = write_manifest(manifest(release(**fields)))
    with pytest.raises(ConfigError):
        read_manifest(octets)


def test_hashes_are_as_many_as_blocks() -> None:
    blocks = [b"a" * BLOCK, b"b" * BLOCK, b"c" * BLOCK, b"d"]
    listed = block_hashes(blocks)
    found = split_hashes(listed, release())
    assert found == tuple(hashlib.sha256(block).digest() for block in blocks)
    for wrong in (listed[:-1], listed + bytes(32), b""):
        with pytest.raises(Failed) as refused:
            split_hashes(wrong, release())
        assert refused.value.why == "bad-blocks"
