# SPDX-License-Identifier: Apache-2.0
"""Each dependency's licence is written down, and may be where the dependency is."""

import re

import pytest

from tests.licences import WRITTEN, Built, found, is_permitted, page

ROW = re.compile(r"^\| (\S+) \| (appliance|hub|tests) \| (.+) \|$", re.MULTILINE)


def test_every_dependency_may_be_where_it_is() -> None:
    assert [one for one in found() if not is_permitted(one)] == []


def test_what_is_written_is_what_is_installed() -> None:
    rows = {Built(*row) for row in ROW.findall(WRITTEN.read_text(encoding="utf-8"))}
    assert set(found()) <= rows, "python -m tests.licences"


def test_the_page_names_each_once() -> None:
    built = [Built("b", "tests", "MIT"), Built("a", "appliance", "MIT")]
    assert ROW.findall(page(built)) == [("a", "appliance", "MIT"), ("b", "tests", "MIT")]


@pytest.mark.parametrize(
    ("where", "licence", "may"),
    [
        ("appliance", "MIT", True),
        ("appliance", "GPL-2.0-or-later OR Apache-2.0", True),
        ("appliance", "Apache-2.0 AND BSD-2-Clause", True),
        ("appliance", "Apache-2.0 AND GPL-2.0-only", False),
        ("appliance", "LGPL-3.0-only", False),
        ("hub", "LGPL-3.0-only", True),
        ("hub", "GPL-2.0-only", False),
        ("tests", "GPL-2.0-only", True),
        ("tests", "AGPL-3.0-only", False),
        ("appliance", "unknown", False),
    ],
)
def test_a_licence_is_judged_by_where_it_is(where: str, licence: str, *, may: bool) -> None:
    assert is_permitted(Built("one", where, licence)) is may
