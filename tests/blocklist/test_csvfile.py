# SPDX-License-Identifier: Apache-2.0
"""What a table may say, and how each wrong line is named."""

from pathlib import Path

import pytest

from edge.blocklist.csvfile import COLUMNS, Guards, read_csv
from edge.blocklist.entry import Entry, Listed, Shape
from edge.errors import ListError
from edge.model.event import Trunk, TrunkClass
from edge.model.verdict import Action

HEADER = "pattern,party,action,category,basis"
TRUNK = Trunk("ALA-INT", TrunkClass.INTERNATIONAL)


def write(tmp_path: Path, *lines: str, encoding: str = "utf-8", newline: str = "\n") -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(newline.join(lines).encode(encoding))
    return path


def complaint(path: Path, **arguments) -> list[str]:
    """Return the lines of the error, without the folder."""
    with pytest.raises(ListError) as raised:
        read_csv(path, list_name="national", **arguments)
    return str(raised.value).replace(str(path), "list.csv").splitlines()


FULL = [
    "# version: 7",
    ",".join(COLUMNS),
    "+447700900123,calling,block,bank,AST-1,2026-01-01,2026-02-01T00:00:00Z,class:international,op",
    "",
    "# a comment",
    "+4477009*,called,Divert,,AST-2,,,trunk:ALA-INT,",
    "+447700900100..+447700900199,redirecting,observe,,,,,,",
]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_becomes_a_list(tmp_path, separator, encoding, newline):
    lines = [line.replace(",", separator) for line in FULL]
    listed = read_csv(
        write(tmp_path, *lines, encoding=encoding, newline=newline), list_name="national"
    )
    assert (listed.name, listed.version, len(listed)) == ("national", 7, 3)
    new_year = 1_767_225_600 - 5 * 3600  # in Kazakhstan
    hit = listed.find("447700900123", Listed.CALLING, TRUNK, new_year)
    assert hit is not None
    assert hit.entry == Entry(
        Shape.EXACT, "447700900123", "447700900123", Listed.CALLING, Action.BLOCK, "bank", "AST-1",
        new_year, 1_769_904_000, "class:international", "op",
    )  # fmt: skip
    hit = listed.find("447700900999", Listed.CALLED, TRUNK, 0)
    assert hit is not None
    assert (hit.entry.action, hit.entry.scope) == (Action.DIVERT, "trunk:ALA-INT")
    hit = listed.find("447700900150", Listed.REDIRECTING, TRUNK, 0)
    assert hit is not None
    assert (hit.entry.text(), hit.entry.scope) == ("+447700900100..+447700900199", "all")


def test_columns_may_stand_in_any_order_and_cells_be_quoted(tmp_path):
    path = write(
        tmp_path,
        "Basis,category,action,party,pattern",
        '"order 7, 2026","a ""bank""", block ,calling,+447700900123',
    )
    hit = read_csv(path, list_name="a", version=1).find("447700900123", Listed.CALLING, TRUNK, 0)
    assert hit is not None
    assert (hit.entry.basis, hit.entry.category) == ("order 7, 2026", 'a "bank"')


def test_a_list_without_entries_is_a_list(tmp_path):
    assert len(read_csv(write(tmp_path, HEADER, ",,,,", ""), list_name="a", version=3)) == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("+447700900123,callng,block,x,b", "no party is called 'callng'; did you mean 'calling'?"),
        ("+447700900123,calling,blck,x,b", "no action is called 'blck'; did you mean 'block'?"),
        (
            "+447700900123,calling,zzz,x,b",
            "no action is called 'zzz'; known: allow, observe, divert, block",
        ),
        ("+447700900123,calling,block,x", "4 fields, where the header has 5"),
        ("+447700900123,calling,block,x,b,,", "7 fields, where the header has 5"),
        ("+447700900123,calling,block,x,", "no block without a legal basis"),
        ("+447700900123,calling,divert,x,", "no divert without a legal basis"),
        ("447700900123,calling,block,x,b", "'447700900123' does not begin with + and a country"),
        ("87172000001,calling,block,x,b", "'87172000001' does not begin with + and a country code"),
        ("4.477E+11,calling,block,x,b", "4.477E+11 was a number until a spreadsheet shortened it"),
        ("+44 7700 900123,calling,block,x,b", "'+44 7700 900123' is no +number, +prefix* or"),
        ("+4477009**,calling,block,x,b", "'+4477009**' is no +number, +prefix* or +first..+last"),
        ("+0447700900123,calling,block,x,b", "'+0447700900123' is no +number"),
        ("+٤٤٧٧٠٠٩٠٠١٢٣,calling,block,x,b", "is no +number"),
        ("+4477009001234567,calling,block,x,b", "is no +number"),
        (",calling,block,x,b", "'' is no +number"),
        ("+44*,calling,block,x,b", "prefix +44* is wider than 3 digits allow"),
        ("+102,calling,block,x,b", "+102 covers 102, which is never blocked"),
        ("+112*,called,allow,x,b", "+112* covers 112, which is never blocked"),
        ("+100..+200,calling,block,x,b", "is wider than a prefix of 3 digits"),
        ("+102..+102,calling,block,x,b", "+102..+102 covers 102, which is never blocked"),
        ("+4477..+447799,calling,block,x,b", "the ends of +4477..+447799 differ in length"),
        ("+4479..+4477,calling,block,x,b", "the ends of +4479..+4477 stand the wrong way round"),
        ("+440000..+441000,calling,block,x,b", "+440000..+441000 is wider than a prefix of 3"),
        ('"+447700900123,calling,block,x,b', "is no CSV"),
    ],
)
def test_a_wrong_line_is_named_with_its_reason(tmp_path, row, reason):
    head, line = complaint(write(tmp_path, "# version: 1", HEADER, row))
    assert head == "list.csv: 1 wrong line, nothing was loaded"
    assert line.startswith("list.csv:3: ")
    assert reason in line


