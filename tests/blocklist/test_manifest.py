# SPDX-License-Identifier: Apache-2.0
"""What both sides sign comes back as it was, and nothing else is read."""

import msgspec
import pytest

from edge.blocklist.manifest import (
    Blob,
    Guards,
    Manifest,
    Record,
    folded,
    read_manifest,
    read_record,
    write_manifest,
)
from edge.errors import ListError

MANIFEST = Manifest("fraud", 3, "0" * 64, 2, 100, 200, Blob("1" * 64, 5), (Blob("2" * 64, 4, 2),))


def test_a_manifest_comes_back():
    assert read_manifest(write_manifest(MANIFEST)) == MANIFEST


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("list", "../fraud"), ("list", ""), ("version", 0), ("digest", "0" * 63), ("entries", -1),
        ("snapshot", None), ("snapshot", {"sha256": "../../x", "size": 1}), ("unknown", 1),
        ("guards", {"least_prefix": 0}), ("guards", {"canaries": ["+7"]}),
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_refused(field, value):
    fields = msgspec.to_builtins(MANIFEST) | {field: value}
    with pytest.raises(ListError, match="no manifest"):
        read_manifest(msgspec.json.encode(fields))


def test_the_stricter_of_each_guard_holds():
    one, other = Guards(10, 3, ("112",)), Guards(20, 5, ("103",))
    assert one.stricter(other) == other.stricter(one) == Guards(10, 5, ("103", "112"))


def test_records_that_are_folded_or_expired_no_longer_speak():
    records = [Record("fraud", seq, 0, expires) for seq, expires in ((1, 99), (2, 10), (3, 99))]
    assert [record.seq for record in folded(records, urgent=1, now_s=10)] == [3]


def test_what_is_no_record_is_refused():
    with pytest.raises(ListError, match="no urgent record"):
        read_record(b"[]")
