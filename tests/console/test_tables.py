# SPDX-License-Identifier: Apache-2.0
"""Files of the configuration are searched as they are now, or it is said why not."""

import os
from pathlib import Path

import pytest

from edge.console import tables
from edge.console.tables import Tables, covering, covers
from tests.blocklist.images import entry

HEAD = "# version: 1\npattern,party,action,category,basis\n"
LINE = "+77172000001,calling,block,fraud,order-1\n"


@pytest.mark.parametrize(("pattern", "digits", "expected"), [
    ("77172000001", "77172000001", True), ("77172000001", "771720000010", False),
    ("77172000001", "7717200000", False), ("7717200*", "77172000001", True),
    ("7717200*", "7717200", True), ("7717200*", "77173000001", False),
    ("77172000000..77172000099", "77172000099", True),
    ("77172000000..77172000099", "77172000100", False),
    ("77172000000..77172000099", "771720000010", False),
])  # fmt: skip
def test_what_an_entry_covers(pattern: str, digits: str, *, expected: bool) -> None:
    assert covers(entry(pattern), digits) is expected


def test_an_entry_is_found_with_its_file_and_line(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(f"{HEAD}# by hand\n\n{LINE}")
    second.write_text(f"{HEAD}+7717200*,called,observe,x,\n")
    files = Tables([first, second], 3).files()
    assert [one.why for one in files] == ["", ""]
    found = [(one.file.path, one.line, one.entry.text()) for one in covering(files, "77172000001")]
    assert found == [(first, 5, "+77172000001"), (second, 3, "+7717200*")]


def test_a_file_that_changed_is_read_again_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEAD + LINE)
    asked = Tables([path], 3)
    (before,) = asked.files()
    assert asked.files()[0].lines is before.lines
    fresh = tmp_path / "fresh"
    fresh.write_text(HEAD + LINE.replace("001,", "002,"))
    os.utime(fresh, (1.0, 1.0))  # as whoever unpacks an archive leaves it
    fresh.replace(path)
    (after,) = asked.files()
    assert [one.text() for _, one in after.lines] == ["+77172000002"]
    assert after.changed_s >= before.changed_s > 1.0


@pytest.mark.parametrize(("octets", "why"), [
    (b"", "column 'pattern' is missing"), (b"\xff", "is not UTF-8"),
    (f"{HEAD}+7*,calling,block,fraud,order-1\n".encode(), "wider than 3 digits"),
])  # fmt: skip
def test_a_file_that_is_wrong_is_named_with_the_reason(
    tmp_path: Path, octets: bytes, why: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(octets)
    (file,) = Tables([path], 3).files()
    assert why in file.why
    assert str(path) in file.why
    assert file.lines == ()


def test_a_file_that_is_not_there_is_named_and_read_when_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    asked = Tables([path], 3)
    assert asked.files()[0].why == f"{path}: No such file or directory"
    path.write_text(HEAD + LINE)
    assert len(asked.files()[0].lines) == 1


def test_a_file_is_read_only_if_it_is_not_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEAD + LINE)
    monkeypatch.setattr(tables, "MOST_OCTETS", path.stat().st_size)
    assert len(Tables([path], 3).files()[0].lines) == 1
    monkeypatch.setattr(tables, "MOST_OCTETS", path.stat().st_size - 1)
    assert "larger than" in Tables([path], 3).files()[0].why