@pytest.mark.parametrize(
    ("since", "until", "scope", "reason"),
    [
        ("2026-02-30", "", "", "valid_from '2026-02-30' is no date like 2026-01-31"),
        ("31.01.2026", "", "", "valid_from '31.01.2026' is no date like 2026-01-31"),
        ("", "2026-01-31T10:00:00", "", "names no zone; write 2026-01-31T10:00:00+05:00"),
        ("1969-12-31", "", "", "lies before 1970"),
        ("0001-01-01", "", "", "lies before 1970"),
        ("2026-02-01", "2026-02-01", "", "valid_until is not after valid_from"),
        ("2026-02-01T00:00:00Z", "2026-02-01T05:00:00+05:00", "", "valid_until is not after"),
        ("", "", "class:internatonal", "did you mean 'class:international'?"),
        ("", "", "trunk:", "no scope is called 'trunk:'"),
        ("", "", "everywhere", "known: all, trunk:NAME, class:international"),
    ],
)
def test_a_wrong_validity_or_scope_is_named(tmp_path, since, until, scope, reason):
    header = HEADER + ",valid_from,valid_until,scope"
    row = f"+447700900123,calling,block,x,b,{since},{until},{scope}"
    lines = complaint(write(tmp_path, header, row), version=1)
    assert len(lines) == 2
    assert reason in lines[1]


@pytest.mark.parametrize(
    ("header", "reasons"),
    [
        (
            "patternn,party,action,category,basis",
            ["no column is called 'patternn'; did you mean 'pattern'?", "'pattern' is missing"],
        ),
        ("pattern,party,action,category,basis,basis", ["column 'basis' stands twice"]),
        ("pattern,party,action", ["column 'category' is missing", "column 'basis' is missing"]),
        ('"pattern', ["is missing"] * 4),
    ],
)
def test_a_wrong_header_is_named_alone(tmp_path, header, reasons):
    lines = complaint(write(tmp_path, header, "nonsense"), version=1)[1:]
    assert len(lines) == len(reasons)
    for reason in reasons:
        assert any(line.startswith("list.csv:1: ") and reason in line for line in lines)


def test_repeated_and_contradicting_lines_name_both(tmp_path):
    lines = complaint(
        write(
            tmp_path,
            HEADER,
            "+447700900123,calling,block,x,b",
            "+447700900123,called,block,x,b",
            "+447700900123,calling,block,y,c",
            "+447700900123,calling,allow,x,b",
        ),
        version=1,
    )
    assert lines[1:] == [
        "list.csv:4: +447700900123 repeats line 2",
        "list.csv:5: +447700900123 contradicts line 2",
    ]


def test_the_same_numbers_at_another_time_or_scope_are_another_line(tmp_path):
    path = write(
        tmp_path,
        HEADER + ",valid_from,valid_until,scope",
        "+447700900123,calling,block,x,b,2026-01-01,2026-02-01,all",
        "+447700900123,calling,block,x,b,2026-02-01,,all",
        "+447700900123,calling,allow,x,b,2026-01-01,,class:national",
    )
    assert len(read_csv(path, list_name="a", version=1)) == 3


def test_the_first_twenty_wrong_lines_are_shown_and_all_are_counted(tmp_path):
    rows = ["+1x,calling,block,x,b"] * 25
    lines = complaint(write(tmp_path, HEADER, *rows), version=1)
    assert lines[0] == "list.csv: 25 wrong lines, nothing was loaded"
    assert len(lines) == 22
    assert lines[20].startswith("list.csv:21: ")
    assert lines[21] == "... and 5 more"


@pytest.mark.parametrize(
    ("lines", "asked", "reason"),
    [
        ([], None, "the list has no version; add a line '# version: 1'"),
        (["# version: 2"], 3, "which version is it: 2 or 3?"),
        (["# version: 2", "# version: 4"], None, "which version is it: 2 or 4?"),
        (["# version: x"], 1, "version 'x' is not a number from 1"),
        (["# version: 0"], 1, "version '0' is not a number from 1"),
        (["# version: " + "9" * 5000], 1, "is not a number from 1"),
    ],
)
def test_the_version_must_be_said_once(tmp_path, lines, asked, reason):
    assert reason in complaint(write(tmp_path, *lines, HEADER), version=asked)[1]


def test_the_version_may_be_said_twice_alike_and_padded_by_a_spreadsheet(tmp_path):
    path = write(tmp_path, "# Version: 2;;;;", HEADER.replace(",", ";"))
    assert read_csv(path, list_name="a", version=2).version == 2


def test_a_file_that_is_no_utf8_or_not_there_is_a_list_error(tmp_path):
    spoilt = write(tmp_path, HEADER, "+447700900123,calling,block,банк,b", encoding="cp1251")
    assert "is not UTF-8; save the table as 'CSV UTF-8'" in complaint(spoilt, version=1)[0]
    spoilt.unlink()
    assert complaint(spoilt, version=1) == ["list.csv: No such file or directory"]


def test_guards_are_arguments(tmp_path):
    path = write(tmp_path, HEADER, "+4477*,calling,block,x,b", "+1500,calling,block,x,b")
    assert len(read_csv(path, list_name="a", version=1)) == 2
    guards = Guards(least_prefix=5, reserved=["1500"])
    assert len(complaint(path, version=1, guards=guards)) == 3
