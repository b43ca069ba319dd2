# SPDX-License-Identifier: Apache-2.0
"""The lists are shown as they stand."""

from types import SimpleNamespace
from typing import Any

from edge.counting import Numbers
from edge.report.lists.figures import ListFigures


def test_lists_are_shown() -> None:
    numbers = Numbers()
    follow: Any = SimpleNamespace(versions=lambda: {"fraud": 12})
    ListFigures(numbers, follow).look()
    assert numbers.flat()['qalqan_list_version{list="fraud"}'] == 12
