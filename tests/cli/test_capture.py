# SPDX-License-Identifier: Apache-2.0
"""Capture files for the commands: what can be read is, and each file complains once."""

from pathlib import Path

import pytest

from edge.cli import capture
from edge.cli.capture import CaptureFiles, check_readable
from edge.errors import InputError
from tests.cli.conftest import VECTORS

PLAIN = VECTORS / "plain_call.pcap"
RAW = VECTORS / "raw_ip.pcap"


def test_units_of_all_files_in_order() -> None:
    alone = [len(list(CaptureFiles([path]).units(""))) for path in (PLAIN, RAW)]
    files = CaptureFiles([PLAIN, RAW])
    units = list(files.units("reading"))
    assert files.frames == len(units) == sum(alone)
    assert [unit.number for unit in units] == [*range(1, alone[0] + 1), *range(1, alone[1] + 1)]
    assert (files.complaints, files.malformed) == ([], [])


def test_in_chunks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(CaptureFiles([PLAIN]).units(""))
    monkeypatch.setattr(capture, "CHUNK", 7)
    assert list(CaptureFiles([PLAIN]).units("")) == whole


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pcap"
    bad.write_bytes(b"\xff\xd8\xff\xe0JFIF" + bytes(100))
    missing = tmp_path / "missing.pcap"
    files = CaptureFiles([bad, missing, PLAIN])
    assert len(list(files.units(""))) == files.frames > 0
    first, second = files.complaints
    assert first.startswith(f"{bad}: ")
    assert second == f"{missing}: No such file or directory"
    assert len(files.malformed) >= 1


def test_check_readable(tmp_path: Path) -> None:
    check_readable([PLAIN, RAW])
    with pytest.raises(InputError, match=r"missing\.pcap: No such file or directory"):
        check_readable([PLAIN, tmp_path / "missing.pcap"])
    with pytest.raises(InputError, match="Is a directory"):
        check_readable([tmp_path])
