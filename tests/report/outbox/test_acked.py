# SPDX-License-Identifier: Apache-2.0
"""What is written is read; what cannot be read acknowledges nothing."""

import pytest

from edge.report.outbox.acked import read_acked, write_acked


def test_it_reads_what_was_written(tmp_path):
    path = tmp_path / "acked.json"
    assert read_acked(path) == {}
    for through in (1, 10**12):
        write_acked(path, {"a": through, "b": 0})
        assert read_acked(path) == {"a": through, "b": 0}
    assert [one.name for one in tmp_path.iterdir()] == ["acked.json"]


@pytest.mark.parametrize(
    "octets",
    [b"", b"\0\0\0\0", b"[]", b'{"a":', b'{"a":"1"}', b'{"a":null}', b'{"a":1.5}', b"\xff"],
)
def test_what_cannot_be_read_acknowledges_nothing(tmp_path, octets):
    path = tmp_path / "acked.json"
    path.write_bytes(octets)
    assert read_acked(path) == {}


def test_a_folder_in_its_place(tmp_path):
    assert read_acked(tmp_path) == {}


def test_no_folder_to_write_to(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_acked(tmp_path / "none" / "acked.json", {})
